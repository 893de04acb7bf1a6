/** Writes small DICOM slices with chosen attributes, explicit little endian. */
import { writeFile } from "node:fs/promises";
import { ATTRIBUTES, type AttributeName } from "../../../src/io/dicom/attributes.ts";

export type MadeAttributes = Partial<Record<AttributeName, string | number>>;

const IMAGE: MadeAttributes = {
  SOPClassUID: "1.2.840.10008.5.1.4.1.1.4",
  Modality: "MR",
  StudyInstanceUID: "1.2.3",
  FrameOfReferenceUID: "1.2.3.9",
  ImageType: "ORIGINAL\\PRIMARY",
  ImageOrientationPatient: "1\\0\\0\\0\\1\\0",
  PixelSpacing: "0.8\\0.7",
  SamplesPerPixel: 1,
  Rows: 2,
  Columns: 3,
  BitsAllocated: 16,
  BitsStored: 16,
  HighBit: 15,
  PixelRepresentation: 1,
};

let made = 0;

/** A slice of 2x3 pixels, all of one value. */
export async function writeSlice(file: string, value: number, attributes: MadeAttributes): Promise<void> {
  made += 1;
  const all: MadeAttributes = { ...IMAGE, SOPInstanceUID: `1.2.3.4.${made}`, ...attributes };
  const elements = (Object.keys(all) as AttributeName[])
    .sort((a, b) => ATTRIBUTES[a].tag - ATTRIBUTES[b].tag)
    .map((name) => element(ATTRIBUTES[name].tag, ATTRIBUTES[name].vr, valueBytes(all[name] ?? "")));
  const meta = element(ATTRIBUTES.TransferSyntaxUID.tag, "UI", valueBytes("1.2.840.10008.1.2.1"));
  const pixels = Buffer.from(Int16Array.of(value, value, value, value, value, value).buffer);
  await writeFile(
    file,
    Buffer.concat([
      Buffer.alloc(128),
      Buffer.from("DICM"),
      meta,
      ...elements,
      element(0x7fe00010, "OW", pixels),
    ]),
  );
}

function valueBytes(value: string | number): Buffer {
  if (typeof value === "number") return Buffer.from(Uint16Array.of(value).buffer);
  return Buffer.from(value.length % 2 === 0 ? value : `${value} `, "latin1");
}

function element(tag: number, vr: string, value: Buffer): Buffer {
  const head = Buffer.alloc(vr === "OW" ? 12 : 8);
  head.writeUInt16LE(tag >>> 16, 0);
  head.writeUInt16LE(tag & 0xffff, 2);
  head.write(vr, 4, "latin1");
  if (vr === "OW") head.writeUInt32LE(value.length, 8);
  else head.writeUInt16LE(value.length, 6);
  return Buffer.concat([head, value]);
}
