/** Which breast DICOM images show. */
import type { BreastSide, ImagedBreast } from "../../domain/breast.ts";
import type { AttributeName } from "./attributes.ts";
import type { DataSet } from "./data-set.ts";
import type { FrameGroups } from "./functional-groups.ts";

/** Defined terms (PS3.3, C.7.6.16.2.8 and 10.5). `B` is both; `U`, an unpaired part of the body, says nothing of a breast. */
const TERMS: Readonly<Record<string, BreastSide | "both">> = { L: "left", R: "right", B: "both" };

/** Laterality, CID 244 (PS3.16), in SNOMED CT and as older objects code it. */
const CODES: Readonly<Record<string, BreastSide | "both">> = {
  "7771000": "left",
  "24028007": "right",
  "51440002": "both",
  "G-A101": "left",
  "G-A100": "right",
  "G-A102": "both",
};

/** Sequences of regions of the body with their modifiers (PS3.3, 10.5). */
const REGIONS: readonly (readonly [region: AttributeName, modifier: AttributeName])[] = [
  ["AnatomicRegionSequence", "AnatomicRegionModifierSequence"],
  ["PrimaryAnatomicStructureSequence", "PrimaryAnatomicStructureModifierSequence"],
];

/**
 * The one breast that a frame shows, by the first of FrameLaterality, ImageLaterality, Laterality and the modifiers of its anatomic region
 * that says anything. BodyPartExamined has no terms for a side.
 */
export function imagedBreastOf(data: DataSet, group: FrameGroups): ImagedBreast | undefined {
  const frame = group.find("FrameAnatomySequence", "FrameAnatomySequence");
  const told: [attribute: string, side: BreastSide | "both" | undefined][] = [
    ["FrameLaterality", TERMS[frame?.text("FrameLaterality") ?? ""]],
    ["ImageLaterality", TERMS[data.text("ImageLaterality") ?? ""]],
    ["Laterality", TERMS[data.text("Laterality") ?? ""]],
    ...[frame, data].flatMap((place) =>
      REGIONS.map(([region, modifier]): (typeof told)[number] => [
        modifier,
        codedSide(place, region, modifier),
      ]),
    ),
  ];
  const first = told.find(([, side]) => side !== undefined);
  if (first === undefined || first[1] === undefined || first[1] === "both") return undefined;
  return { attribute: first[0], side: first[1] };
}

function codedSide(
  place: DataSet | undefined,
  region: AttributeName,
  modifier: AttributeName,
): BreastSide | "both" | undefined {
  const items = (place?.items(region) ?? []).flatMap((item) => item.items(modifier));
  return items.map((item) => CODES[item.text("CodeValue") ?? ""]).find((side) => side !== undefined);
}

/** What all of several frames say; undefined where they show different breasts, or one says nothing. */
export function commonBreast(frames: readonly (ImagedBreast | undefined)[]): ImagedBreast | undefined {
  const [first] = frames;
  return frames.every((frame) => frame?.side === first?.side) ? first : undefined;
}
