/** How often the codes of a vector-quantised network occur, by region. */
import * as Plot from "@observablehq/plot";
import { fixed } from "../format.ts";
import type { CodeHistogram } from "../report-input.ts";
import { axes, drawFigure } from "./figure.ts";
import { INK } from "./palette.ts";

const FACET_HEIGHT = 104;
const BAR_WIDTH = 9;
const LEAST_WIDTH = 360;
const MARGIN_LEFT = 52;
const MARGIN_RIGHT = 62;

/** One row per region: bars before chemotherapy, ticks after. Codes that occur nowhere are left out. */
export function codeHistogramFigure(
  network: string,
  histograms: readonly CodeHistogram[],
  colour: string,
): string {
  const [{ pre: order }] = histograms;
  const codes = [...order.keys()]
    .filter((code) => histograms.some(({ pre, post }) => pre[code] > 0 || post[code] > 0))
    .sort((a, b) => order[b] - order[a] || a - b);
  const bars = histograms.flatMap(({ region, pre, post }) =>
    codes.map((code, rank) => ({ region, rank, pre: 100 * pre[code], post: 100 * post[code] })),
  );
  const most = histograms.map(({ region, pre }) => `${region} ${fixed(100 * Math.max(...pre), 1)} per cent`);
  const width = Math.max(LEAST_WIDTH, MARGIN_LEFT + MARGIN_RIGHT + codes.length * BAR_WIDTH);
  return drawFigure({
    label: `Shares of ${codes.length} codes of ${network}. Greatest before chemotherapy: ${most.join("; ")}.`,
    width,
    height: 48 + histograms.length * FACET_HEIGHT,
    plot: {
      marginLeft: MARGIN_LEFT,
      marginRight: MARGIN_RIGHT,
      marginTop: 10,
      marginBottom: 38,
      fy: { domain: histograms.map(({ region }) => region), padding: 0.14, label: null },
      x: { domain: [-0.6, codes.length - 0.4] },
      y: { domain: [0, 1.08 * Math.max(1, ...bars.map(({ pre, post }) => Math.max(pre, post)))] },
      marks: [
        ...axes(
          { label: "Code, by rank", format: (rank) => String(rank + 1), values: ranks(codes.length) },
          { label: "Share, %", ticks: 3 },
        ),
        Plot.axisFy({ anchor: "right", label: null }),
        Plot.rectY(bars, {
          fy: "region",
          x1: (bar: (typeof bars)[number]) => bar.rank - 0.36,
          x2: (bar: (typeof bars)[number]) => bar.rank + 0.36,
          y: "pre",
          fill: colour,
          fillOpacity: 0.75,
        }),
        Plot.ruleY(bars, {
          fy: "region",
          x1: (bar: (typeof bars)[number]) => bar.rank - 0.46,
          x2: (bar: (typeof bars)[number]) => bar.rank + 0.46,
          y: "post",
          stroke: INK,
          strokeWidth: 2,
        }),
      ],
    },
    legend: [
      { text: "before chemotherapy (bars)", colour },
      { text: "after chemotherapy (ticks)", colour: INK },
    ],
  });
}

/** The first, then every tenth, or of few codes every fifth. */
function ranks(codes: number): number[] {
  const step = codes < 20 ? 5 : 10;
  return Array.from({ length: codes }, (_, rank) => rank).filter(
    (rank) => rank === 0 || (rank + 1) % step === 0,
  );
}
