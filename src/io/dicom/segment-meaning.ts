/** What a segment says that it shows (PS3.3, C.8.20.4): its coded type and its label. */
import type { DataSet } from "./data-set.ts";
import { required } from "./instance.ts";

export interface SegmentDescription {
  /** From 1, as frames refer to it. */
  readonly number: number;
  readonly label: string;
  /** Code of the segmented property's type, e.g. `SCT 108369006`; undefined where none is given. */
  readonly type: string | undefined;
  /** Whether an algorithm drew it without a person (SegmentAlgorithmType). */
  readonly automatic: boolean;
}

/** All segments but 0: label maps may describe what is outside all segments, too (PS3.3, C.8.20.2). */
export function describedSegments(data: DataSet): SegmentDescription[] {
  return data.items("SegmentSequence").flatMap((item) => {
    const number = required(item, "SegmentNumber", 1)[0];
    if (number === 0) return [];
    const code = item.items("SegmentedPropertyTypeCodeSequence")[0];
    return [
      {
        number,
        label: item.text("SegmentLabel") ?? "",
        type:
          code === undefined
            ? undefined
            : `${code.text("CodingSchemeDesignator") ?? ""} ${code.text("CodeValue") ?? ""}`,
        automatic: item.text("SegmentAlgorithmType") === "AUTOMATIC",
      },
    ];
  });
}

/**
 * Types that mean a tumour (PS3.16, CID 7159): lesion, mass, neoplasm, primary neoplasm. SRT are the codes of SNOMED-RT of older objects
 * (PS3.16, annex O). Secondary neoplasms are not here: they may lie in a lymph node.
 */
const TUMOUR_TYPES: ReadonlySet<string> = new Set([
  "SCT 52988006",
  "SRT M-01100",
  "SCT 4147007",
  "SRT M-03000",
  "SCT 108369006",
  "SRT M-8FFFF",
  "SCT 372087000",
  "SCT 86049000",
  "SRT M-80003",
]);

/** Types that say as good as nothing, which editors write by default: tissue, (abnormal) structure. The label then tells. */
const GENERAL_TYPES: ReadonlySet<string> = new Set([
  "SCT 85756007",
  "SRT T-D0050",
  "SCT 91723000",
  "SRT T-D0005",
  "SCT 49755003",
  "SRT M-01000",
]);

const words = (list: string): ReadonlySet<string> => new Set(list.split(" "));
const TUMOUR_WORDS = words(
  "tumour tumours tumor tumors lesion lesions neoplasm neoplasms cancer carcinoma mass masses",
);
/** Words of labels such as "no tumour", "tumour bed", "lymph node lesion": another thing, or only a part or the surroundings. */
const OTHER_WORDS = words(
  "no non not without outside around peri near bed rim margin border box bbox voi roi region area background normal healthy benign cyst necrosis necrotic edema oedema core node nodes lymph axilla axillary clip marker",
);

/** Whether a label names a tumour, and nothing beside it. */
export function namesTumour(label: string): boolean {
  return hasWord(label, TUMOUR_WORDS) && !hasWord(label, OTHER_WORDS);
}

/** Whether a segment means a tumour: by its coded type, or where this says nothing, by its label. */
export function meansTumour({ type, label }: Pick<SegmentDescription, "type" | "label">): boolean {
  if (type === undefined || GENERAL_TYPES.has(type)) return namesTumour(label);
  return TUMOUR_TYPES.has(type) && !hasWord(label, OTHER_WORDS);
}

/** Words of "breastTumor_1" are breast and tumor. */
function hasWord(label: string, list: ReadonlySet<string>): boolean {
  const parts = label.replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2").toLowerCase();
  return parts.split(/[^\p{L}]+/u).some((word) => list.has(word));
}
