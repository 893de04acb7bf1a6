/** Reads a changed table or JSON file by everything that reads such files: each refuses it by a typed error, or reads it whole. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../src/domain/errors.ts";
import { treatColumn } from "../../src/io/deidentification/clinical-columns.ts";
import { openIdentities } from "../../src/io/deidentification/identities.ts";
import { readExaminationFile } from "../../src/io/layouts/examination-file.ts";
import { readMamaMia } from "../../src/io/layouts/mama-mia.ts";
import { readSegmentationDataset } from "../../src/io/layouts/nnunet-raw.ts";
import { readRows, readTable } from "../../src/io/tables/read.ts";
import type { Table } from "../../src/io/tables/table.ts";
import type { TableCase, TableFormat } from "./table-mutations.ts";

type Reader = (file: string, folder: string) => Promise<void>;

const READERS: Readonly<Record<TableFormat, readonly Reader[]>> = {
  csv: [(file) => readAsTable(file)],
  xlsx: [(file) => readAsTable(file, "Patients"), (file) => readAsTable(file, "dataset_info")],
  json: [
    async (file) => {
      const { timesSeconds } = await readExaminationFile(file);
      if (timesSeconds[0] !== 0) throw new Error(`times from ${timesSeconds[0]}`);
    },
    async (file) => {
      const known = (await openIdentities(file)).known();
      if (known.some(({ shiftDays }) => !Number.isInteger(shiftDays)))
        throw new Error("a shift that is none");
    },
    async (_, folder) => {
      await readSegmentationDataset(folder);
    },
    async (_, folder) => {
      const { examinations } = await readMamaMia(join(folder, "mama-mia"));
      for (const { load } of examinations) await load();
    },
  ],
};

const NAMES: Readonly<Record<TableFormat, readonly string[]>> = {
  csv: ["a.csv"],
  xlsx: ["a.xlsx"],
  json: ["dataset.json", "mama-mia/patient_info_files/a.json"],
};

/** Lays out a folder in which every reader finds the changed file. */
export function prepareFolder(folder: string, phase: Uint8Array): void {
  for (const dir of ["imagesTr", "labelsTr", "mama-mia/images/A", "mama-mia/patient_info_files"]) {
    mkdirSync(join(folder, dir), { recursive: true });
  }
  for (const name of ["a_0000", "a_0001"])
    writeFileSync(join(folder, "mama-mia/images/A", `${name}.nii`), phase);
}

/**
 * @param folder made by {@link prepareFolder}.
 * @returns the codes of the errors that refused the file, or `read`, by reader.
 * @throws {Error} where a reader threw something else than a {@link DataError}, or gave what is no table.
 */
export async function checkTableCase({ format, name, bytes }: TableCase, folder: string): Promise<string[]> {
  for (const file of NAMES[format]) writeFileSync(join(folder, file), bytes);
  const file = join(folder, NAMES[format][0]);
  const verdicts: string[] = [];
  for (const read of READERS[format]) {
    try {
      await read(file, folder);
      verdicts.push("read");
    } catch (error) {
      if (!(error instanceof DataError)) throw new Error(`${name}: ${String(error)}`, { cause: error });
      verdicts.push(error.code);
    }
  }
  return verdicts;
}

async function readAsTable(file: string, sheet?: string): Promise<void> {
  const table = await readTable(file, sheet === undefined ? {} : { sheet });
  requireWhole(table);
  const { rows } = await readRows(file, sheet);
  const [header, ...body] = rows;
  for (const [i, name] of header.cells.entries()) {
    treatColumn(
      String(name ?? ""),
      body.map(({ cells }) => cells[i]),
      () => false,
    );
  }
}

function requireWhole({ columns, rows }: Table): void {
  if (new Set(columns).size !== columns.length) throw new Error("columns of one name");
  for (const row of rows) {
    for (const column of columns) {
      const value = Object.hasOwn(row, column) ? row[column] : undefined;
      const whole = value === null || typeof value === "string" || Number.isFinite(value);
      if (!whole) throw new Error(`a cell that is ${value} in column "${column}"`);
    }
  }
}
