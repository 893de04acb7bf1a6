import { describe, expect, it } from "vitest";
import { type DatedStudy, nameVisits } from "./visit-names.ts";
import { VisitTable } from "./visit-table.ts";

const study = (uid: string, day?: string, dynamic: DatedStudy["dynamic"] = "yes"): DatedStudy => ({
  uid,
  day,
  dynamic,
});
/** Visits, codes of issues of what was left out, codes of errors; then the codes of issues of the patient. */
const outcome = (studies: readonly DatedStudy[], table?: VisitTable) => {
  const { places, issues } = nameVisits("A", studies, table);
  const told = places.map((place) =>
    place.kind === "visit"
      ? place.visit
      : place.kind === "left-out"
        ? `(${place.issue.code})`
        : `!${place.error.code}`,
  );
  return [told.join(" "), issues.map(({ code, severity }) => `${code} ${severity}`).join()];
};

describe("visits by date", () => {
  it("are pre and post, or those with t1 and on between, in whatever order studies come", () => {
    expect(outcome([study("2", "20200901"), study("1", "20200301")])).toEqual([
      "post pre",
      "archive-visits-by-date info",
    ]);
    const four = ["20200301", "20200401", "20200501", "20200701"].map((day, i) => study(`${i}`, day));
    expect(outcome(four)[0]).toBe("pre t1 t2 post");
  });

  it("tell how many days lie between, and warn where these are few", () => {
    const { issues } = nameVisits("A", [study("1", "20200228"), study("2", "20200302")]);
    expect(issues).toMatchObject([{ severity: "warning", message: expect.stringContaining("3 days apart") }]);
  });

  it("warn of a single examination, which need not have been before chemotherapy", () => {
    expect(outcome([study("1", "20200301")])).toEqual(["pre", "archive-visit-single warning"]);
    expect(outcome([study("1")])).toEqual(["pre", "archive-visit-single warning"]);
  });

  it("do not count studies without a dynamic series", () => {
    expect(outcome([study("0", "20200101", "no"), study("1", "20200301"), study("2", "20200901")])[0]).toBe(
      "(archive-study-not-dynamic) pre post",
    );
  });

  it("keep the place of an examination that cannot be used, so that a later one does not take its name", () => {
    expect(
      outcome([study("1", "20200301"), study("2", "20200501", "maybe"), study("3", "20200901")])[0],
    ).toBe("pre t1 post");
  });

  it("refuse several of one day, but for one that cannot be used beside one that can", () => {
    const twins = [study("1", "20200301"), study("2", "20200301"), study("3", "20200901")];
    expect(outcome(twins)[0]).toBe("!archive-same-day !archive-same-day post");
    const repeated = [study("1", "20200301", "maybe"), study("2", "20200301"), study("3", "20200901")];
    expect(outcome(repeated)[0]).toBe("(archive-same-day) pre post");
  });

  it("refuse all where one has no date", () => {
    expect(outcome([study("1", "20200301"), study("2")])).toEqual([
      "!archive-date-unknown !archive-date-unknown",
      "",
    ]);
  });
});

describe("visits by table", () => {
  const row = (patientId?: string, uid?: string, day?: string, visit: string | null = "pre") => ({
    patientId,
    uid,
    day,
    visit,
  });
  const studies = [study("1", "20200301"), study("2", "20200301"), study("3", "20200901")];

  it("are what it says, by UID before day, and leave out what it does not name", () => {
    const table = new VisitTable([row("A", "2", undefined, "post"), row("A", undefined, "20200901", null)]);
    expect(outcome(studies, table)[0]).toBe("(archive-visit-unlisted) post (archive-visit-unlisted)");
  });

  it("are refused where it calls two studies the same", () => {
    const table = new VisitTable([row("A", undefined, "20200301")]);
    expect(outcome(studies, table)[0]).toBe(
      "!archive-visit-twice !archive-visit-twice (archive-visit-unlisted)",
    );
  });

  it("are those by date for patients of whom it says nothing", () => {
    const table = new VisitTable([row("B", undefined, "20200301"), row("B", undefined, "20200901", "post")]);
    expect(outcome([studies[0], studies[2]], table)[0]).toBe("pre post");
    expect(table.unmatched([{ patientId: "B", uid: "9", day: "20200301" }])).toBe(1);
  });
});
