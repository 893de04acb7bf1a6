import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { joinTables } from "./join.ts";
import { readTable } from "./read.ts";
import { columnValues } from "./table.ts";
import { writeCsv } from "./write.ts";

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "residua-tables-"));
});
afterAll(() => rm(scratch, { recursive: true }));

let made = 0;
async function tableOf(text: string, options = {}) {
  const file = join(scratch, `${made++}.csv`);
  await writeFile(file, text);
  return readTable(file, options);
}

describe("readTable", () => {
  it("reads numbers as numbers, missing marks as null and the rest as text", async () => {
    const { columns, rows, issues } = await tableOf(
      '\uFEFFid,age,subtype,note\r\n1001, 38.73 ,HR+,"a, ""b""\nc"\r\n1002,NA,.,1e-3\r\n1003,n/a,NaN,none\r\n',
    );
    expect(columns).toEqual(["id", "age", "subtype", "note"]);
    expect(rows).toEqual([
      { id: 1001, age: 38.73, subtype: "HR+", note: 'a, "b"\nc' },
      { id: 1002, age: null, subtype: null, note: 0.001 },
      { id: 1003, age: null, subtype: null, note: "none" },
    ]);
    expect(issues).toEqual([]);
  });

  it("judges the separator by the header and says so", async () => {
    const semicolons = await tableOf('id;"a,b,c";x\n1;2;3\n');
    expect(semicolons.columns).toEqual(["id", "a,b,c", "x"]);
    expect(semicolons.issues.map(({ code }) => code)).toEqual(["table-separator"]);
    expect((await tableOf("id\tx\n1\t2\n")).rows).toEqual([{ id: 1, x: 2 }]);
    expect((await tableOf("only\n1\n")).rows).toEqual([{ only: 1 }]);
  });

  it("tells where a quote is out of place, without what the cell holds", async () => {
    for (const [text, line] of [
      ['id,name\n1,Jansen "Anna"\n', 2],
      ['id,name\n1,x\n2,"Jansen" Anna\n', 3],
      ['id,name\n1,"Jansen\n', 2],
    ] as const) {
      const error = await tableOf(text).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: "table-format",
        message: expect.stringContaining(`in line ${line}`),
      });
      expect(String(error)).not.toContain("Jansen");
    }
  });

  it("reads decimal commas where they are certain and leaves unclear ones as text", async () => {
    const { rows, issues } = await tableOf("id;d;n\n1;1,5;1,500\n2;12,25;2,000\n3;7;\n");
    expect(rows.map(({ d, n }) => [d, n])).toEqual([
      [1.5, "1,500"],
      [12.25, "2,000"],
      [7, null],
    ]);
    expect(issues.map(({ code, severity }) => `${code} ${severity}`)).toEqual([
      "table-separator info",
      "table-decimal-comma info",
      "table-decimal-comma warning",
    ]);
  });

  it("keeps codes with leading zeros, numbers too long to be exact and columns named as text", async () => {
    const { rows } = await tableOf("id,uid,case\n007,12345678901234567890,1e5\n12,3,42\n", {
      textColumns: ["case"],
    });
    expect(rows).toEqual([
      { id: "007", uid: "12345678901234567890", case: "1e5" },
      { id: "12", uid: 3, case: "42" },
    ]);
  });

  it("leaves out nameless columns with a warning, and empty rows", async () => {
    const { columns, rows, issues } = await tableOf(",id,x\n0,a,1\n,,\n1,b,2\n");
    expect(columns).toEqual(["id", "x"]);
    expect(rows).toHaveLength(2);
    expect(issues.map(({ code }) => code)).toEqual(["table-column-nameless"]);
  });

  it("refuses repeated columns by name and ragged rows by line", async () => {
    await expect(tableOf("id,x,x\n1,2,3\n")).rejects.toMatchObject({
      code: "table-columns-duplicate",
      message: expect.stringContaining('"x"'),
    });
    await expect(tableOf('id,x\n1,"two\nlines"\n3\n')).rejects.toMatchObject({
      code: "table-ragged",
      message: expect.stringContaining("line 4"),
    });
    await expect(tableOf("")).rejects.toMatchObject({ code: "table-empty" });
    await expect(tableOf('id,x\n1,"open\n')).rejects.toMatchObject({ code: "table-format" });
    await expect(readTable(join(scratch, "none.csv"))).rejects.toMatchObject({ code: "file-missing" });
    await expect(readTable(join(scratch, "table.xls"))).rejects.toMatchObject({ code: "table-format" });
  });

  it("refuses a workbook that is none", async () => {
    const file = join(scratch, "not.xlsx");
    await writeFile(file, "id,x\n1,2\n");
    await expect(readTable(file)).rejects.toMatchObject({ code: "table-format" });
  });

  it("refuses tables that would exhaust the memory, before they are read", async () => {
    await expect(tableOf(`a,b\n${",".repeat(4_000_001)}`)).rejects.toMatchObject({ code: "table-too-large" });
    const wide = Array.from({ length: 100_001 }, (_, i) => `c${i}`).join(",");
    await expect(tableOf(`${wide}\n`)).rejects.toMatchObject({ code: "table-too-large" });
  });

  it("names the columns that there are where one is missing", async () => {
    const table = await tableOf("id,score\n1,2\n");
    expect(columnValues(table, "score")).toEqual([2]);
    expect(() => columnValues(table, "rcb")).toThrow(
      expect.objectContaining({
        code: "table-column-missing",
        message: expect.stringContaining('"id", "score"'),
      }),
    );
  });
});

