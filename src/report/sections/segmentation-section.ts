/** How well each network found the tumours. */
import { type Distribution, distributionOf } from "../distribution.ts";
import { type DiceGroup, diceFigure } from "../figures/dice.ts";
import { PALETTE } from "../figures/palette.ts";
import { count, fixed, interval, MISSING, signed, slug } from "../format.ts";
import { type Html, html } from "../html.ts";
import { pngAddress } from "../picture.ts";
import type { Picture, SegmentationCase, SegmentationQuality, SetName } from "../report-input.ts";
import { figureRow, type Section } from "../section.ts";
import { renderTable } from "../table.ts";

interface CaseGroup {
  readonly set: SetName;
  readonly visit: string;
  readonly cases: readonly SegmentationCase[];
}

const SET_NAMES: Readonly<Record<SetName, string>> = { train: "training", test: "test" };

/** @param showIdentifiers whether the list of cases names them; else they are numbered */
export function segmentationSection(
  networks: readonly SegmentationQuality[],
  showIdentifiers: boolean,
): Section {
  const parts = networks.map((quality, i) =>
    networkPart(quality, PALETTE[i % PALETTE.length], i, showIdentifiers),
  );
  return {
    id: "segmentation",
    title: "Segmentation",
    figures: parts.flatMap(({ figures }) => figures),
    body: html`${parts.map(({ body }) => body)}`,
  };
}

function networkPart(quality: SegmentationQuality, colour: string, index: number, showIdentifiers: boolean) {
  const { network, cases, pictures = [] } = quality;
  const groups = groupsOf(cases);
  const dice = groups.map(
    ({ set, visit, cases: own }): DiceGroup => ({
      label: `${SET_NAMES[set]}, ${visit}`,
      values: own.flatMap((item) => (item.dice === null ? [] : [item.dice])),
    }),
  );
  const figures = dice.some(({ values }) => values.length > 0)
    ? [
        {
          name: `segmentation-${index + 1}-${slug(network)}-dice`,
          caption: "Dice coefficient of each case. Box: first to third quartile; bar: median.",
          svg: diceFigure(network, dice, colour),
        },
      ]
    : [];
  return {
    figures,
    body: html`<h3>${network}</h3>
${figureRow(figures)}${summaryTable(quality, groups)}${pictureRow(pictures)}${caseList(groups, showIdentifiers)}`,
  };
}

/** By set (training first) and visit (pre first, post last). */
function groupsOf(cases: readonly SegmentationCase[]): CaseGroup[] {
  const order = (visit: string) => (visit === "pre" ? 0 : visit === "post" ? 2 : 1);
  const visits = [...new Set(cases.map(({ visit }) => visit))].sort((a, b) => order(a) - order(b));
  return (["train", "test"] as const).flatMap((set) =>
    visits.flatMap((visit) => {
      const own = cases.filter((item) => item.set === set && item.visit === visit);
      return own.length === 0 ? [] : [{ set, visit, cases: own }];
    }),
  );
}

function summaryTable({ network, nsdToleranceMm }: SegmentationQuality, groups: readonly CaseGroup[]): Html {
  const tolerance = nsdToleranceMm === undefined ? "" : ` at ${nsdToleranceMm} mm`;
  return renderTable({
    caption: `Segmentation by ${network} against the reference`,
    columns: [
      { label: "Set, visit" },
      { label: "n", align: "number" },
      { label: "Dice, median [quartiles]", align: "number" },
      { label: "mean", align: "number" },
      { label: "HD95, mm", align: "number" },
      { label: `Surface Dice${tolerance}`, align: "number" },
      { label: "Volume error, ml", align: "number" },
    ],
    rows: groups.map(({ set, visit, cases }) => {
      const of = (read: (item: SegmentationCase) => number | null) => distributionOf(cases.map(read));
      const dice = of((item) => item.dice);
      return [
        `${SET_NAMES[set]}, ${visit}`,
        count(cases.length),
        quartiles(dice),
        fixed(dice?.mean),
        quartiles(
          of((item) => item.hd95Mm),
          1,
        ),
        quartiles(of((item) => item.nsd)),
        quartiles(
          of((item) => item.volumeErrorMl),
          2,
          signed,
        ),
      ];
    }),
    missing: "undefined for every case of the row.",
    notes: [
      `Median [first quartile, third quartile] over the cases where the measure is defined. HD95: 95th percentile of the distances between the surfaces. Volume error: predicted − reference.${undefinedNote(groups)}`,
    ],
  });
}

function undefinedNote(groups: readonly CaseGroup[]): string {
  const cases = groups.flatMap((group) => group.cases);
  const without = cases.filter(
    ({ dice, hd95Mm, nsd }) => dice === null || hd95Mm === null || nsd === null,
  ).length;
  if (without === 0) return "";
  return ` ${without} of ${cases.length} cases lack a measure, because the predicted or the reference mask is empty.`;
}

function quartiles(distribution: Distribution | null, decimals = 2, format = fixed): string {
  if (distribution === null) return MISSING;
  const { median, q1, q3 } = distribution;
  return `${format(median, decimals)} ${interval([q1, q3], format, decimals)}`;
}

function pictureRow(pictures: readonly Picture[]): Html | null {
  if (pictures.length === 0) return null;
  return html`<div class="pictures">${pictures.map(
    ({ caption, raster }) =>
      html`<figure><img src="${pngAddress(raster)}" width="${raster.width}" height="${raster.height}" alt="${caption}"><figcaption>${caption}</figcaption></figure>
`,
  )}</div>
`;
}

function caseList(groups: readonly CaseGroup[], showIdentifiers: boolean): Html {
  const cases = groups.flatMap((group) => group.cases);
  return html`<details><summary>All ${count(cases.length)} cases</summary>
${renderTable({
  caption: "Segmentation, case by case",
  columns: [
    { label: "Case" },
    { label: "Set" },
    { label: "Visit" },
    { label: "Dice", align: "number" },
    { label: "HD95, mm", align: "number" },
    { label: "Surface Dice", align: "number" },
    { label: "Reference, ml", align: "number" },
    { label: "Error, ml", align: "number" },
  ],
  rows: cases.map((item, i) => [
    showIdentifiers ? item.id : String(i + 1),
    SET_NAMES[item.set],
    item.visit,
    fixed(item.dice, 3),
    fixed(item.hd95Mm, 1),
    fixed(item.nsd, 3),
    fixed(item.referenceMl),
    signed(item.volumeErrorMl),
  ]),
  missing: "undefined, because a mask is empty, or not recorded.",
})}</details>
`;
}
