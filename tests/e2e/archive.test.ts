/** Exports of an archive, in whatever folders: the same cohort as from folders <patient>/<visit>, voxel by voxel. */
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDceSeries, type DceSeries } from "../../src/domain/dce.ts";
import { randomKey } from "../../src/domain/random.ts";
import { crop } from "../../src/imaging/cropping.ts";
import { simulatePatient } from "../../src/imaging/phantom/cohort.ts";
import { readDceSeriesOf, readNativeCohort } from "../../src/io/layouts/native.ts";
import { type Element, writeDicom, writePhase } from "../layouts/dicom-file.ts";
import { residua } from "./command-line.ts";

const root = mkdtempSync(path.join(tmpdir(), "archive-"));
const at = (...parts: string[]) => path.join(root, ...parts);
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Study {
  readonly patient: string;
  readonly uid: string;
  readonly day: string;
  readonly time: string;
  /** As which it should come out. */
  readonly visit: string | null;
  readonly phases: number;
  readonly side?: "L" | "R";
}

const [ANNA, BERTA] = ["PLANTMRN-1", "PLANTMRN-2"];
/** Not in the order of their UIDs. */
const STUDIES: readonly Study[] = [
  { patient: ANNA, uid: "1.9.8765.15", day: "20210310", time: "101500", visit: "pre", phases: 4, side: "L" },
  { patient: ANNA, uid: "1.9.8765.11", day: "20210824", time: "080000", visit: "post", phases: 4 },
  // A biopsy, whose images lie once at each place.
  { patient: ANNA, uid: "1.9.8765.12", day: "20210318", time: "090000", visit: null, phases: 1 },
  { patient: BERTA, uid: "1.9.8765.23", day: "20191230", time: "120000", visit: "pre", phases: 3 },
  { patient: BERTA, uid: "1.9.8765.22", day: "20200301", time: "120000", visit: "t1", phases: 3 },
  { patient: BERTA, uid: "1.9.8765.21", day: "20200602", time: "120000", visit: "post", phases: 4 },
];

const IDENTIFIERS = /PLANT|1\.9\.8765|2021-?0[38]|20191230|2020-?0[36]-?0|19480711/;
const seriesOf = new Map<string, DceSeries>();

function tagsOf({ patient, uid, day, time, side }: Study, removed: boolean) {
  const more: Element[] = [
    [0x00080020, "DA", day],
    [0x00080022, "DA", day],
    [0x00080030, "TM", time],
    [0x00100010, "PN", `PLANT^${patient.at(-1)}`],
    [0x00100030, "DA", "19480711"],
    ...(removed ? ([[0x00120062, "CS", "YES"]] as const) : []),
    ...(side === undefined ? [] : ([[0x00200062, "CS", side]] as const)),
  ];
  return {
    patientId: patient,
    study: uid,
    studyDescription: "MRI BREAST",
    seriesUid: `${uid}.1`,
    seriesDescription: "ax dyn",
    imageType: "ORIGINAL\\PRIMARY",
    more,
  };
}

/** Writes a study with its times; phases are told apart by AcquisitionTime. */
function writeStudy(folder: string, study: Study, removed = false): void {
  const { phases, timesSeconds } = seriesOf.get(study.uid)!;
  const start = Number(study.time.slice(0, 2)) * 3600 + Number(study.time.slice(2, 4)) * 60;
  phases.forEach(({ grid, data }, i) => {
    const clock = new Date((start + timesSeconds[i]) * 1000).toISOString().slice(11, 19).replaceAll(":", "");
    writePhase(folder, `p${i}`, grid, data, { ...tagsOf(study, removed), acquisitionTime: clock });
  });
}

function writeMammogram(file: string): void {
  const [anna] = STUDIES;
  writeDicom(file, [
    [0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.1.2"],
    [0x00080018, "UI", "1.9.8765.99.1"],
    [0x00080020, "DA", anna.day],
    [0x00080060, "CS", "MG"],
    [0x00100020, "LO", anna.patient],
    [0x00100030, "DA", "19480711"],
    [0x0020000d, "UI", "1.9.8765.99"],
    [0x0020000e, "UI", "1.9.8765.99.2"],
  ]);
}

const filesOf = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));

