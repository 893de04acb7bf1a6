/**
 * The hospital's own kinetic maps of a real patient (Breast-MRI-NACT-Pilot, UCSF-BR-06), made again from the phases.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import type { DceSeries } from "../../src/domain/dce.ts";
import type { LabelMap, Volume } from "../../src/domain/volume.ts";
import { measureEnhancement } from "../../src/imaging/enhancement.ts";
import { functionalTumourVolume } from "../../src/imaging/functional-tumour-volume.ts";
import { percentEnhancement, signalEnhancementRatio } from "../../src/imaging/kinetics.ts";
import { bodyMask, tissueThreshold } from "../../src/imaging/regions.ts";
import { readDceSeries } from "../../src/io/dicom/dce.ts";
import { readDicomVolume } from "../../src/io/dicom/folder.ts";
import { readDicomSegmentation } from "../../src/io/dicom/segmentation.ts";

const root = fileURLToPath(new URL("../../../shared/data/breast-dce-ucsf/UCSF-BR-06", import.meta.url));
const absent = !existsSync(root);
if (absent) process.stderr.write(`Skipped: no real examination at ${root}.\n`);

/** What the header of the hospital's SER map states, (0117,10B3) and (0117,10B4) of each item of (0117,10B0). */
const HOSPITAL = {
  "PE > 70 %": { serThreshold: 0, voxels: 41105, ml: 40.643371582 },
  "PE > 70 %, SER > 0.9": { serThreshold: 0.9, voxels: 30513, ml: 30.170324707 },
};
/** Least signal before contrast for which the hospital's maps have a value. */
const TISSUE_SIGNAL = 35;

describe.skipIf(absent)("kinetics of a real examination", () => {
  let series: DceSeries;
  let hospitalPe: Volume;
  let hospitalSer: Volume;
  let region: LabelMap;

  beforeAll(async () => {
    series = (await readDceSeries(`${root}/image_dce_3dfgre_orig`)).value;
    hospitalPe = await readDicomVolume(`${root}/image_dce_pe1`);
    hospitalSer = await readDicomVolume(`${root}/image_dce_ser`);
    const grid = series.phases[0].grid;
    const { segments } = await readDicomSegmentation(`${root}/mask/1-1.dcm`, { grid });
    region = { grid, data: Uint8Array.from(segments[0].volume.data, (value) => (value > 0 ? 1 : 0)) };
  });

  it("has its three phases at 0, 407 and 761 s", () => {
    expect(series.timesSeconds).toEqual([0, 407, 761]);
  });

  it("gives the hospital's percent enhancement on every voxel where it has one", () => {
    const pe = percentEnhancement(series.phases[0], series.phases[1]).data;
    let compared = 0;
    let equal = 0;
    hospitalPe.data.forEach((value, i) => {
      if (value === 0) return;
      compared++;
      if (Math.trunc(pe[i]) === value) equal++;
    });
    expect(compared).toBe(151_027);
    expect(equal).toBe(compared);
  });

  it("gives the hospital's signal enhancement ratio within 0.001 on 99.9 % of its voxels", () => {
    const [pre, early, late] = series.phases;
    const ser = signalEnhancementRatio(pre, early, late, { minimumPercentEnhancement: 70 }).data;
    let compared = 0;
    let close = 0;
    hospitalSer.data.forEach((value, i) => {
      if (value === 0) return;
      compared++;
      if (Math.abs(ser[i] - value) <= 0.001 + 1e-6) close++;
    });
    expect(compared).toBe(41_596);
    expect(close / compared).toBeGreaterThanOrEqual(0.999);
  });

  it.each(Object.entries(HOSPITAL))(
    "gives the hospital's functional tumour volume within 0.05 %%: %s",
    (_name, stated) => {
      const [pre, early, late] = series.phases;
      const found = functionalTumourVolume({
        pe: percentEnhancement(pre, early),
        ser: signalEnhancementRatio(pre, early, late),
        region,
        background: { pre, minimumSignal: TISSUE_SIGNAL },
        serThreshold: stated.serThreshold,
      });
      const voxels = found.mask.data.reduce((sum, value) => sum + value, 0);
      expect(Math.abs(voxels - stated.voxels) / stated.voxels).toBeLessThan(0.0005);
      expect(Math.abs(found.ml - stated.ml) / stated.ml).toBeLessThan(0.0005);
    },
  );

  it("keeps in the breast region all that enhances as tumour in the hospital's region", () => {
    const [breast, body] = (["breast", "body"] as const).map((kind) => {
      const { data } = measureEnhancement(series, undefined, { region: kind }).ftv;
      return { all: data, drawn: data.map((value, i) => (region.data[i] === 0 ? 0 : value)) };
    });
    const voxels = (data: Uint8Array) => data.reduce((sum, value) => sum + value, 0);
    expect(voxels(breast.drawn)).toBe(voxels(body.drawn));
    expect(voxels(breast.drawn) / voxels(breast.all)).toBeGreaterThan(0.97);
  });

  it("comes within 10 % of the hospital's volume without a drawn region", () => {
    const [pre, early, late] = series.phases;
    const body = bodyMask(pre);
    const found = functionalTumourVolume({
      pe: percentEnhancement(pre, early),
      ser: signalEnhancementRatio(pre, early, late),
      region: body,
      background: { pre, minimumSignal: tissueThreshold(pre, body) },
    });
    const stated = HOSPITAL["PE > 70 %"].ml;
    expect(Math.abs(found.ml - stated) / stated).toBeLessThan(0.1);
  });
});
