/** Attributes of any DICOM file, an image or not, whole or damaged. */
import { TextDecoder } from "node:util";
import { ResiduaError } from "../../domain/errors.ts";
import { readBytes } from "../files.ts";
import { type DataSet, parseDicomAttributes } from "./data-set.ts";
import type { ElementTree } from "./elements.ts";
import { readDicomHead } from "./head-file.ts";

/**
 * Is shown the attributes of every DICOM file that is read. They are good until it returns.
 *
 * @param whole false for a damaged file, of which only what stands before its pixels is known.
 */
export type Inspector = (data: DataSet, whole: boolean) => void;

/**
 * The attributes of a DICOM file, of a damaged one those before its pixels.
 *
 * @param scratch as for {@link readDicomHead}.
 * @returns undefined where the file is not DICOM, or where not even these can be read.
 */
export async function readAttributes(
  file: string,
  scratch: Uint8Array,
): Promise<{ readonly data: DataSet; readonly whole: boolean } | undefined> {
  try {
    const head = readDicomHead(file, scratch);
    return head === undefined ? undefined : { data: head.data, whole: true };
  } catch (error) {
    if (!(error instanceof ResiduaError)) throw error;
    const data = await readDamagedAttributes(file);
    return data === undefined ? undefined : { data, whole: false };
  }
}

/** What stands before the pixels of a damaged file; undefined where not even that can be read. */
export async function readDamagedAttributes(file: string): Promise<DataSet | undefined> {
  try {
    return parseDicomAttributes(await readBytes(file), file);
  } catch (error) {
    if (error instanceof ResiduaError) return undefined;
    throw error;
  }
}

/** Values in UTF-8 where they are that, else in Latin-1: enough to find them again in names of files and messages. */
export function textsOf({ elements }: ElementTree, tag: number): string[] {
  const bytes = elements.get(tag)?.bytes;
  if (bytes === undefined || bytes.length === 0) return [];
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    text = Buffer.from(bytes).toString("latin1");
  }
  return text.split("\\").flatMap((value) => value.replace(/[\0\s]+$/, "").trimStart() || []);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });
