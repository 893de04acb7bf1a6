/** What was taken from the networks' bottlenecks, how stable it is, and which codes occur. */
import { codeHistogramFigure } from "../figures/code-histogram.ts";
import type { Figure } from "../figures/figure.ts";
import { PALETTE } from "../figures/palette.ts";
import { count, fixed, list, slug } from "../format.ts";
import { type Html, html } from "../html.ts";
import type { CodeUse, FeatureSummary, StabilitySummary } from "../report-input.ts";
import { figureRow, type Section } from "../section.ts";
import { renderTable } from "../table.ts";

/** Names of regions and statistics in tables. */
const NAMES: Readonly<Record<string, string>> = {
  deviation: "standard deviation",
  code: "share of codes",
  pre: "before",
  post: "after",
};

/** Bounds after Koo & Li (2016, J Chiropr Med 15:155): good and excellent. */
const ICC_BOUNDS = [0.75, 0.9] as const;

export function featuresSection(networks: readonly FeatureSummary[]): Section {
  const parts = networks.map(networkPart);
  return {
    id: "features",
    title: "Deep features",
    figures: parts.flatMap(({ figures }) => figures),
    body: html`${parts.map(({ body }) => body)}`,
  };
}

function networkPart({ network, columns, regions, rimMm, stability, codes }: FeatureSummary, index: number) {
  const figures: Figure[] =
    codes === undefined
      ? []
      : [
          {
            name: `features-${index + 1}-${slug(network)}-codes`,
            caption: `Mean share of each code, by the network of the first fold in examinations that it has not seen. Codes in the order of their share ${inRegion(codes.histograms[0].region)} before chemotherapy; those that never occur are left out.`,
            svg: codeHistogramFigure(network, codes.histograms, PALETTE[index % PALETTE.length]),
          },
        ];
  const where = regions.map((region) => (region === "rim" ? `rim of ${rimMm} mm` : region));
  return {
    figures,
    body: html`<h3>${network}</h3>
<p>${count(columns)} features of each examination (${list(where)}), before and after chemotherapy and their change: ${count(3 * columns)} columns.</p>
${stability !== undefined && stabilityTable(network, stability)}${figureRow(figures)}${codes !== undefined && codeTable(codes)}`,
  };
}

function inRegion(region: string): string {
  return `in the ${region}`;
}

function stabilityTable(network: string, { groups, patients, minIcc, ...perturbed }: StabilitySummary): Html {
  const visits = [...new Set(groups.map(({ visit }) => visit))];
  const kinds = groups.filter(({ visit }) => visit === visits[0]);
  const shareOf = (visit: string, kind: (typeof kinds)[number], bound: number): string => {
    const group = groups.find(
      (other) => other.visit === visit && other.region === kind.region && other.statistic === kind.statistic,
    );
    const known = (group?.icc ?? []).filter((icc) => icc !== null);
    const enough = known.filter((icc) => icc >= bound).length;
    return known.length === 0 ? fixed(null) : `${Math.round((100 * enough) / known.length)} %`;
  };
  return renderTable({
    caption: `Features of ${network} that are stable under ${perturbations(perturbed)}`,
    columns: [
      { label: "Region, statistic" },
      { label: "Varying", align: "number" },
      ...visits.flatMap((visit) =>
        ICC_BOUNDS.map((bound) => ({
          label: `${NAMES[visit] ?? visit}, ICC\u00a0≥\u00a0${bound}`,
          align: "number" as const,
        })),
      ),
    ],
    rows: kinds.map((kind) => [
      `${kind.region}, ${NAMES[kind.statistic] ?? kind.statistic}`,
      count(kind.icc.filter((icc) => icc !== null).length),
      ...visits.flatMap((visit) => ICC_BOUNDS.map((bound) => shareOf(visit, kind, bound))),
    ]),
    missing: "no feature of the row varies.",
    notes: [
      `Share of the features that vary, before chemotherapy in number. ICC(2,1) of Shrout & Fleiss (1979), absolute agreement of a single measurement, over ${count(patients)} training patients, each seen by the network that has not seen the patient; differences between networks left out.${minIcc === undefined ? "" : ` Deep models look at features with an ICC of at least ${minIcc} in the patients that train them.`}`,
    ],
  });
}

function perturbations({
  shiftsVoxels,
  mirrorAxes,
}: Pick<StabilitySummary, "shiftsVoxels" | "mirrorAxes">): string {
  const voxels = list(shiftsVoxels.map((shift) => fixed(shift, 0)));
  const shifts =
    shiftsVoxels.length === 0
      ? []
      : [
          shiftsVoxels.length === 1
            ? `a shift by ${voxels} voxel${Math.abs(shiftsVoxels[0]) === 1 ? "" : "s"}`
            : `shifts by ${voxels} voxels`,
        ];
  const mirrors =
    mirrorAxes === 0 ? [] : [`mirroring along ${mirrorAxes === 1 ? "one axis" : `${mirrorAxes} axes`}`];
  return list([...shifts, ...mirrors]);
}

function codeTable({ region, networks }: CodeUse): Html {
  return renderTable({
    caption: "Use of the codebook",
    columns: [
      { label: "Network" },
      { label: "Codes", align: "number" },
      { label: "Used", align: "number" },
      { label: "Perplexity", align: "number" },
    ],
    rows: networks.map(({ fold, codes, used, perplexity }) => [
      `fold ${fold}`,
      count(codes),
      count(used),
      fixed(perplexity, 1),
    ]),
    notes: [
      `${inRegion(region)[0].toUpperCase()}${inRegion(region).slice(1)}, over examinations that the network has not seen. Perplexity: how many codes used equally often would be as varied.`,
    ],
  });
}