/** All files of the studies under new names, as `place` gives them. */
function rearrange(target: string, place: (study: Study, slice: number, all: number) => string): void {
  let all = 0;
  for (const study of STUDIES) {
    for (const [slice, file] of filesOf(at("studies", study.uid)).entries()) {
      const to = at(target, place(study, slice, all));
      mkdirSync(path.dirname(to), { recursive: true });
      copyFileSync(file, to);
      all++;
    }
  }
}

const reference = at("by-folders");
const keepNames = ["--no-deidentify", "--json"];

beforeAll(async () => {
  STUDIES.forEach(({ uid, phases }, i) => {
    const { visits } = simulatePatient(randomKey(11), { set: "train", index: i }, "small");
    const { dce } = visits[0];
    const box = { start: [14, 18, 16], size: [6, 20, 24] } as const;
    const kept = dce.phases.slice(0, phases).map((phase) => crop(phase, box));
    seriesOf.set(uid, createDceSeries(kept, dce.timesSeconds.slice(0, phases)));
  });
  for (const study of STUDIES) writeStudy(at("studies", study.uid), study);
  rearrange("folders", ({ patient, visit, uid }, slice) => `${patient}/${visit ?? uid}/${slice}.dcm`);
  const { code } = await residua("ingest", at("folders"), reference, ...keepNames);
  expect(code).toBe(0);
}, 120_000);

interface Outcome {
  readonly sortedBy: string;
  readonly examinations: readonly {
    readonly patient: string;
    readonly visit: string;
    readonly reused: boolean;
  }[];
  readonly issues: readonly {
    readonly code: string;
    readonly severity: string;
    readonly subject?: string;
    readonly message: string;
  }[];
}

async function ingested(source: string, cohort: string, ...more: string[]): Promise<Outcome> {
  const { code, out, err } = await residua("ingest", source, cohort, "--json", ...more);
  expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
  return JSON.parse(out) as Outcome;
}

const namesOf = ({ examinations }: Outcome) =>
  examinations.map(({ patient, visit }) => `${patient}/${visit}`).sort();
const codesOf = ({ issues }: Outcome, subject?: string) =>
  issues.filter((issue) => subject === undefined || issue.subject === subject).map(({ code }) => code);
const EXPECTED = STUDIES.flatMap(({ patient, visit }) =>
  visit === null ? [] : [`${patient}/${visit}`],
).sort();

async function expectReference(cohort: string): Promise<void> {
  const [mine, theirs] = await Promise.all([cohort, reference].map(readNativeCohort));
  expect(mine.examinations.map(({ patientId, visit }) => `${patientId}/${visit}`).sort()).toEqual(EXPECTED);
  for (const record of mine.examinations) {
    const other = theirs.examinations.find(
      ({ patientId, visit }) => patientId === record.patientId && visit === record.visit,
    )!;
    const [a, b] = [(await readDceSeriesOf(record)).value, (await readDceSeriesOf(other)).value];
    expect(a.timesSeconds).toEqual(b.timesSeconds);
    expect(a.imagedBreast).toEqual(b.imagedBreast);
    expect(a.phases.map(({ grid }) => grid)).toEqual(b.phases.map(({ grid }) => grid));
    for (const [i, { data }] of a.phases.entries())
      expect(Buffer.from(data.buffer)).toEqual(Buffer.from(b.phases[i].data.buffer));
  }
}

/** Folders as people, archives and media make them. */
const ARRANGEMENTS: Readonly<Record<string, (study: Study, slice: number, all: number) => string>> = {
  "one flat folder": (_study, _slice, all) => `IM${String((all * 7919) % 100_003).padStart(6, "0")}`,
  "a folder per patient": ({ patient }, _slice, all) => `${patient}/${all}.dcm`,
  "a folder per study": ({ uid }, slice) => `${uid}/${slice}.dcm`,
  "folders of patient and series": ({ patient, uid }, slice) =>
    `${patient}/${slice % 2 === 0 ? "a" : "b"}-${STUDIES.findIndex((one) => one.uid === uid)}/${slice}`,
  "the folders of NBIA": ({ patient, day }, slice) =>
    `${patient}/${day.slice(4, 6)}-${day.slice(6)}-${day.slice(0, 4)}-NA-MRI BREAST-${day.slice(5)}/1.000000-ax dyn-${slice % 3}/1-${slice}.dcm`,
  "those within a collection": ({ patient, day }, slice) =>
    `Breast-Collection/${patient}/${day.slice(4, 6)}-${day.slice(6)}-${day.slice(0, 4)}-NA-MRI/1-${slice}.dcm`,
  "a medium": (_study, slice, all) => `DICOM/0000${all % 4}/${all}${slice}`,
};

