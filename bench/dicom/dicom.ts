/**
 * `residua ingest` against dcm2niix on 1,000 slices of 256², five phases, start-up included, in turn.
 *
 *     npm run build && node bench/dicom/dicom.ts [RUNS]
 *
 * Needs dcm2niix and bash.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RandomStream, randomKey } from "../../src/domain/random.ts";

const [PHASES, SLICES, SIZE] = [5, 200, 256];
const runs = Number(process.argv[2] ?? 5);
const folder = mkdtempSync(join(tmpdir(), "residua-dicom-"));
const series = join(folder, "series");
const program = join(import.meta.dirname, "../../dist/cli/main.js");

/** Explicit little endian. */
function element(group: number, number: number, vr: string, value: string | number | Buffer): Buffer {
  const bytes =
    typeof value === "string"
      ? Buffer.from(value.length % 2 === 0 ? value : value + (vr === "UI" ? "\0" : " "), "latin1")
      : typeof value === "number"
        ? Buffer.from(Uint16Array.of(value).buffer)
        : value;
  const head = Buffer.alloc(vr === "OW" || vr === "OB" ? 12 : 8);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(number, 2);
  head.write(vr, 4, "latin1");
  if (head.length === 12) head.writeUInt32LE(bytes.length, 8);
  else head.writeUInt16LE(bytes.length, 6);
  return Buffer.concat([head, bytes]);
}

function writeSeries(): void {
  mkdirSync(series);
  const random = new RandomStream(randomKey(1));
  const noise = Float32Array.from({ length: SIZE * SIZE * 2 }, () => 12 * random.normal());
  for (let phase = 0; phase < PHASES; phase++) {
    for (let z = 0; z < SLICES; z++) {
      const pixels = new Uint16Array(SIZE * SIZE);
      const shift = random.integer(SIZE * SIZE);
      for (let i = 0; i < pixels.length; i++) {
        const [x, y, w] = [(i % SIZE) - 128, Math.floor(i / SIZE) - 128, z - 100];
        const tissue =
          400 * (1 + 0.2 * phase) * Math.exp(-2 * ((x / 90) ** 2 + (y / 80) ** 2 + (w / 80) ** 2));
        pixels[i] = Math.abs(tissue + noise[i + shift]);
      }
      const number = phase * SLICES + z + 1;
      const time = `10${String(Math.floor((90 * phase) / 60)).padStart(2, "0")}${String((90 * phase) % 60).padStart(2, "0")}`;
      const syntax = element(2, 0x10, "UI", "1.2.840.10008.1.2.1");
      const bytes = Buffer.concat([
        Buffer.alloc(128),
        Buffer.from("DICM"),
        syntax,
        element(8, 0x08, "CS", "ORIGINAL\\PRIMARY\\M\\ND"),
        element(8, 0x16, "UI", "1.2.840.10008.5.1.4.1.1.4"),
        element(8, 0x18, "UI", `1.2.3.4.${number}`),
        element(8, 0x20, "DA", "20200101"),
        element(8, 0x22, "DA", "20200101"),
        element(8, 0x30, "TM", "100000"),
        element(8, 0x32, "TM", time),
        element(8, 0x60, "CS", "MR"),
        element(8, 0x70, "LO", "SIEMENS"),
        element(8, 0x103e, "LO", "dynamic"),
        element(0x10, 0x20, "LO", "1"),
        element(0x18, 0x50, "DS", "1"),
        element(0x18, 0x80, "DS", "5"),
        element(0x18, 0x81, "DS", "2"),
        element(0x18, 0x1314, "DS", "10"),
        element(0x20, 0x0d, "UI", "1.2.3"),
        element(0x20, 0x0e, "UI", "1.2.3.4"),
        element(0x20, 0x11, "IS", "5"),
        element(0x20, 0x12, "IS", String(phase + 1)),
        element(0x20, 0x13, "IS", String(number)),
        element(0x20, 0x32, "DS", `-90\\-90\\${z - 100}`),
        element(0x20, 0x37, "DS", "1\\0\\0\\0\\1\\0"),
        element(0x20, 0x100, "IS", String(phase + 1)),
        element(0x28, 0x02, "US", 1),
        element(0x28, 0x04, "CS", "MONOCHROME2"),
        element(0x28, 0x10, "US", SIZE),
        element(0x28, 0x11, "US", SIZE),
        element(0x28, 0x30, "DS", "0.7\\0.7"),
        element(0x28, 0x100, "US", 16),
        element(0x28, 0x101, "US", 12),
        element(0x28, 0x102, "US", 11),
        element(0x28, 0x103, "US", 0),
        element(0x7fe0, 0x10, "OW", Buffer.from(pixels.buffer)),
      ]);
      writeFileSync(join(series, `IM${String((number * 7919) % 100_003).padStart(6, "0")}`), bytes);
    }
  }
}

const ingest = (out: string, more: string) =>
  `'${process.execPath}' '${program}' ingest '${series}' '${out}' --patient A --visit pre ${more}`;
const COMMANDS: Readonly<Record<string, (out: string) => string>> = {
  "dcm2niix (.nii)": (out) => `dcm2niix -o '${out}' '${series}'`,
  "residua ingest --uncompressed (.nii)": (out) => ingest(out, "--uncompressed"),
  "dcm2niix -z y (.nii.gz)": (out) => `dcm2niix -z y -o '${out}' '${series}'`,
  "residua ingest (.nii.gz)": (out) => ingest(out, ""),
};

/** Wall time and processor time in seconds. */
function measure(command: (out: string) => string): { wall: number; processor: number } {
  const out = join(folder, "out");
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out);
  const { status, stderr } = spawnSync(
    "bash",
    ["-c", `TIMEFORMAT='%R %U %S'; time ( ${command(out)} >/dev/null 2>&1 )`],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`${command(out)} failed`);
  const [wall, user, system] = stderr.trim().split(" ").map(Number);
  return { wall, processor: user + system };
}

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

writeSeries();
const results = new Map(Object.keys(COMMANDS).map((name) => [name, [] as ReturnType<typeof measure>[]]));
for (let run = 0; run < runs; run++) {
  for (const [name, command] of Object.entries(COMMANDS)) results.get(name)?.push(measure(command));
}
for (const [name, measured] of results) {
  const wall = median(measured.map((result) => result.wall));
  const processor = median(measured.map((result) => result.processor));
  process.stdout.write(`${name}: ${wall.toFixed(2)} s, ${processor.toFixed(2)} s of processor time\n`);
}
rmSync(folder, { recursive: true });
