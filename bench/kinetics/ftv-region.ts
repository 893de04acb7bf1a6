/**
 * What the functional tumour volume counts in simulated patients, by its region: tumour, other tissue of the breast, chest wall; and how it goes with the true
 * volume of the tumour and with RCB.
 *
 * node bench/kinetics/ftv-region.ts [PATIENTS]
 */
import { voxelVolumeMm3 } from "../../src/domain/grid.ts";
import { randomKey } from "../../src/domain/random.ts";
import { FTV_REGIONS, measureEnhancement } from "../../src/imaging/enhancement.ts";
import { simulatePatient } from "../../src/imaging/phantom/cohort.ts";
import { spearman } from "../../src/statistics/correlation.ts";

const patients = Number(process.argv[2] ?? 40);

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

interface Counted {
  readonly ftvMl: number;
  readonly tumourMl: number;
  readonly breastMl: number;
  readonly wallMl: number;
  readonly trueMl: number;
  readonly rcb: number;
}

const counted: Record<string, Counted[]> = {};
for (let index = 0; index < patients; index++) {
  const set = index % 4 === 3 ? "test" : "train";
  const { visits, rcbScore } = simulatePatient(randomKey(1), { set, index }, "small");
  for (const { visit, dce, mask, truth } of visits) {
    for (const region of FTV_REGIONS) {
      const { ftv, measures } = measureEnhancement(dce, undefined, { region });
      const ml = voxelVolumeMm3(ftv.grid) / 1000;
      let [tumourMl, breastMl, wallMl] = [0, 0, 0];
      ftv.data.forEach((value, i) => {
        if (value === 0) return;
        if (mask.data[i] !== 0) tumourMl += ml;
        else if (truth.breast.data[i] !== 0) breastMl += ml;
        else wallMl += ml;
      });
      const trueMl = truth.maskVolumeMm3 / 1000;
      counted[`${visit}, ${region}`] ??= [];
      counted[`${visit}, ${region}`].push({
        ftvMl: measures.ftvMl,
        tumourMl,
        breastMl,
        wallMl,
        trueMl,
        rcb: rcbScore,
      });
    }
  }
}

for (const [name, rows] of Object.entries(counted)) {
  const of = (key: keyof Counted) => rows.map((row) => row[key]);
  const rho = (key: keyof Counted) => spearman(of("ftvMl"), of(key))?.rho.toFixed(2) ?? "undefined";
  process.stdout.write(
    `${name}: ${rows.length} patients, mean ${mean(of("tumourMl")).toFixed(2)} of ${mean(of("trueMl")).toFixed(2)} ml tumour, ${mean(of("breastMl")).toFixed(1)} ml in the breast beside, ` +
      `${mean(of("wallMl")).toFixed(1)} ml in the chest wall; Spearman ${rho("trueMl")} with the tumour's volume, ${rho("rcb")} with RCB\n`,
  );
}
