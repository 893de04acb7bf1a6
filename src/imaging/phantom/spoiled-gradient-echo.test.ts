import { describe, expect, it } from "vitest";
import golden from "../../../tests/golden/phantom/kinetics.json" with { type: "json" };
import { RandomStream, randomKey } from "../../domain/random.ts";
import { ricianMagnitude, spoiledGradientEcho } from "./spoiled-gradient-echo.ts";

describe("spoiled gradient echo", () => {
  it("has the values computed independently", () => {
    for (const { arguments: list, signal } of golden.gradientEcho) {
      const [repetitionMs, echoMs, flipDegrees, r1, r2, t1, concentration] = list;
      const sequence = { repetitionMs, echoMs, flipDegrees, relaxivity: [r1, r2] as const };
      expect(spoiledGradientEcho(sequence, t1, concentration)).toBeCloseTo(signal, 10);
    }
  });

  it("is greatest at the Ernst angle, arccos(exp(−TR/T1)), where it is √((1 − E1)/(1 + E1))", () => {
    const [repetitionMs, t1] = [6, 1200];
    const e1 = Math.exp(-repetitionMs / t1);
    const ernst = (Math.acos(e1) * 180) / Math.PI;
    const at = (flipDegrees: number) =>
      spoiledGradientEcho({ repetitionMs, echoMs: 2, flipDegrees, relaxivity: [5, 6] }, t1, 0);
    expect(at(ernst)).toBeCloseTo(Math.sqrt((1 - e1) / (1 + e1)), 12);
    expect(at(ernst)).toBeGreaterThan(at(ernst * 0.98));
    expect(at(ernst)).toBeGreaterThan(at(ernst * 1.02));
  });
});

describe("Rician noise", () => {
  it("has the mean and the standard deviation of the Rice distribution", () => {
    const stream = new RandomStream(randomKey(4));
    const count = 200_000;
    for (const { signal, sigma, mean, standardDeviation } of golden.rice) {
      let [sum, squares] = [0, 0];
      for (let i = 0; i < count; i++) {
        const value = ricianMagnitude(signal, sigma, stream);
        sum += value;
        squares += value * value;
      }
      const found = sum / count;
      const spread = Math.sqrt(squares / count - found * found);
      // Four standard errors.
      expect(Math.abs(found - mean)).toBeLessThan((4 * standardDeviation) / Math.sqrt(count));
      expect(Math.abs(spread / standardDeviation - 1)).toBeLessThan(4 / Math.sqrt(2 * count));
    }
  });
});
