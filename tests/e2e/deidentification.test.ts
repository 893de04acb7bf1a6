/** An examination with identifiers planted everywhere, through `residua ingest`: none may come out. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DataSet, parseDicom } from "../../src/io/dicom/data-set.ts";
import { readDceSeries } from "../../src/io/dicom/dce.ts";
import { type Finished, residua } from "./command-line.ts";

const planted = path.join(import.meta.dirname, "../golden/io/planted");
const IDENTIFIERS = /PLANT|JANE|1\.9\.8765|1995-?03-?02|19410911/i;
const STUDY_DATE = 0x00080020;

const folder = mkdtempSync(path.join(tmpdir(), "deidentify-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const cohort = path.join(folder, "cohort");
const table = `${cohort}.identities.json`;
/** The key is fixed, so that moved dates are, and cannot by chance fall on planted ones. */
const KEY = "5a".repeat(32);
let json: Finished;
let text: Finished;

beforeAll(async () => {
  const begun = { format: "residua-identities", formatVersion: 1, key: KEY, patients: {} };
  writeFileSync(table, JSON.stringify(begun), { mode: 0o600 });
  json = await residua("ingest", planted, cohort, "--keep-dicom", "--json");
  text = await residua("ingest", planted, path.join(folder, "other"), "--identities", table);
});

const filesOf = (dir: string) =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(dir, path.join(entry.parentPath, entry.name)));
const copies = () =>
  filesOf(cohort)
    .filter((file) => file.endsWith(".dcm"))
    .map((file) => path.join(cohort, file));
const bytesAt = (data: DataSet, tag: number) =>
  Buffer.from(data.tree.elements.get(tag)?.bytes ?? [])
    .toString("latin1")
    .replace(/[\0 ]+$/, "");

describe("what leaves", () => {
  it("holds none of the planted identifiers: no file, no name of a file", () => {
    expect(json.code).toBe(0);
    const files = filesOf(cohort);
    expect(files.filter((file) => file.endsWith(".nii.gz"))).toHaveLength(3);
    for (const file of files) {
      expect(file).not.toMatch(IDENTIFIERS);
      const bytes = readFileSync(path.join(cohort, file));
      const content = file.endsWith(".gz") ? gunzipSync(bytes) : bytes;
      expect(content.toString("latin1")).not.toMatch(IDENTIFIERS);
    }
  });

  it("nor does the console, in JSON or in words, though it tells of the damaged file and of the visit left out", () => {
    for (const { out, err } of [json, text]) {
      expect(out).not.toMatch(IDENTIFIERS);
      expect(err).not.toMatch(IDENTIFIERS);
      expect(err).toContain("dicom-damaged");
      expect(err).toContain("dce-missing");
      expect(err).toContain("deidentify-burned-in");
    }
  });

  it("keeps what imaging needs: phases, times, words of the protocol, a moved date", () => {
    const { examinations } = JSON.parse(json.out);
    expect(examinations).toMatchObject([{ visit: "visit-1", phases: 3, timesSeconds: [0, 120, 240] }]);
    const file = path.join(cohort, "images", examinations[0].patient, "visit-1/examination.json");
    const { source } = JSON.parse(readFileSync(file, "utf8"));
    expect(source).toMatchObject({ seriesDescription: "DCE sag fl3d ref", manufacturer: "Siemens" });
    const { patients } = JSON.parse(readFileSync(table, "utf8"));
    const moved = new Date(Date.UTC(1995, 2, 2 + patients["PLANTMRN-77"].shiftDays));
    expect(source.studyDateShifted).toBe(moved.toISOString().slice(0, 10));
  });
});

describe("the table of identities", () => {
  it("stands beside the cohort, for its owner only, and leads back to the patient", () => {
    expect(statSync(table).mode & 0o777).toBe(0o600);
    const { key, patients } = JSON.parse(readFileSync(table, "utf8"));
    expect(key).toBe(KEY);
    const [{ patient }] = JSON.parse(json.out).examinations;
    expect(patients).toEqual({ "PLANTMRN-77": { studyId: patient, shiftDays: expect.any(Number) } });
    expect(patient).toMatch(/^P-[0-9A-Z]{10}$/);
    expect(patients["PLANTMRN-77"].shiftDays).toBeLessThan(0);
  });

  it("gives the same identifiers again", () => {
    const [{ patient }] = JSON.parse(json.out).examinations;
    expect(text.out).toContain(`${patient}/visit-1: 3 phases`);
  });

  it("is never replaced by a new one where it is not a table", async () => {
    const wrong = path.join(folder, "wrong.json");
    writeFileSync(wrong, "{}");
    const { code, err } = await residua("ingest", planted, path.join(folder, "x"), "--identities", wrong);
    expect([code, err]).toEqual([3, expect.stringContaining("identities-invalid")]);
    expect(readFileSync(wrong, "utf8")).toBe("{}");
  });

  it("has a key of its own for every cohort where none is given", async () => {
    const { out } = await residua("ingest", planted, path.join(folder, "third"), "--json");
    const [{ patient }] = JSON.parse(out).examinations;
    expect(patient).not.toBe(JSON.parse(json.out).examinations[0].patient);
  });
});

