import { expect, it } from "vitest";
import { polynomialSchedule } from "./schedule.ts";

it("the polynomial schedule is nnU-Net's: 0.01·(1 − t/N)^0.9", () => {
  const rate = polynomialSchedule({ initialRate: 0.01, steps: 1000 });
  // nnunetv2 2.8.1, PolyLRScheduler(optimiser, initial_lr=0.01, max_steps=1000) at steps 0, 250, 500 and 999.
  const expected = [0.01, 0.007718895067235705, 0.005358867312681466, 1.995262314968881e-5];
  [0, 250, 500, 999].forEach((step, i) => {
    expect(rate(step) / expected[i]).toBeCloseTo(1, 12);
  });
  expect(rate(1000)).toBe(0);
});

it("a warm-up rises in a straight line to the schedule", () => {
  const plain = polynomialSchedule({ initialRate: 1, steps: 100 });
  const warm = polynomialSchedule({ initialRate: 1, steps: 100, warmupSteps: 4 });
  [0, 1, 2, 3].forEach((step) => {
    expect(warm(step)).toBeCloseTo((plain(step) * (step + 1)) / 5, 12);
  });
  expect(warm(4)).toBe(plain(4));
});

it("numbers that make no schedule are refused", () => {
  expect(() => polynomialSchedule({ initialRate: 0, steps: 10 })).toThrow(/rate 0/);
  expect(() => polynomialSchedule({ initialRate: 1, steps: 10, warmupSteps: 10 })).toThrow(
    /10 steps of warm-up/,
  );
});
