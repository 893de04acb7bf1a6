import { describe, expect, it } from "vitest";
import { treatColumn } from "./clinical-columns.ts";

const nothing = () => false;
type Cells = Parameters<typeof treatColumn>[1];
const kindOf = (name: string, cells: Cells) => treatColumn(name, cells, nothing).kind;
const many = (make: (i: number) => string | number) => Array.from({ length: 20 }, (_, i) => make(i));

describe("a column of a hospital's table", () => {
  it("is left out where its name says that it identifies, in the languages of its hospitals", () => {
    const names =
      "Name,PatientName,Achternaam,Prénom,Geburtsdatum,geboorte_datum,E-mail,Street address,Post code ZIP,Record number,Hospital nr.,BSN,MRN,patientID,Referring physician,Remarks,Adresse,Straße";
    for (const name of names.split(",")) expect([name, kindOf(name, [1])]).toEqual([name, "leave-out"]);
  });

  it("is kept where it is a measurement or a category, whatever it is called", () => {
    const columns: [string, Cells][] = [
      ["number of positive nodes", [0, 3, null, 12]],
      ["hr", ["pos", "neg", "pos", "NA"]],
      ["side", many((i) => (i % 2 === 0 ? "left" : "right"))],
      ["ftv_mm3", many((i) => 1000.5 + i * 317.25)],
      ["age", many((i) => 30 + i)],
      [
        "menopause",
        many((i) => (i < 10 ? "post" : "pre (<6 months since last period and no ovariectomy at all)")),
      ],
      ["receptors", ["HR+/HER2-", "TN", "HER2+"]],
      ["race", ["White", "White, Asian", "Asian", "White"]],
      ["diameter", ["1,5", "2,25", "."]],
    ];
    for (const [name, cells] of columns) expect([name, kindOf(name, cells)]).toEqual([name, "keep"]);
  });

  it("is left out where its content identifies, whatever it is called", () => {
    const columns: Record<string, Cells> = {
      emails: ["a.b@c.nl", null],
      telephone: ["06 1234 5678", null],
      uids: ["1.2.840.113619.2.1", "1.2.840.113619.2.2"],
      names: ["Jansen, A.", "De Vries, B."],
      surnames: ["Jansen", "Bakker", "Visser", "Smit", "Mulder", "Smit"],
      "hospital numbers": many((i) => 1_000_000 + 7919 * i),
      years: [2014, 2015, 2016],
      "free text": ["seen by dr Bakker on Monday", null, null],
      "dates in text": ["surgery 12-03-2014", "surgery 1-4-2014", "none", "none", "none", "none"],
    };
    for (const [what, cells] of Object.entries(columns)) {
      expect([what, treatColumn("x", cells, nothing).kind]).toEqual([what, "leave-out"]);
    }
    expect(treatColumn("x", ["left", "right"], (text, row) => row === 1 && text === "right").kind).toBe(
      "leave-out",
    );
  });

  it("of dates is read in any usual form, blanks and all", () => {
    const written: Cells = ["2014-03-02", "2014/3/2", 20140302, "02-Mar-2014", "2014-03-02 10:30", "", null];
    const days = ["20140302", "20140302", "20140302", "20140302", "20140302", null, null];
    expect(treatColumn("mri", written, nothing)).toEqual({ kind: "dates", days, unread: 0 });
    const dayFirst = treatColumn("mri", ["02/03/2014", "25/03/2014", "?"], nothing);
    expect(dayFirst).toEqual({ kind: "dates", days: ["20140302", "20140325", null], unread: 1 });
    const monthFirst = treatColumn("mri", ["03/02/2014", "03/25/2014"], nothing);
    expect(monthFirst).toEqual({ kind: "dates", days: ["20140302", "20140325"], unread: 0 });
    expect(treatColumn("mri", ["2.3.2014"], nothing)).toMatchObject({ days: ["20140302"] });
  });

  it("of dates is left out where the order of day and month is unclear, or where they are of births", () => {
    expect(kindOf("mri", ["02/03/2014", "04/05/2014"])).toBe("leave-out");
    expect(kindOf("mri", ["25/03/2014", "03/25/2014"])).toBe("leave-out");
    expect(kindOf("x", ["1961-02-03", "1972-04-05", "1950-06-07"])).toBe("leave-out");
    expect(kindOf("mri", ["31-02-2014", "3-14-99"])).toBe("leave-out");
  });
});
