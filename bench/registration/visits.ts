/**
 * How much of a known repositioning registration of the second visit to the first removes: simulated patients who lie otherwise after chemotherapy, on the
 * same scanner or another; error in the breast outside the tumour against the truth, and what it does to the volume of the tumour's mask.
 *
 * node bench/registration/visits.ts [PATIENTS]
 */
import { randomKey } from "../../src/domain/random.ts";
import { simulatePatient } from "../../src/imaging/phantom/cohort.ts";
import { visitErrors } from "../../src/imaging/phantom/motion-error.ts";
import { bodyMask } from "../../src/imaging/regions.ts";
import { middleShift } from "../../src/imaging/registration/start.ts";
import { warpLabels } from "../../src/imaging/registration/warp.ts";
import { volumeMl } from "../../src/imaging/shape.ts";
import { register } from "../../src/study/preparation/registration/register.ts";

const patients = Number(process.argv[2] ?? 8);
const KINDS = ["rigid", "deformable"] as const;

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

for (const kind of KINDS) {
  const before: number[] = [];
  const after: number[] = [];
  const seconds: number[] = [];
  /** Of the tumour's mask after over before it was carried. */
  const volumes: number[] = [];
  for (let index = 0; index < patients; index++) {
    const set = index % 2 === 0 ? "train" : "test";
    const { visits } = simulatePatient(randomKey(3), { set, index }, "small", { repositioning: 1 });
    const [pre, post] = visits;
    const fixed = pre.dce.phases[pre.truth.referencePhase];
    const moving = post.dce.phases[post.truth.referencePhase];
    const mask = bodyMask(fixed);
    const middles = [middleShift(mask, bodyMask(moving))];
    const start = performance.now();
    const { transform } = await register({ fixed, moving, mask, kind, middles });
    seconds.push((performance.now() - start) / 1000);
    before.push(mean(visitErrors(pre, post, [])));
    after.push(mean(visitErrors(pre, post, transform)));
    const ml = volumeMl(post.mask);
    if (ml >= 0.5) volumes.push(volumeMl(warpLabels(post.mask, transform, fixed.grid)) / ml);
  }
  const ratios = after.map((mm, i) => mm / before[i]);
  process.stdout.write(
    `${kind}: ${patients} visits, mean error ${mean(before).toFixed(2)} mm before, ${mean(after).toFixed(2)} mm after (ratio ${(mean(after) / mean(before)).toFixed(2)}, ` +
      `worst visit ${Math.max(...after).toFixed(2)} mm, ratio ${Math.max(...ratios).toFixed(2)}); volume of ${volumes.length} masks times ${mean(volumes).toFixed(3)} ` +
      `(${Math.min(...volumes).toFixed(3)} to ${Math.max(...volumes).toFixed(3)}); ${mean(seconds).toFixed(1)} s a visit\n`,
  );
}
