/** De-identified copies of DICOM files. */
import { join } from "node:path";
import { inflateRawSync } from "node:zlib";
import { ResiduaError } from "../../domain/errors.ts";
import { type DataSet, isDicom, parseDicom } from "../dicom/data-set.ts";
import { encodeFileStart } from "../dicom/writing/encode.ts";
import { readBytes, writeAtomically } from "../files.ts";
import { type Replacements, rewriteDataSet } from "./rewrite.ts";

/** Objects whose content is pixels and geometry; reports, screenshots and presentations may hold text or pictures of anything. */
const COPIED_KINDS: Readonly<Record<string, string>> = {
  "1.2.840.10008.5.1.4.1.1.4": "MR Image",
  "1.2.840.10008.5.1.4.1.1.4.1": "Enhanced MR Image",
  "1.2.840.10008.5.1.4.1.1.4.4": "Legacy Converted Enhanced MR Image",
  "1.2.840.10008.5.1.4.1.1.30": "Parametric Map",
  "1.2.840.10008.5.1.4.1.1.66.4": "Segmentation",
  "1.2.840.10008.5.1.4.1.1.66.7": "Label Map Segmentation",
};

const EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1";
const IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2";
const EXPLICIT_BIG_ENDIAN = "1.2.840.10008.1.2.2";
const DEFLATED = "1.2.840.10008.1.2.1.99";
const PREAMBLE_BYTES = 128;
/** (0002,0000) with its value takes 12 bytes and tells how many follow (PS3.10, 7.1). */
const GROUP_LENGTH_BYTES = 12;

/** Why a file has no copy. */
export type NotCopied = "kind" | "burned-in" | "damaged";

/**
 * Writes the copy of a file as `<folder>/<new SOPInstanceUID>.dcm`.
 *
 * @returns the copy's path, or why there is none: another kind of object, pixels that show an annotation, or a file that cannot be parsed.
 */
export async function copyDeidentified(
  file: string,
  folder: string,
  replacements: Replacements,
): Promise<{ readonly copy: string } | { readonly why: NotCopied }> {
  const bytes = await readBytes(file);
  let data: DataSet;
  try {
    if (!isDicom(bytes)) return { why: "kind" };
    data = parseDicom(bytes, file);
  } catch (error) {
    if (error instanceof ResiduaError) return { why: "damaged" };
    throw error;
  }
  const kind = textAt(data, 0x00080016);
  const instance = textAt(data, 0x00080018);
  if (COPIED_KINDS[kind] === undefined || instance === "") return { why: "kind" };
  if ([0x00280301, 0x00280302].some((tag) => textAt(data, tag) === "YES")) return { why: "burned-in" };
  const start = startOfDataSet(bytes);
  if (start === undefined) return { why: "kind" };
  const deflated = data.transferSyntax === DEFLATED;
  const syntax = deflated ? EXPLICIT_LITTLE_ENDIAN : data.transferSyntax;
  const encoding = {
    explicitVr: syntax !== IMPLICIT_LITTLE_ENDIAN,
    littleEndian: syntax !== EXPLICIT_BIG_ENDIAN,
  };
  const body = deflated ? inflateRawSync(bytes.subarray(start)) : bytes;
  const copied = rewriteDataSet(body, deflated ? 0 : start, encoding, replacements);
  const uid = replacements.uid(instance);
  const copy = join(folder, `${uid}.dcm`);
  await writeAtomically(copy, Buffer.concat([encodeFileStart(kind, uid, syntax), copied]));
  return { copy };
}

/** Files without the header of PS3.10, or without its length, are not copied. */
function startOfDataSet(bytes: Buffer): number | undefined {
  const meta = PREAMBLE_BYTES + 4;
  if (bytes.toString("latin1", PREAMBLE_BYTES, meta) !== "DICM") return undefined;
  if (bytes.readUInt32LE(meta) !== 0x00000002) return undefined;
  return meta + GROUP_LENGTH_BYTES + bytes.readUInt32LE(meta + 8);
}

function textAt(data: DataSet, tag: number): string {
  const bytes = data.tree.elements.get(tag)?.bytes ?? new Uint8Array(0);
  return Buffer.from(bytes)
    .toString("latin1")
    .replace(/[\0 ]+$/, "");
}
