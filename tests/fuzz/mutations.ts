/** Image files changed as damage, or malice, changes them. The same number gives the same file. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { deriveKey, RandomStream, randomKey } from "../../src/domain/random.ts";

export interface FuzzCase {
  readonly format: Format;
  /** The file that was changed, and how. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export type Format = "dicom" | "nifti" | "nrrd";

export const SEED = 20261124;
const FORMATS: readonly Format[] = ["dicom", "nifti", "nrrd"];
const ENDINGS: Readonly<Record<Format, RegExp>> = {
  dicom: /(\.dcm|IM_0001|I000|M0)$/,
  nifti: /\.nii(\.gz)?$/,
  nrrd: /\.nrrd$/,
};

const golden = join(import.meta.dirname, "../golden/io");

/** The project's own small files, by format. */
const ORIGINALS: Readonly<Record<Format, readonly { name: string; bytes: Uint8Array }[]>> = (() => {
  const all = readdirSync(golden, { recursive: true, encoding: "utf8" }).sort();
  const of = (format: Format) =>
    all
      .filter((name) => ENDINGS[format].test(name))
      .map((name) => ({ name, bytes: readFileSync(join(golden, name)) }));
  return { dicom: of("dicom"), nifti: of("nifti"), nrrd: of("nrrd") };
})();

/** A change that damages any file. */
export type Damage = (bytes: Buffer, random: RandomStream) => Buffer;
type Mutation = (bytes: Buffer, random: RandomStream, format: Format) => Buffer;

/** Values that lengths and sizes are forged with. */
const FORGED = [0, 1, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
const HUGE_TEXT = ["0", "-1", "65535", "99999", "2147483647", "1e9", "NaN", "1e308", "99999999999999999999"];
const SIZE_TAGS = [0x00100028, 0x00110028, 0x00080028, 0x01000028, 0x01010028, 0x00020028];

export const DAMAGES: Readonly<Record<string, Damage>> = {
  "bits flipped": (bytes, random) => {
    for (let k = 1 + random.integer(16); k > 0; k--)
      bytes[random.integer(bytes.length)] ^= 1 << random.integer(8);
    return bytes;
  },
  cut: (bytes, random) => bytes.subarray(0, random.integer(bytes.length)),
  "a piece lost": (bytes, random) => {
    const at = random.integer(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.integer(64))]);
  },
  "a piece doubled": (bytes, random) => {
    const at = random.integer(bytes.length);
    const end = Math.min(bytes.length, at + 1 + random.integer(256));
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
  },
};

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  // The order of the names decides which file a number gives.
  "bits flipped": DAMAGES["bits flipped"],
  "bits flipped in the header": (bytes, random) => {
    const head = Math.min(bytes.length, 900);
    for (let k = 1 + random.integer(6); k > 0; k--) bytes[random.integer(head)] ^= 1 << random.integer(8);
    return bytes;
  },
  ...DAMAGES,
  "lengths forged": (bytes, random) => {
    for (let k = 1 + random.integer(3); k > 0; k--) {
      const value = FORGED[random.integer(FORGED.length)];
      const at = random.integer(Math.max(1, Math.min(bytes.length, 1200) - 4));
      if (random.uniform() < 0.5) bytes.writeUInt16LE(value & 0xffff, at);
      else bytes.writeUInt32LE(value, at);
    }
    return bytes;
  },
  "huge dimensions": (bytes, random, format) => HUGE[format](bytes, random),
  "a gzip bomb": (bytes, random, format) => BOMBS[format](bytes, random),
};

