import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { exampleInput } from "../../tests/golden/report/example-input.ts";
import { type RenderedReport, renderReport } from "./report.ts";
import type { ReportInput } from "./report-input.ts";

const HEAD: ReportInput["head"] = {
  study: "Study",
  runId: "r1",
  date: "2025-11-24T14:58:00Z",
  seed: 7,
  versions: {},
};
const EXAMPLE = renderReport(exampleInput(64));

function documentOf({ html }: RenderedReport) {
  return parseHTML(html).document;
}

describe("the whole report", () => {
  test("needs nothing from outside and runs no script", () => {
    const { html } = EXAMPLE;
    const addresses = [...html.matchAll(/(?:src|href|xlink:href|action)="([^"]*)"/g)].map(
      ([, address]) => address,
    );
    expect(addresses.length).toBeGreaterThan(12);
    for (const address of addresses) expect(address).toMatch(/^(#|data:image\/png;base64,)/);
    expect(html.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:|url\(|@import|<script/);
  });

  test("is the same bytes for the same input", () => {
    expect(renderReport(exampleInput(64))).toEqual(EXAMPLE);
  });

  test("has unique anchors, a target for every link, and unique figure names", () => {
    const document = documentOf(EXAMPLE);
    const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const link of document.querySelectorAll("nav a"))
      expect(ids).toContain(link.getAttribute("href")?.slice(1));
    const names = EXAMPLE.figures.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z0-9-]+$/);
  });

  test("shows every figure that it hands out", () => {
    for (const { svg } of EXAMPLE.figures) expect(EXAMPLE.html).toContain(svg);
  });

  test("can be read without seeing: alternative texts, table headers and captions, one heading per level", () => {
    const document = documentOf(EXAMPLE);
    for (const image of document.querySelectorAll("img, svg")) {
      expect((image.getAttribute("alt") ?? image.getAttribute("aria-label") ?? "").length).toBeGreaterThan(
        10,
      );
    }
    for (const header of document.querySelectorAll("th"))
      expect(header.getAttribute("scope")).toMatch(/^(col|row|rowgroup)$/);
    for (const table of document.querySelectorAll("table")) {
      expect(table.querySelector("caption")?.textContent).not.toBe("");
      const columns = table.querySelectorAll("thead th").length;
      for (const row of table.querySelectorAll("tbody tr:not(.heading)"))
        expect(row.children.length).toBe(columns);
    }
    expect(document.querySelectorAll("h1").length).toBe(1);
  });

  test("never shows NaN, undefined or an object", () => {
    const text = documentOf(EXAMPLE).querySelector(".page")?.textContent ?? "";
    expect(text).not.toMatch(/NaN|undefined\b(?! or| for|,|:)|\[object|Infinity/);
  });

  test("stays below 3 MB with twelve pictures", () => {
    expect(renderReport(exampleInput(256)).html.length).toBeLessThan(3e6);
  });

  test("draws a model in the same colour in every figure", () => {
    const named = (part: string) => EXAMPLE.figures.filter(({ name }) => name.includes(part));
    for (const { svg } of named("predicted-3-deep-nnunet")) expect(svg).toContain("#d55e00");
    for (const { svg } of named("calibration-3-deep-nnunet")) expect(svg).toContain("#d55e00");
    expect(named("deep-nnunet").length).toBe(4);
  });
});