describe("DICOM copies", () => {
  const original = path.join(planted, "PLANTFAMILY_PLANTGIVEN/1995-03-02 PLANTFAMILY");

  it("have the voxels, geometry and times of the originals, in every encoding", async () => {
    const [{ patient }] = JSON.parse(json.out).examinations;
    const before = await readDceSeries(original);
    const after = await readDceSeries(path.join(cohort, "dicom", patient, "visit-1"));
    expect(after.value.timesSeconds).toEqual(before.value.timesSeconds);
    before.value.phases.forEach(({ grid, data }, i) => {
      expect(after.value.phases[i].grid).toEqual(grid);
      expect([...after.value.phases[i].data]).toEqual([...data]);
    });
    const syntaxes = copies().map((file) => parseDicom(readFileSync(file), file).transferSyntax);
    expect(new Set(syntaxes).size).toBe(3);
  });

  it("refer to each other as the originals do, by new UIDs", () => {
    const found = copies().map((file) => parseDicom(readFileSync(file), file));
    expect(found).toHaveLength(6);
    for (const tag of [0x0020000d, 0x0020000e, 0x00200052]) {
      const uids = new Set(found.map((data) => bytesAt(data, tag)));
      expect(uids.size).toBe(1);
      expect([...uids][0]).toMatch(/^2\.25\.\d+$/);
    }
    expect(new Set(found.map((data) => bytesAt(data, 0x00080018))).size).toBe(6);
  });

  it("state the study identifier, moved dates and how they were de-identified", () => {
    const [{ patient }] = JSON.parse(json.out).examinations;
    const { shiftDays } = JSON.parse(readFileSync(table, "utf8")).patients["PLANTMRN-77"];
    const moved = new Date(Date.UTC(1995, 2, 2 + shiftDays)).toISOString().slice(0, 10).replaceAll("-", "");
    for (const file of copies()) {
      const data = parseDicom(readFileSync(file), file);
      expect(bytesAt(data, 0x00100020)).toBe(patient);
      expect(bytesAt(data, STUDY_DATE)).toBe(moved);
      expect(bytesAt(data, 0x00080030)).toBe("101500");
      expect(bytesAt(data, 0x00120062)).toBe("YES");
      expect(bytesAt(data, 0x00280303)).toBe("MODIFIED");
      const methods = data.tree.elements.get(0x00120064)?.items ?? [];
      expect(
        methods.map(({ elements }) =>
          Buffer.from(elements.get(0x00080100)?.bytes ?? [])
            .toString()
            .trim(),
        ),
      ).toEqual(["113100", "113105", "113107"]);
    }
  });

  it("keep of private attributes the safe ones only", () => {
    const kept = copies().flatMap((file) => [...parseDicom(readFileSync(file), file).tree.elements.keys()]);
    const odd = new Set(kept.filter((tag) => ((tag >>> 16) & 1) === 1).map((tag) => tag.toString(16)));
    expect([...odd].sort()).toEqual(["190010", "19100a"]);
  });
});

describe("names of folders", () => {
  it("stay where de-identification is turned off, and neither table nor copies go with that", async () => {
    const dir = path.join(folder, "plain");
    const source = path.join(folder, "source");
    cpSync(planted, source, { recursive: true });
    const { code, out } = await residua("ingest", source, dir, "--no-deidentify", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      identities: null,
      examinations: [{ patient: "PLANTFAMILY_PLANTGIVEN", visit: "1995-03-02 PLANTFAMILY" }],
    });
    const both = await residua("ingest", source, dir, "--no-deidentify", "--keep-dicom");
    expect(both).toMatchObject({ code: 2, err: expect.stringContaining("ingest-deidentify") });
  });

  it("are replaced by those that the user gives", async () => {
    const source = path.join(planted, "PLANTFAMILY_PLANTGIVEN/1995-03-02 PLANTFAMILY");
    const args = ["--patient", "S001", "--visit", "pre", "--json"];
    const { out, err } = await residua("ingest", source, path.join(folder, "named"), ...args);
    expect(JSON.parse(out).examinations).toMatchObject([{ patient: "S001", visit: "pre" }]);
    expect(out + err).not.toMatch(IDENTIFIERS);
  });
});
