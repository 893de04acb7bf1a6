/**
 * How much of a known motion registration removes: simulated examinations, error in the breast against the truth.
 *
 * node bench/registration/motion.ts [PATIENTS]
 */
import type { DceSeries } from "../../src/domain/dce.ts";
import { randomKey } from "../../src/domain/random.ts";
import { simulatePatient } from "../../src/imaging/phantom/cohort.ts";
import { motionErrors } from "../../src/imaging/phantom/motion-error.ts";
import { bodyMask } from "../../src/imaging/regions.ts";
import { register } from "../../src/study/preparation/registration/register.ts";

const patients = Number(process.argv[2] ?? 4);
/** 1 is a patient who lies still; the others breathe deeply or move. */
const AMPLITUDES = [1, 2, 4];

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

for (const amplitude of AMPLITUDES) {
  const before: number[] = [];
  const after: number[] = [];
  const seconds: number[] = [];
  for (let index = 0; index < patients; index++) {
    const set = index % 2 === 0 ? "train" : "test";
    const { dce, truth } = simulatePatient(randomKey(3), { set, index }, "small", { motion: amplitude })
      .visits[0];
    const { phases }: DceSeries = dce;
    const fixed = phases[truth.referencePhase];
    const mask = bodyMask(fixed);
    for (const phase of [0, phases.length - 1]) {
      const start = performance.now();
      const { transform } = await register({ fixed, moving: phases[phase], mask, kind: "deformable" });
      seconds.push((performance.now() - start) / 1000);
      before.push(mean(motionErrors(truth, phase, fixed.grid, [])));
      after.push(mean(motionErrors(truth, phase, fixed.grid, transform)));
    }
  }
  const ratios = after.map((mm, i) => mm / before[i]);
  process.stdout.write(
    `motion x${amplitude}: ${before.length} phases, mean error ${mean(before).toFixed(2)} mm before, ${mean(after).toFixed(2)} mm after ` +
      `(ratio ${(mean(after) / mean(before)).toFixed(2)}, worst phase ${Math.max(...after).toFixed(2)} mm, ratio ${Math.max(...ratios).toFixed(2)}); ${mean(seconds).toFixed(1)} s a phase\n`,
  );
}
