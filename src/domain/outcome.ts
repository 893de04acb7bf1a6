/** What pathology found after surgery, as far as it is known. */
import { type RcbClass, rcbClassOfScore } from "./rcb.ts";

export interface PathologyOutcome {
  /** RCB index, where the score itself is known. */
  readonly rcbScore: number | null;
  /** RCB class, from the score or as given. */
  readonly rcbClass: RcbClass | null;
  /** Pathological complete response, from the class or as given. */
  readonly pcr: boolean | null;
}

export const UNKNOWN_OUTCOME: PathologyOutcome = { rcbScore: null, rcbClass: null, pcr: null };

/** The outcome that follows from an RCB score; pCR is RCB-0 (Symmans 2007). */
export function outcomeOfScore(rcbScore: number): PathologyOutcome {
  return outcomeOfClass(rcbClassOfScore(rcbScore), rcbScore);
}

/** The outcome that follows from an RCB class; pCR is RCB-0. */
export function outcomeOfClass(rcbClass: RcbClass, rcbScore: number | null = null): PathologyOutcome {
  return { rcbScore, rcbClass, pcr: rcbClass === "0" };
}