describe("what the report tells and keeps to itself", () => {
  test("markup in names is shown, not run", () => {
    const name = "<script>alert(1)</script>";
    const input: ReportInput = {
      head: { ...HEAD, study: name, versions: { [name]: name } },
      cohort: {
        sets: [{ name, patients: 1 }],
        characteristics: [
          { kind: "categorical", label: name, missing: [0], levels: [{ level: name, counts: [1] }] },
        ],
      },
      training: [{ network: name, fold: 0, points: [{ step: 0, loss: 1, dice: null }] }],
      choices: { configuration: { [name]: { [name]: name } }, defaulted: [name] },
      issues: [{ code: name, severity: "warning", message: name, subject: name }],
      limitations: [name],
    };
    const rendered = renderReport(input);
    expect(rendered.html).not.toContain("<script");
    expect(documentOf(rendered).querySelector("h1")?.textContent).toBe(name);
  });

  test("identifiers are left out unless asked for", () => {
    const input: ReportInput = {
      head: HEAD,
      segmentation: [
        {
          network: "nnunet",
          cases: [{ id: "SECRET", set: "test", visit: "pre", dice: 1, hd95Mm: 0, nsd: 1, volumeErrorMl: 0 }],
        },
      ],
      issues: [{ code: "a", severity: "info", message: "m", subject: "SECRET" }],
    };
    expect(renderReport(input).html).not.toContain("SECRET");
    const shown = documentOf(renderReport({ ...input, showIdentifiers: true }));
    expect(shown.querySelector("tbody th + td") && shown.documentElement.textContent).toContain("SECRET");
  });

  test("a study with a head alone still has a report, and says no more than is true", () => {
    const { html, figures } = renderReport({ head: HEAD });
    expect(figures).toEqual([]);
    const text = parseHTML(html).document.querySelector("main")?.textContent ?? "";
    expect(text).not.toMatch(/simulated|external test set/i);
    expect(text).toContain("None was recorded.");
  });

  test("simulated patients are announced at the top and among the limitations", () => {
    const document = documentOf(EXAMPLE);
    expect(document.querySelector("header .banner")?.textContent).toContain("Simulated patients.");
    expect(document.querySelector("#limitations")?.parentElement?.textContent).toContain(
      "The patients are simulated.",
    );
  });

  test("an issue of the statistics is told once, where the statistics are", () => {
    const example = exampleInput();
    const [issue] = (example.comparisons ?? []).flatMap(({ comparison }) => comparison.issues);
    const text = documentOf(renderReport({ ...example, issues: [issue] })).documentElement.textContent ?? "";
    expect(text.split(issue.message).length).toBe(2);
  });

  test("a missing value is a dash with a footnote that says why", () => {
    const cases = [
      { id: "a", set: "test" as const, visit: "pre", dice: null, hd95Mm: null, nsd: null, volumeErrorMl: 2 },
    ];
    const { html } = renderReport({ head: HEAD, segmentation: [{ network: "nnunet", cases }] });
    expect(html).toContain('<td class="number">–</td>');
    expect(html).toContain("– undefined for every case of the row.");
  });

  test("the figures of in-sample predictions are never drawn from out-of-fold rows", () => {
    const example = exampleInput();
    const block = (example.comparisons ?? [])[1];
    const { html, figures } = renderReport({
      ...example,
      comparisons: [{ ...block, predictions: "in-sample" }],
    });
    expect(html).toContain("too good");
    expect(figures.filter(({ name }) => /roc|predicted|calibration/.test(name))).toEqual([]);
  });

  test("a model on a scale of its own gets ROC curves, but is not set against the true burden", () => {
    const { figures } = renderReport({ ...exampleInput(), scaledModels: ["combined"] });
    const against = figures.filter(({ name }) => /predicted|calibration/.test(name));
    expect(against.length).toBe(4);
    for (const { caption } of against) expect(caption).toBe("combined");
    const roc = figures.find(({ name }) => name === "models-test-fixed-rcb-auc-roc");
    expect(roc?.svg).toContain("deep(nnunet)");
  });

  test("the configuration is told in full, and defaults are marked", () => {
    const configuration = {
      name: "n",
      training: { steps: 10, folds: 5 },
      models: ["a", { of: ["x", "y"] }],
      empty: [],
    };
    const document = documentOf(
      renderReport({ head: HEAD, choices: { configuration, defaulted: ["training.folds"] } }),
    );
    const rows = [...document.querySelectorAll("#choices ~ figure tbody tr")].map((row) =>
      row.textContent.trim(),
    );
    expect(rows).toEqual([
      "namen",
      "emptynone",
      "training",
      "steps10",
      "folds5default",
      "models",
      "0a",
      "1.ofx, y",
    ]);
  });
});
