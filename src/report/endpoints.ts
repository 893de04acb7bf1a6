/** The endpoints of a comparison: their names in words, and how a row of predictions becomes a case of them. */
import type { PathologyOutcome } from "../domain/outcome.ts";
import type {
  AucEndpoint,
  Comparison,
  EndpointName,
  SpearmanEndpoint,
} from "../statistics/comparison-result.ts";
import type { Interval } from "../statistics/distributions.ts";

export interface EndpointText {
  /** Heading and title of figures. */
  readonly title: string;
  /** In a sentence. */
  readonly phrase: string;
  readonly measure: "AUC" | "ρ";
  /** The measure of a model that knows nothing. */
  readonly noInformation: number;
  /** How a predicted burden is read for this endpoint; `null` where the report cannot draw its ROC curve. */
  readonly reading: BurdenReading | null;
}

export interface BurdenReading {
  /** Whether the case is positive, `null` where unknown. */
  readonly isPositive: (outcome: PathologyOutcome) => boolean | null;
  /** −1 where a low predicted burden speaks for the positive class. */
  readonly direction: 1 | -1;
}

export const ENDPOINT_TEXTS: Readonly<Record<EndpointName, EndpointText>> = {
  "rcb-auc": {
    title: "RCB-II/III against RCB-0/I",
    phrase: "the AUC for telling RCB-II/III from RCB-0/I",
    measure: "AUC",
    noInformation: 0.5,
    reading: {
      isPositive: ({ rcbClass }) => (rcbClass === null ? null : rcbClass === "II" || rcbClass === "III"),
      direction: 1,
    },
  },
  pcr: {
    title: "Pathological complete response",
    phrase: "the AUC for pathological complete response",
    measure: "AUC",
    noInformation: 0.5,
    reading: { isPositive: ({ pcr }) => pcr, direction: -1 },
  },
  spearman: {
    title: "Rank correlation with RCB",
    phrase: "Spearman’s correlation with RCB",
    measure: "ρ",
    noInformation: 0,
    reading: null,
  },
  binary: {
    title: "Binary outcome",
    phrase: "the AUC for the outcome",
    measure: "AUC",
    noInformation: 0.5,
    reading: null,
  },
};

/** One model's figure for any endpoint. */
export interface Estimate {
  readonly model: string;
  readonly n: number;
  readonly value: number | null;
  readonly ci: Interval | null;
  readonly ciBootstrap: Interval | null;
  /** AUCs only. */
  readonly ciLogit: Interval | null;
  /** Rank correlations only. */
  readonly p: number | null;
}

export type NamedEndpoint = { readonly name: EndpointName } & (AucEndpoint | SpearmanEndpoint);

/** The endpoints of a comparison, the primary one first, then in the order of {@link ENDPOINT_TEXTS}. */
export function endpointsOf({ endpoints, primary }: Comparison): NamedEndpoint[] {
  const order = Object.keys(ENDPOINT_TEXTS) as EndpointName[];
  return order
    .flatMap((name): NamedEndpoint[] => {
      const endpoint = endpoints[name];
      return endpoint === undefined ? [] : [{ name, ...endpoint }];
    })
    .sort((a, b) => Number(b.name === primary) - Number(a.name === primary));
}

/** The figures of all models of an endpoint, in the order of the comparison. */
export function estimatesOf(endpoint: AucEndpoint | SpearmanEndpoint): Estimate[] {
  if (endpoint.metric === "auc") {
    return Object.entries(endpoint.models).map(([model, { n, auc, ci, ciLogit, ciBootstrap }]) => ({
      model,
      n,
      value: auc,
      ci,
      ciBootstrap,
      ciLogit,
      p: null,
    }));
  }
  return Object.entries(endpoint.models).map(([model, { n, rho, ci, ciBootstrap, p }]) => ({
    model,
    n,
    value: rho,
    ci,
    ciBootstrap,
    ciLogit: null,
    p,
  }));
}