const HUGE: Readonly<Record<Format, (bytes: Buffer, random: RandomStream) => Buffer>> = {
  dicom(bytes, random) {
    const tag = Buffer.alloc(4);
    tag.writeUInt32LE(SIZE_TAGS[random.integer(SIZE_TAGS.length)]);
    const at = bytes.indexOf(tag, 132);
    if (at < 0 || at + 10 > bytes.length) return bytes;
    bytes.writeUInt16LE(FORGED[random.integer(FORGED.length)] & 0xffff, at + 8);
    return bytes;
  },
  nifti(bytes, random) {
    const version2 = bytes.readInt32LE(0) === 540;
    const axis = random.integer(4);
    if (version2) bytes.writeBigInt64LE(BigInt(FORGED[random.integer(FORGED.length)]), 16 + 8 * axis);
    else bytes.writeUInt16LE(FORGED[random.integer(FORGED.length)] & 0xffff, 40 + 2 * axis);
    return bytes;
  },
  nrrd(bytes, random) {
    const text = bytes.toString("latin1");
    const numbers = [...text.slice(0, 600).matchAll(/-?\d+(\.\d+)?/g)];
    if (numbers.length === 0) return bytes;
    const match = numbers[random.integer(numbers.length)];
    const value = HUGE_TEXT[random.integer(HUGE_TEXT.length)];
    return Buffer.from(
      text.slice(0, match.index) + value + text.slice(match.index + match[0].length),
      "latin1",
    );
  },
};

let zeros: Buffer | undefined;
/** A quarter of a gibibyte of zeros, in 256 KiB; four of them one after the other are one stream, too. */
function bomb(): Buffer {
  zeros ??= gzipSync(Buffer.alloc(2 ** 28));
  return zeros;
}

/** An honest header of an image that is far larger than the file, and data that expand to it. */
const BOMBS: Readonly<Record<Format, (bytes: Buffer, random: RandomStream) => Buffer>> = {
  dicom(bytes, random) {
    const deflated = ORIGINALS.dicom.find(({ name }) => name.endsWith("deflated.dcm"))?.bytes ?? bytes;
    // The length of the file's header, by its first element; then a deflate stream without the frame of gzip.
    const meta = deflated.subarray(0, 144 + Buffer.from(deflated).readUInt32LE(140));
    return random.bernoulli(0.5)
      ? Buffer.concat([meta, bomb().subarray(10, -8)])
      : Buffer.concat([bytes.subarray(0, 400), bomb()]);
  },
  nifti(bytes, random) {
    const plain = bytes[0] === 0x1f ? bytes : bytes.subarray(0, Math.min(bytes.length, 352));
    if (plain.length < 352 || bytes[0] === 0x1f) return Buffer.concat([bytes, bomb(), bomb()]);
    const sizes = [3, 800 + random.integer(4000), 800 + random.integer(4000), 100 + random.integer(2000)];
    sizes.forEach((size, i) => {
      plain.writeInt16LE(size, 40 + 2 * i);
    });
    return Buffer.concat([gzipSync(plain), bomb(), bomb(), bomb(), bomb()]);
  },
  nrrd(_, random) {
    const sizes = [0, 1, 2].map(() => 400 + random.integer(1600)).join(" ");
    const header = `NRRD0004\ntype: ${random.uniform() < 0.5 ? "uchar" : "float"}\ndimension: 3\nspace: LPS\nsizes: ${sizes}\nspace directions: (1,0,0) (0,1,0) (0,0,1)\nspace origin: (0,0,0)\nendian: little\nencoding: gzip\n\n`;
    return Buffer.concat([Buffer.from(header), bomb(), bomb(), bomb(), bomb()]);
  },
};

/** Bombs take longest, so they are rare. */
const NAMES = Object.keys(MUTATIONS);
const BOMB_EVERY = 50;

export function fuzzCase(number: number): FuzzCase {
  const random = new RandomStream(deriveKey(randomKey(SEED), "fuzz", number));
  const format = FORMATS[number % FORMATS.length];
  const original = ORIGINALS[format][random.integer(ORIGINALS[format].length)];
  const mutation = number % BOMB_EVERY === 0 ? "a gzip bomb" : NAMES[random.integer(NAMES.length - 1)];
  const bytes = MUTATIONS[mutation](Buffer.from(original.bytes), random, format);
  return { format, name: `${original.name}: ${mutation}`, bytes };
}
