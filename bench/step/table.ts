/**
 * The table of the native engine against PyTorch, as Markdown: each measurement in a process of its own, the two sides in turn, medians over
 * the rounds. See README.md.
 */
import { execFile } from "node:child_process";
import { parseArgs, promisify } from "node:util";

const { values } = parseArgs({
  options: {
    /** A Python with torch. */
    python: { type: "string", default: "python3" },
    rounds: { type: "string", default: "3" },
    steps: { type: "string", default: "5" },
    /** Another size, to try the script itself. */
    features: { type: "string", default: "32,64,128,256,320" },
    patch: { type: "string", default: "64,64,64" },
    window: { type: "string", default: "96,96,96" },
    volume: { type: "string", default: "160,256,256" },
    /** Edge and features of the sizes whose time per voxel is compared. */
    sizes: { type: "string", default: "64:32,64,128,256,320 96:32,64,128,256,320 128:32,64,128,256,320,320" },
    skip: { type: "string", default: "" },
  },
});

interface Measured {
  readonly medianSeconds: number;
  readonly peakMiB: number;
  readonly convolutionShare?: number | null;
}
type Side = "native bf16" | "native fp32" | "PyTorch bf16" | "PyTorch fp32";
type Mode = "train" | "infer" | "volume";

const TASK = ["--channels", "2", "--classes", "2"];
const run = promisify(execFile);

async function measure(side: Side, mode: Mode, rest: readonly string[]): Promise<Measured> {
  const [tool, precision] = side.split(" ");
  const args = ["--mode", mode, "--precision", precision, ...TASK, ...rest];
  const [command, script] =
    tool === "native"
      ? [process.execPath, ["bench/step/step.ts", "--engine", "native"]]
      : [values.python, ["bench/step/step.py"]];
  const { stdout } = await run(command, [...script, ...args], { maxBuffer: 2 ** 24 });
  const measured = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Measured;
  process.stderr.write(`${side} ${mode} ${rest.join(" ")}: ${measured.medianSeconds.toFixed(3)} s\n`);
  return measured;
}

/** All sides once per round, in turn. */
async function inTurn<S extends Side>(
  sides: readonly S[],
  mode: Mode,
  rest: readonly string[],
): Promise<Record<S, Measured>> {
  const found = Object.fromEntries(sides.map((side) => [side, [] as Measured[]])) as Record<S, Measured[]>;
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const side of sides) found[side].push(await measure(side, mode, rest));
  }
  const combined = sides.map((side) => {
    const of = (value: (measured: Measured) => number) => median(found[side].map(value));
    return [
      side,
      {
        medianSeconds: of(({ medianSeconds }) => medianSeconds),
        peakMiB: of(({ peakMiB }) => peakMiB),
        convolutionShare: of(({ convolutionShare }) => convolutionShare ?? Number.NaN),
      },
    ];
  });
  return Object.fromEntries(combined);
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

const lines: string[] = [];
const write = (...cells: readonly (string | number)[]) => lines.push(`| ${cells.join(" | ")} |`);
const seconds = (value: number) => `${value.toPrecision(3)} s`;
const ratio = (a: number, b: number) => (a / b).toFixed(2);
const skipped = new Set(values.skip.split(","));

write("", "native", "PyTorch", "ratio", "to reach", "aim");
write("---", "---", "---", "---", "---", "---");
const compare = (title: string, ours: Measured, theirs: Measured, toReach: string, aim: string) =>
  write(
    title,
    seconds(ours.medianSeconds),
    seconds(theirs.medianSeconds),
    ratio(ours.medianSeconds, theirs.medianSeconds),
    `≤ ${toReach}`,
    `≤ ${aim}`,
  );

const network = [
  "--features",
  values.features,
  "--patch",
  values.patch,
  "--steps",
  values.steps,
  "--batch",
  "2",
];
if (!skipped.has("train")) {
  const sides = ["native bf16", "PyTorch fp32", "PyTorch bf16", "native fp32"] as const;
  const train = await inTurn(sides, "train", network);
  const bf16 = train["native bf16"];
  compare("training step, bf16 / PyTorch fp32", bf16, train["PyTorch fp32"], "0.20", "0.10");
  compare("training step, bf16 / PyTorch bf16", bf16, train["PyTorch bf16"], "0.45", "0.25");
  compare("training step, fp32 / PyTorch fp32", train["native fp32"], train["PyTorch fp32"], "0.80", "0.50");
  const memory = [bf16.peakMiB, train["PyTorch fp32"].peakMiB] as const;
  const inMiB = memory.map((mib) => `${Math.round(mib)} MiB`);
  write("peak memory of a step, bf16 / PyTorch fp32", ...inMiB, ratio(...memory), "≤ 0.60", "≤ 0.40");
  const outside = `${Math.round(100 * (1 - (bf16.convolutionShare ?? Number.NaN)))} %`;
  write("share of time outside convolutions, bf16", outside, "", "", "≤ 40 %", "≤ 20 %");
}
if (!skipped.has("infer")) {
  const infer = await inTurn(["native bf16", "PyTorch bf16"], "infer", network);
  compare("inference, bf16 / PyTorch bf16", infer["native bf16"], infer["PyTorch bf16"], "0.40", "0.20");
}
if (!skipped.has("volume")) {
  const windows = ["--features", values.features, "--patch", values.window, "--batch", "1"];
  const volume = await inTurn(["native bf16", "PyTorch bf16"], "volume", [
    ...windows,
    ...["--volume", values.volume, "--steps", "1"],
  ]);
  const title = `a ${values.volume.split(",").reverse().join("x")} volume, windows of ${values.window.split(",").join("x")}`;
  compare(title, volume["native bf16"], volume["PyTorch bf16"], "0.40", "0.20");
}

if (!skipped.has("sizes")) {
  lines.push("");
  write("patch, features", "native bf16 training step", "per million voxels", "against the first");
  write("---", "---", "---", "---");
  let first: number | undefined;
  for (const size of values.sizes.split(" ")) {
    const [edge, features] = size.split(":");
    const rest = [
      "--features",
      features,
      "--patch",
      `${edge},${edge},${edge}`,
      "--batch",
      "2",
      "--steps",
      values.steps,
    ];
    const { "native bf16": step } = await inTurn(["native bf16"], "train", rest);
    const perMillion = (step.medianSeconds / (2 * Number(edge) ** 3)) * 1e6;
    first ??= perMillion;
    const cells = [seconds(step.medianSeconds), seconds(perMillion), ratio(perMillion, first)];
    write(`${edge}³, ${features.replaceAll(",", ", ")}`, ...cells);
  }
}
process.stdout.write(`${lines.join("\n")}\n`);
