import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanDescription, cleanPath, createScrubber } from "./clean-text.ts";
import { CONFIDENTIALITY_TABLE } from "./confidentiality-table.ts";
import { shiftDates } from "./dates.ts";
import { openIdentities } from "./identities.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-identities-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("table E.1-1", () => {
  // By hand from PS3.15: what must not be lost if the table is made again.
  it.each<[number, string, string]>([
    [0x00080050, "Z", "AccessionNumber"],
    [0x00080080, "D", "InstitutionName: X/Z/D"],
    [0x00080081, "X", "InstitutionAddress"],
    [0x00080090, "Z", "ReferringPhysicianName"],
    [0x00081030, "X", "StudyDescription"],
    [0x00081048, "X", "PhysiciansOfRecord"],
    [0x00081155, "U", "ReferencedSOPInstanceUID"],
    [0x00100010, "Z", "PatientName"],
    [0x00100030, "Z", "PatientBirthDate"],
    [0x00101000, "X", "OtherPatientIDs"],
    [0x00104000, "X", "PatientComments"],
    [0x0020000d, "U", "StudyInstanceUID"],
    [0x00200010, "Z", "StudyID"],
    [0x00204000, "X", "ImageComments"],
    [0x00321032, "X", "RequestingPhysician"],
    [0x00400275, "X", "RequestAttributesSequence"],
    [0x0040a730, "D", "ContentSequence"],
  ] as const)("names 0x%s with action %s", (tag, action) => {
    expect(CONFIDENTIALITY_TABLE.find(([found]) => found === tag)?.[2]).toBe(action);
  });

  it("leaves geometry and pixels alone", () => {
    const named = new Set(CONFIDENTIALITY_TABLE.map(([tag]) => tag));
    for (const tag of [0x00200032, 0x00200037, 0x00280030, 0x00180050, 0x00180088, 0x7fe00010, 0x00281053]) {
      expect(named.has(tag)).toBe(false);
    }
  });
});

describe("descriptions", () => {
  it("keep words of protocols and small numbers, and nothing else", () => {
    expect(cleanDescription("DCE Sag T1 3D fgre_FS Ph2/5 +C")).toBe("DCE Sag T1 3D fgre_FS Ph2/5 +C");
    expect(cleanDescription("t1_vibe for Mrs Doe, born 12.03.1957")).toBe("t1_vibe");
    expect(cleanDescription("MRN 12345678 dyn 1.2.840.113619.2.5")).toBe("dyn");
    expect(cleanDescription("Müller")).toBe("");
    expect(cleanDescription("ISPY2: VOLSER: uni-lateral cropped: original DCE")).toBe(
      "ISPY2: VOLSER: uni-lateral cropped: original DCE",
    );
  });

  it("never hold a word of more than three letters that is not of imaging, whatever the text", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("Doe", "jane", "St.", "19570312", "dyn", "T2", "[", "_")),
        (words) => {
          expect(cleanDescription(words.join(" "))).not.toMatch(/doe|jane|1957/i);
        },
      ),
    );
  });
});

describe("paths", () => {
  it("keep the names that scanners give, and no others", () => {
    expect(cleanPath("series 3/IM000123.dcm")).toBe("series 3/IM000123.dcm");
    expect(cleanPath("1-001.dcm")).toBe("1-001.dcm");
    expect(cleanPath("DOE_JANE/1.2.840.113619.2.5.dcm")).toBe("…/….dcm");
    expect(cleanPath("2015-03-02/IMG7")).toBe("…/IMG7");
  });
});

describe("known values", () => {
  it("are replaced in any case, longer ones first, short ones as whole words only", () => {
    const scrub = createScrubber(
      new Map([
        ["Doe", "#"],
        ["DOE^JANE", "##"],
        ["Li", "#"],
      ]),
    );
    expect(scrub("doe^jane, DOE and Li in line with doer")).toBe("##, # and # in line with doer");
  });

  it("may hold any characters", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 5, maxLength: 12 }), (value) => {
        const scrub = createScrubber(new Map([[value, "\u2020"]]));
        expect(scrub(`<${value}>`)).toBe("<\u2020>");
      }),
    );
  });
});

describe("dates", () => {
  it("move by days over months and leap years; times of day, zones and several values stay", () => {
    expect(shiftDates("20240229", 366)).toBe("20250301");
    expect(shiftDates("20200101103000.5+0100", -1)).toBe("20191231103000.5+0100");
    expect(shiftDates("20200110\\20200120", -10)).toBe("20191231\\20200110");
    expect(shiftDates("2020.01.02", 1)).toBe("20200103");
  });

  it("become empty where they are none, since they cannot be moved", () => {
    for (const wrong of ["", "20201301", "Doe 1957", "20200101-20200201x", "20200230"]) {
      expect(shiftDates(wrong, -5)).toBe("");
    }
  });

  it("keep the intervals between them", () => {
    const day = (text: string) => Date.UTC(+text.slice(0, 4), +text.slice(4, 6) - 1, +text.slice(6)) / 864e5;
    const date = fc
      .date({
        min: new Date("1950-01-01T00:00:00Z"),
        max: new Date("2030-01-01T00:00:00Z"),
        noInvalidDate: true,
      })
      .map((value) => value.toISOString().slice(0, 10).replaceAll("-", ""));
    fc.assert(
      fc.property(date, date, fc.integer({ min: -3652, max: -1 }), (a, b, days) => {
        expect(day(shiftDates(a, days)) - day(shiftDates(b, days))).toBe(day(a) - day(b));
      }),
    );
  });
});

describe("identities", () => {
  it("are the same in every run with one key, in whatever order they come", async () => {
    const file = join(folder, "a.json");
    const first = await openIdentities(file);
    const [doe, roe] = [first.patient("Doe"), first.patient("Roe")];
    await first.save();
    const again = await openIdentities(file);
    expect([again.patient("Roe"), again.patient("Doe")]).toEqual([roe, doe]);
    expect(again.uid("1.2.3")).toBe(first.uid("1.2.3"));
    expect(again.uid("1.2.3")).not.toBe(again.uid("1.2.4"));
    expect(doe.studyId).not.toBe(roe.studyId);
  });

  it("differ under another key", async () => {
    const [a, b] = [
      await openIdentities(join(folder, "x.json")),
      await openIdentities(join(folder, "y.json")),
    ];
    expect(a.patient("Doe").studyId).not.toBe(b.patient("Doe").studyId);
    expect(a.uid("1.2.3")).not.toBe(b.uid("1.2.3"));
  });

  it("move the dates of one study patient alike, though hospitals know her by two identifiers", async () => {
    const identities = await openIdentities(join(folder, "two.json"));
    const before = identities.patient("MRN-1", "S001");
    const after = identities.patient("CASE/77", "S001");
    expect(after).toEqual(before);
    expect(identities.identifiersOf("S001")).toBe(2);
  });
});
