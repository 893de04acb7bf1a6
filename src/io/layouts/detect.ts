/** Which layout a folder is in, and what tells. */
import { existsSync } from "node:fs";
import path from "node:path";
import { DataError } from "../../domain/errors.ts";
import { foldersIn, isFolder } from "../folders.ts";
import { isDuke } from "./duke.ts";
import { isIspy } from "./ispy.ts";
import { isMamaMia } from "./mama-mia.ts";

export const LAYOUTS = ["native", "mama-mia", "ispy", "duke", "dicom"] as const;
export type Layout = (typeof LAYOUTS)[number];

export interface DetectedLayout {
  readonly layout: Layout;
  /** What was seen, in words. */
  readonly why: string;
}

interface Sign {
  readonly seen: (dir: string) => Promise<boolean>;
  readonly why: string;
}

/** From the most to the least telling; whatever is none of the others is tried as DICOM. */
const SIGNS: Readonly<Record<Layout, Sign>> = {
  native: { seen: isNative, why: "images/<patient>/<visit>/examination.json" },
  "mama-mia": { seen: isMamaMia, why: "images/<ID>/<id>_0000.nii.gz" },
  duke: { seen: isDuke, why: "folders named Breast_MRI_<number>" },
  ispy: { seen: isIspy, why: "DICOM series of patients of the I-SPY trials, at time points T0 to T3" },
  dicom: { seen: async () => true, why: "none of the signs of another layout" },
};

/** @throws {DataError} `file-missing` where there is no such folder. */
export async function detectLayout(dir: string): Promise<DetectedLayout> {
  if (!(await isFolder(dir))) throw new DataError("file-missing", { file: dir, found: "no such folder" });
  for (const layout of Object.keys(SIGNS) as Layout[]) {
    const { seen, why } = SIGNS[layout];
    if (await seen(dir)) return { layout, why };
  }
  return { layout: "dicom", why: SIGNS.dicom.why };
}

async function isNative(dir: string): Promise<boolean> {
  const images = path.join(dir, "images");
  if (!(await isFolder(images))) return false;
  for (const patient of await foldersIn(images)) {
    for (const visit of await foldersIn(path.join(images, patient))) {
      if (existsSync(path.join(images, patient, visit, "examination.json"))) return true;
    }
  }
  return false;
}
