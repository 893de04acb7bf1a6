import { expect, it } from "vitest";
import golden from "../../tests/golden/statistics/python.json" with { type: "json" };
import {
  normalCriticalValue,
  studentCriticalValue,
  twoSidedNormalP,
  twoSidedStudentP,
} from "./distributions.ts";

it("keeps ten digits far out in the tails, as SciPy does", () => {
  const { z, normal, t, df, student } = golden.tails;
  z.forEach((value, i) => {
    expect(twoSidedNormalP(value) / normal[i]).toBeCloseTo(1, 10);
  });
  t.forEach((value, i) => {
    expect(twoSidedStudentP(value, df[i]) / student[i]).toBeCloseTo(1, 10);
  });
});

it("inverts the tails", () => {
  expect(twoSidedNormalP(normalCriticalValue(0.95))).toBeCloseTo(0.05, 12);
  expect(twoSidedStudentP(studentCriticalValue(0.99, 7), 7)).toBeCloseTo(0.01, 10);
});