describe("an export in", () => {
  it.each(Object.entries(ARRANGEMENTS))(
    "%s gives the cohort that folders of patients and visits give",
    async (name, place) => {
      const source = `source of ${name}`;
      rearrange(source, place);
      const outcome = await ingested(at(source), at(`cohort of ${name}`), "--no-deidentify");
      expect(outcome.sortedBy).toBe("tags");
      expect(namesOf(outcome)).toEqual(EXPECTED);
      expect(codesOf(outcome, ANNA).sort()).toEqual(["archive-study-not-dynamic", "archive-visits-by-date"]);
      expect(
        outcome.issues.find(({ code, subject }) => code === "archive-visits-by-date" && subject === BERTA)
          ?.message,
      ).toContain("pre, t1, post in the order of their dates, 62 and 93 days apart");
      await expectReference(at(`cohort of ${name}`));
    },
  );

  it("a medium is read by its DICOMDIR, which tells what is missing", async () => {
    const record = (name: string): Element[] => [[0x00041500, "CS", `DICOM\\${name}`]];
    writeDicom(at("source of a medium/DICOMDIR"), [[0x00041220, "SQ", [record("00000"), record("PLANTED")]]]);
    const outcome = await ingested(at("source of a medium/DICOMDIR"), at("medium"), "--no-deidentify");
    expect(namesOf(outcome)).toEqual(EXPECTED);
    expect(codesOf(outcome)).toContain("dicomdir-files-missing");
  });
});

describe("folders <patient>/<visit>", () => {
  it("keep their names, though an image has strayed out of them", async () => {
    copyFileSync(filesOf(at("folders"))[0], at("folders/stray.dcm"));
    const outcome = await ingested(at("folders"), at("kept"), "--no-deidentify");
    rmSync(at("folders/stray.dcm"));
    expect([outcome.sortedBy, namesOf(outcome)]).toEqual(["folders", EXPECTED]);
    expect(codesOf(outcome)).toContain("ingest-outside");
  });

  it("keep them where the same study was copied under two names", async () => {
    for (const visit of ["before", "after"])
      cpSync(at("studies", STUDIES[0].uid), at("copied/P1", visit), { recursive: true });
    const outcome = await ingested(at("copied"), at("from copies"));
    expect([outcome.sortedBy, namesOf(outcome)]).toEqual(["folders", ["P1/after", "P1/before"]]);
  });

  it("are sorted by tags where that is asked", async () => {
    const outcome = await ingested(at("folders"), at("asked"), "--no-deidentify", "--sort", "tags");
    expect([outcome.sortedBy, namesOf(outcome)]).toEqual(["tags", EXPECTED]);
  });
});

describe("an archive that is de-identified", () => {
  const source = () => at("source of one flat folder");
  const cohort = at("hidden");

  it("lets no identifier out: no file, no name, nothing on the console", async () => {
    writeMammogram(path.join(source(), "PLANTMAMMO"));
    writeFileSync(path.join(source(), "PLANT letter.txt"), "PLANT");
    const { code, out, err } = await residua("ingest", source(), cohort, "--keep-dicom", "--json");
    expect(code).toBe(0);
    expect(out + err).not.toMatch(IDENTIFIERS);
    const outcome = JSON.parse(out) as Outcome;
    expect(outcome.examinations.map(({ visit }) => visit).sort()).toEqual([
      "post",
      "post",
      "pre",
      "pre",
      "t1",
    ]);
    expect(outcome.examinations.every(({ patient }) => /^P-[0-9A-Z]{10}$/.test(patient))).toBe(true);
    expect(codesOf(outcome).filter((each) => each === "archive-study-not-dynamic")).toHaveLength(2);
    for (const file of filesOf(cohort)) {
      expect(path.relative(cohort, file)).not.toMatch(IDENTIFIERS);
      if (!file.endsWith(".gz")) expect(readFileSync(file, "latin1")).not.toMatch(IDENTIFIERS);
    }
    const { patients } = JSON.parse(readFileSync(`${cohort}.identities.json`, "utf8"));
    expect(Object.keys(patients).sort()).toEqual([ANNA, BERTA]);
  });

  it("keeps the copies of an examination together, and nothing of a study that was left out", async () => {
    const anna = JSON.parse(readFileSync(`${cohort}.identities.json`, "utf8")).patients[ANNA].studyId;
    const copies = (visit: string) => filesOf(path.join(cohort, "dicom", anna, visit)).length;
    expect([copies("pre"), copies("post")]).toEqual([24, 24]);
    expect(readdirSync(path.join(cohort, "dicom", anna)).sort()).toEqual(["post", "pre"]);
  });

  it("goes on where it stopped, and makes again only what other files are in", async () => {
    const reused = async () =>
      (await ingested(source(), cohort, "--keep-dicom")).examinations
        .filter((one) => !one.reused)
        .map(({ visit }) => visit);
    expect(await reused()).toEqual([]);
    // One more image of a study, a copy of another.
    writeStudy(at("more"), STUDIES[4]);
    const [extra] = filesOf(at("more"));
    copyFileSync(extra, path.join(source(), "more"));
    expect(await reused()).toEqual(["t1"]);
    expect(await reused()).toEqual([]);
  });

  it("keeps PatientIDs of files whose identity was removed", async () => {
    writeStudy(at("removed/x"), STUDIES[0], true);
    const outcome = await ingested(at("removed"), at("public"));
    expect(namesOf(outcome)).toEqual([`${ANNA}/pre`]);
    expect(codesOf(outcome)).toContain("archive-visit-single");
  });
});

