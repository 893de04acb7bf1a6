/** What a radiologist says of the response: diameters read with error, thresholds of RECIST 1.1. */
import type { RandomStream } from "../../domain/random.ts";
import { READER } from "./parameters.ts";

export type RadiologicalResponse = "complete" | "partial" | "stable" | "progressive";

/**
 * Draws the reading of a response (Eisenhauer 2009, Eur J Cancer 45:228, with reading error).
 *
 * @param preMm true longest diameter before chemotherapy, mm.
 * @param postMm true longest diameter after it, mm; 0 where nothing is visible.
 */
export function readResponse(preMm: number, postMm: number, stream: RandomStream): RadiologicalResponse {
  const scar = stream.bernoulli(READER.falseRemnant);
  const missed = postMm < READER.missedBelowMm && stream.bernoulli(READER.missed);
  const error = Math.exp(READER.lnDiameterSd * (stream.normal() - stream.normal()));
  if (postMm === 0) return scar ? "partial" : "complete";
  if (missed) return "complete";
  const change = (postMm / preMm) * error - 1;
  if (change <= -READER.partialDecrease) return "partial";
  return change >= READER.progressiveIncrease ? "progressive" : "stable";
}
