/** Writes small DICOM files, explicit little endian, for fixtures. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Grid, Triple } from "../../src/domain/grid.ts";
import { toWorld } from "../../src/domain/grid.ts";

type Value = string | number | readonly number[] | Uint8Array | readonly Element[][];
export type Element = readonly [tag: number, vr: string, value: Value];

/** Writes elements in the order of their tags, behind a preamble with its meta header. */
export function writeDicom(file: string, elements: readonly Element[]): void {
  const meta = encode([[0x00020010, "UI", "1.2.840.10008.1.2.1"]]);
  const length = encode([[0x00020000, "UL", meta.length]]);
  const body = encode(elements);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, Buffer.concat([Buffer.alloc(128), Buffer.from("DICM"), length, meta, body]));
}

const LONG = new Set(["OB", "OW", "SQ"]);

function encode(elements: readonly Element[]): Buffer {
  const sorted = [...elements].sort((a, b) => a[0] - b[0]);
  return Buffer.concat(
    sorted.flatMap(([tag, vr, value]) => {
      const content = valueBytes(vr, value);
      const head = Buffer.alloc(LONG.has(vr) ? 12 : 8);
      head.writeUInt16LE(tag >>> 16, 0);
      head.writeUInt16LE(tag & 0xffff, 2);
      head.write(vr, 4, "latin1");
      if (LONG.has(vr)) head.writeUInt32LE(content.length, 8);
      else head.writeUInt16LE(content.length, 6);
      return [head, content];
    }),
  );
}

function valueBytes(vr: string, value: Value): Buffer {
  if (vr === "SQ") {
    return Buffer.concat(
      (value as readonly Element[][]).flatMap((item) => {
        const content = encode(item);
        const head = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0]);
        head.writeUInt32LE(content.length, 4);
        return [head, content];
      }),
    );
  }
  if (value instanceof Uint8Array) return padded(Buffer.from(value), 0);
  if (vr === "US" || vr === "UL") {
    const numbers = [value].flat() as number[];
    const size = vr === "US" ? 2 : 4;
    const bytes = Buffer.alloc(size * numbers.length);
    for (const [i, number] of numbers.entries()) bytes.writeUIntLE(number, i * size, size);
    return bytes;
  }
  const text = Array.isArray(value) ? value.join("\\") : String(value);
  return padded(Buffer.from(text, "latin1"), vr === "UI" ? 0 : 32);
}

function padded(bytes: Buffer, fill: number): Buffer {
  return bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.from([fill])]);
}

/** DS holds 16 characters. */
const decimals = (values: readonly number[]) =>
  values.map((value) => String(Number(value.toFixed(9))).slice(0, 16)).join("\\");

export interface SliceTags {
  readonly patientId: string;
  readonly study: string;
  readonly studyDescription: string;
  readonly seriesUid: string;
  readonly seriesDescription: string;
  readonly imageType: string;
  readonly acquisitionTime?: string;
  readonly temporalPosition?: number;
  readonly timePoint?: string;
  /** Whatever else the files state. */
  readonly more?: readonly Element[];
}

let instances = 0;

