/** Tables and JSON files of layouts, changed as damage, hands or malice change them. The same number gives the same file. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { unzipSync, zipSync } from "fflate";
import { deriveKey, RandomStream, randomKey } from "../../src/domain/random.ts";
import { DAMAGES, SEED } from "./mutations.ts";

export type TableFormat = "csv" | "xlsx" | "json";

export interface TableCase {
  readonly format: TableFormat;
  /** What was changed, and how. */
  readonly name: string;
  readonly bytes: Buffer;
}

const tables = join(import.meta.dirname, "../golden/io/tables");

/** Parts of a workbook by their names. */
type Parts = ReadonlyMap<string, Uint8Array>;

const WORKBOOKS = ["hospital.xlsx", "mama-mia.xlsx"].map((name) => {
  const bytes = readFileSync(join(tables, name));
  return { name, bytes, parts: new Map(Object.entries(unzipSync(bytes))) };
});

const CSVS = [
  "id,age,date,subtype\n007,38,2014-03-02,HR+\n12,NA,2015-01-01,TN\n",
  'id;d;n\n1;1,5;"a; ""b""\nc"\n2;12,25;x\n',
  "\uFEFFid\tx\n1\t2\n3\t\n",
];

const JSONS = [
  '{"timesSeconds": [0, 90.5, 180], "source": {"layout": "dicom"}, "issues": [{"code": "a", "severity": "info", "message": "b"}]}',
  '{"primary_lesion": {"breast_coordinates": {"x_min": 0, "x_max": 17}, "pcr": NaN}, "imaging_data": {"acquisition_times": [0, 90]}}',
  `{"format": "residua-identities", "formatVersion": 1, "key": "${"5a".repeat(32)}", "patients": {"1": {"studyId": "P-1", "shiftDays": -3}}}`,
  '{"channel_names": {"0": "pre"}, "labels": {"background": 0, "tumour": 1}, "file_ending": ".nii.gz", "numTraining": 1}',
];

/** What stands where people or programs go wrong. */
const PIECES = [
  '"',
  "\n",
  "\r",
  ";;;;",
  ",",
  "\0",
  "\uFEFF",
  "\u{1F4A9}",
  "1e999",
  "-0",
  "=1+1",
  "__proto__",
  "constructor",
  "{",
  "]",
  "NaN",
  "\\ud800",
];
const NUMBERS = ["-1", "1e308", "99999999999999999999", "0x10", "NaN", "1048577", "1e9", ""];

type Change = (bytes: Buffer, random: RandomStream) => Buffer;

const TEXT_CHANGES: Readonly<Record<string, Change>> = {
  ...DAMAGES,
  "a piece put in": (bytes, random) => {
    const at = random.integer(bytes.length + 1);
    const piece = PIECES[random.integer(PIECES.length)].repeat(1 + random.integer(3));
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(piece), bytes.subarray(at)]);
  },
  "a number changed": (bytes, random) => {
    const text = bytes.toString("latin1");
    const numbers = [...text.matchAll(/\d+(\.\d+)?/g)];
    if (numbers.length === 0) return bytes;
    const { 0: number, index } = numbers[random.integer(numbers.length)];
    const changed = NUMBERS[random.integer(NUMBERS.length)];
    return Buffer.from(text.slice(0, index) + changed + text.slice(index + number.length), "latin1");
  },
};

const BOMBS: Readonly<Record<TableFormat, readonly ((random: RandomStream) => Buffer)[]>> = {
  csv: [
    () => Buffer.from(`a,b\n${",".repeat(5_000_000)}`),
    () => Buffer.from(`${Array.from({ length: 150_000 }, (_, i) => `c${i % 100_000}`).join(",")}\n`),
    () => Buffer.from(`a,b\n"${"x\n".repeat(2_000_000)}`),
  ],
  xlsx: [
    () => archive(sheetReplaced(`${rowsOf("<c><v>1</v></c>".repeat(1000))}`.repeat(20_000))),
    () =>
      archive(
        sheetReplaced(
          '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        ),
      ),
    () => archive(sheetReplaced('<row r="1"><c r="ZZZ9999999"><v>1</v></c></row>')),
    (random) => archive(sheetReplaced(`<row r="1"><c r='A1e${1 + random.integer(9)}'><v>1</v></c></row>`)),
  ],
  json: [
    () => Buffer.from("[".repeat(500_000) + "]".repeat(500_000)),
    () => Buffer.from(`${'{"a":'.repeat(200_000)}0${"}".repeat(200_000)}`),
    () => Buffer.from(`{"timesSeconds": [${Array.from({ length: 500_000 }, (_, i) => i).join(",")}]}`),
  ],
};

const BOMB_EVERY = 50;
const FORMATS: readonly TableFormat[] = ["csv", "xlsx", "json"];

export function tableCase(number: number): TableCase {
  const random = new RandomStream(deriveKey(randomKey(SEED), "table-fuzz", number));
  const format = FORMATS[number % FORMATS.length];
  const pick = <T>(from: readonly T[]): T => from[random.integer(from.length)];
  if (number % BOMB_EVERY === 0) {
    return { format, name: `${format}: a bomb`, bytes: pick(BOMBS[format])(random) };
  }
  const how = pick(Object.keys(TEXT_CHANGES));
  const name = `${format}: ${how}`;
  if (format !== "xlsx") {
    const bytes = TEXT_CHANGES[how](Buffer.from(pick(format === "csv" ? CSVS : JSONS)), random);
    return { format, name, bytes };
  }
  const workbook = pick(WORKBOOKS);
  if (random.bernoulli(0.3)) {
    return {
      format,
      name: `${name}, in the archive`,
      bytes: TEXT_CHANGES[how](Buffer.from(workbook.bytes), random),
    };
  }
  // Inside the archive, whose check sums are right.
  const parts = new Map<string, Uint8Array>(workbook.parts);
  const part = pick([...parts.keys()]);
  parts.set(part, TEXT_CHANGES[how](Buffer.from(parts.get(part)!), random));
  return { format, name: `${name}, in ${part}`, bytes: archive(parts) };
}

function rowsOf(cells: string): string {
  return `<row>${cells}</row>`;
}

function sheetReplaced(rows: string): Parts {
  const parts = new Map<string, Uint8Array>(WORKBOOKS[0].parts);
  const start =
    '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>';
  parts.set("xl/worksheets/sheet2.xml", Buffer.from(`${start}${rows}</sheetData></worksheet>`));
  return parts;
}

function archive(parts: Parts): Buffer {
  return Buffer.from(zipSync(Object.fromEntries(parts), { level: 1 }));
}