describe("a table of visits", () => {
  const table = at("visits.csv");

  it("names studies by day or UID, leaves out the others, and says which rows fit none", async () => {
    const [, second, , left, named] = STUDIES.map(({ uid }) => uid);
    writeFileSync(
      table,
      `patient_id,study_date,study_uid,visit\n${ANNA},2021-03-10,,post\n,,${second},pre\n${ANNA},1999-01-01,,pre\n,,${left},\n,,${named},mid\n`,
    );
    const outcome = await ingested(at("studies"), at("tabled"), "--no-deidentify", "--visits", table);
    expect(namesOf(outcome)).toEqual([`${ANNA}/post`, `${ANNA}/pre`, `${BERTA}/mid`]);
    expect(codesOf(outcome, BERTA)).toEqual(["archive-visit-unlisted", "archive-visit-unlisted"]);
    const unmatched = outcome.issues.find(({ code }) => code === "archive-visits-unmatched");
    expect(unmatched?.message).toContain("1 rows");
  });

  it("goes neither with folders nor with one examination", async () => {
    for (const other of [
      ["--sort", "folders"],
      ["--patient", "A", "--visit", "pre"],
    ]) {
      const { code, err } = await residua("ingest", at("studies"), at("x"), "--visits", table, ...other);
      expect([code, err]).toEqual([2, expect.stringContaining("ingest-visits")]);
    }
  });
});

describe("what is not clear in an archive is refused by name", () => {
  it("two examinations of one day, while those of other days are named", async () => {
    const [pre, post] = STUDIES;
    const twin = { ...pre, uid: "1.9.8765.77", time: "140000" };
    seriesOf.set(twin.uid, seriesOf.get(pre.uid)!);
    for (const study of [pre, twin, post]) writeStudy(at("twins", study.uid), study);
    const { code, out, err } = await residua("ingest", at("twins"), at("from twins"), "--json");
    expect(code).toBe(0);
    expect(out + err).not.toMatch(IDENTIFIERS);
    const outcome = JSON.parse(out) as Outcome;
    expect(outcome.examinations.map(({ visit }) => visit)).toEqual(["post"]);
    expect(codesOf(outcome).filter((each) => each === "archive-same-day")).toHaveLength(2);
  });

  it("one PatientID with two dates of birth, and files without a PatientID", async () => {
    const [pre, post] = STUDIES;
    writeStudy(at("doubtful/a"), pre);
    writeStudy(at("doubtful/b"), { ...post, patient: "" });
    writeDicom(at("doubtful/c"), [
      [0x00080018, "UI", "1.9.8765.98.1"],
      [0x00080020, "DA", "20210101"],
      [0x00080060, "CS", "MR"],
      [0x00100020, "LO", ANNA],
      [0x00100030, "DA", "19480712"],
      [0x0020000d, "UI", "1.9.8765.98"],
    ]);
    const { code, out, err } = await residua("ingest", at("doubtful"), at("from doubtful"), "--json");
    expect(code).toBe(3);
    expect(out + err).not.toMatch(IDENTIFIERS);
    expect(err).toContain("may be of several persons");
    expect(existsSync(at("from doubtful/images"))).toBe(false);
  });
});