/** One MR file per slice of a phase. */
export function writePhase(
  folder: string,
  prefix: string,
  grid: Grid,
  data: ArrayLike<number>,
  tags: SliceTags,
): void {
  const [slices, rows, columns] = grid.shape;
  for (let slice = 0; slice < slices; slice++) {
    instances++;
    const pixels = Int16Array.from({ length: rows * columns }, (_, i) => data[slice * rows * columns + i]);
    writeDicom(path.join(folder, `${prefix}-${String(slice).padStart(3, "0")}.dcm`), [
      [0x00080008, "CS", tags.imageType],
      [0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.4"],
      [0x00080018, "UI", `1.2.3.${instances}`],
      ...(tags.acquisitionTime === undefined ? [] : [[0x00080032, "TM", tags.acquisitionTime] as const]),
      [0x00080060, "CS", "MR"],
      [0x00081030, "LO", tags.studyDescription],
      [0x0008103e, "LO", tags.seriesDescription],
      [0x00100020, "LO", tags.patientId],
      ...(tags.timePoint === undefined ? [] : [[0x00120050, "LO", tags.timePoint] as const]),
      [0x00180050, "DS", decimals([grid.spacingMm[0]])],
      [0x0020000d, "UI", tags.study],
      [0x0020000e, "UI", tags.seriesUid],
      [0x00200011, "IS", "1"],
      ...(tags.temporalPosition === undefined
        ? []
        : [[0x00200100, "IS", String(tags.temporalPosition)] as const]),
      [0x00200032, "DS", decimals(toWorld(grid, [slice, 0, 0]))],
      [0x00200037, "DS", decimals([...grid.direction[2], ...grid.direction[1]])],
      [0x00200052, "UI", `${tags.study}.9`],
      [0x00280002, "US", 1],
      [0x00280004, "CS", "MONOCHROME2"],
      [0x00280010, "US", rows],
      [0x00280011, "US", columns],
      [0x00280030, "DS", decimals([grid.spacingMm[1], grid.spacingMm[2]])],
      [0x00280100, "US", 16],
      [0x00280101, "US", 16],
      [0x00280102, "US", 15],
      [0x00280103, "US", 1],
      ...(tags.more ?? []),
      [0x7fe00010, "OW", new Uint8Array(pixels.buffer)],
    ]);
  }
}

/** A fractional segmentation of one segment; frames run against the slices, and cover those from `first` to `last`. */
export function writeSegmentation(
  file: string,
  grid: Grid,
  codes: Uint8Array,
  [first, last]: readonly [number, number],
  tags: SliceTags,
): void {
  const [, rows, columns] = grid.shape;
  const plane = rows * columns;
  const slices = Array.from({ length: last - first + 1 }, (_, i) => last - i);
  const position = (slice: number): Triple => toWorld(grid, [slice, 0, 0]);
  writeDicom(file, [
    [0x00080008, "CS", "DERIVED\\PRIMARY"],
    [0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.66.4"],
    [0x00080018, "UI", `1.2.4.${++instances}`],
    [0x00080060, "CS", "SEG"],
    [0x00081030, "LO", tags.studyDescription],
    [0x0008103e, "LO", tags.seriesDescription],
    [0x00100020, "LO", tags.patientId],
    ...(tags.timePoint === undefined ? [] : [[0x00120050, "LO", tags.timePoint] as const]),
    [0x0020000d, "UI", tags.study],
    [0x0020000e, "UI", tags.seriesUid],
    [0x00280002, "US", 1],
    [0x00280004, "CS", "MONOCHROME2"],
    [0x00280008, "IS", String(slices.length)],
    [0x00280010, "US", rows],
    [0x00280011, "US", columns],
    [0x00280100, "US", 8],
    [0x00280101, "US", 8],
    [0x00280102, "US", 7],
    [0x00280103, "US", 0],
    [0x00620001, "CS", "FRACTIONAL"],
    [
      0x00620002,
      "SQ",
      [
        [
          [0x00620004, "US", 1],
          [0x00620005, "LO", "VOI"],
        ],
      ],
    ],
    [0x0062000e, "US", 255],
    [
      0x52009229,
      "SQ",
      [
        [
          [0x00209116, "SQ", [[[0x00200037, "DS", decimals([...grid.direction[2], ...grid.direction[1]])]]]],
          [
            0x00289110,
            "SQ",
            [
              [
                [0x00180050, "DS", decimals([grid.spacingMm[0]])],
                [0x00280030, "DS", decimals([grid.spacingMm[1], grid.spacingMm[2]])],
              ],
            ],
          ],
        ],
      ],
    ],
    [
      0x52009230,
      "SQ",
      slices.map((slice): Element[] => [
        [0x00209113, "SQ", [[[0x00200032, "DS", decimals(position(slice))]]]],
        [0x0062000a, "SQ", [[[0x0062000b, "US", 1]]]],
      ]),
    ],
    [
      0x7fe00010,
      "OB",
      Uint8Array.from(slices.flatMap((slice) => [...codes.subarray(slice * plane, (slice + 1) * plane)])),
    ],
  ]);
}