describe("writeCsv", () => {
  it("gives back any values through readTable", async () => {
    const text = fc.string({ minLength: 1, maxLength: 8 }).map((word) => `x${word}`.trim());
    const value = fc.oneof(fc.constant(null), fc.double({ noNaN: true, noDefaultInfinity: true }), text);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ a: value, b: value, c: text }), { minLength: 1 }),
        async (rows) => {
          const file = join(scratch, "round.csv");
          // CSV has one zero.
          const wanted = rows.map((row) => ({
            ...row,
            a: row.a === 0 ? 0 : row.a,
            b: row.b === 0 ? 0 : row.b,
          }));
          await writeCsv(file, ["a", "b", "c"], wanted);
          expect((await readTable(file)).rows).toEqual(wanted);
        },
      ),
      { numRuns: 100, seed: 20261124 },
    );
  });

  it("writes null, NaN and absent values as empty cells", async () => {
    const file = join(scratch, "empty.csv");
    await writeCsv(
      file,
      ["a", "b", "c"],
      [
        { a: null, b: Number.NaN },
        { a: 1, b: 'say "x"', c: -0.5 },
      ],
    );
    expect(await readFile(file, "utf8")).toBe('a,b,c\n,,\n1,"say ""x""",-0.5\n');
  });
});

describe("joinTables", () => {
  it("keeps every patient once, in the order met, with null where a table does not know them", async () => {
    const a = await tableOf("id,age,site\n2,50,x\n1,40,\n");
    const b = await tableOf("id,rcb,site\n1,2.5,y\n3,0,z\n");
    const { columns, rows, issues } = joinTables([a, b], "id");
    expect(columns).toEqual(["id", "age", "site", "rcb"]);
    expect(rows).toEqual([
      { id: "2", age: 50, site: "x", rcb: null },
      { id: "1", age: 40, site: "y", rcb: 2.5 },
      { id: "3", age: null, site: "z", rcb: 0 },
    ]);
    expect(issues.map(({ code, file }) => [code, file])).toEqual([
      ["table-join-incomplete", a.file],
      ["table-join-incomplete", b.file],
    ]);
  });

  it("refuses duplicates, rows without identifier and contradictions, naming them", async () => {
    const duplicates = await tableOf("id,x\n1,2\n7,2\n1,3\n7,1\n");
    expect(() => joinTables([duplicates], "id")).toThrow(
      expect.objectContaining({ code: "patients-duplicate", message: expect.stringContaining("1, 7") }),
    );
    const nameless = await tableOf("id,x\n1,2\nNA,3\n");
    expect(() => joinTables([nameless], "id")).toThrow(expect.objectContaining({ code: "table-id-missing" }));
    const [a, b] = [await tableOf("id,age\n1,40\n"), await tableOf("id,age\n1,41\n")];
    expect(() => joinTables([a, b], "id")).toThrow(
      expect.objectContaining({
        code: "table-conflict",
        message: expect.stringContaining('"age" of 1 is 41'),
      }),
    );
  });
});
