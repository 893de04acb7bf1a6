import { describe, expect, it } from "vitest";
import { UNKNOWN_OUTCOME } from "../domain/outcome.ts";
import { parsePcr, parseRcbClass, readOutcome } from "./outcome.ts";

const components = { d1: "d1", d2: "d2", cellularity: "c", cis: "cis", nodes: "n", met: "m" };
const row = { d1: 20, d2: 15, c: 20, cis: 10, n: 1, m: 5 };

describe("the outcome of a patient", () => {
  it("comes from the components by Symmans' formula", () => {
    const { value, issues } = readOutcome(row, { components }, "P1");
    // 1.4·(0.9·0.2·√300)^0.17 + (4·0.25·5)^0.17
    expect(value.rcbScore).toBeCloseTo(1.4 * (0.18 * Math.sqrt(300)) ** 0.17 + 5 ** 0.17, 12);
    expect(value).toMatchObject({ rcbClass: "II", pcr: false });
    expect(issues).toEqual([]);
  });

  it("comes from a score, which gives the class and pCR", () => {
    expect(readOutcome({ s: 0 }, { rcb: "s" }, "P1").value).toEqual({
      rcbScore: 0,
      rcbClass: "0",
      pcr: true,
    });
    expect(readOutcome({ s: 1.36 }, { rcb: "s" }, "P1").value).toMatchObject({ rcbClass: "I", pcr: false });
    expect(readOutcome({ s: 3.29 }, { rcb: "s" }, "P1").value).toMatchObject({ rcbClass: "III" });
  });

  it.each([
    ["0", [0, "0", "RCB-0", "rcb 0"]],
    ["I", [1, "1", "I", "RCB-I", "rcb i", " RCB1 "]],
    ["II", [2, "II", "RCB-II", "RCBII", "ii"]],
    ["III", [3, "III", "RCB 3", "RCB-III"]],
  ] as const)("reads class %s in all its spellings", (expected, spellings) => {
    for (const spelling of spellings) expect(parseRcbClass(spelling, "class")).toBe(expected);
  });

  it("refuses what is no class, naming value, column and what was expected", () => {
    for (const value of [4, "IV", "", "-1", "RCB"]) {
      expect(() => parseRcbClass(value, "klass")).toThrow(/klass.*Expected an RCB class/s);
    }
  });

  it("reads the words for pCR and refuses others, names of object members too", () => {
    for (const value of [1, "1", "yes", "TRUE", " pCR "]) expect(parsePcr(value, "p")).toBe(true);
    for (const value of [0, "0", "No", "false", "non-pCR"]) expect(parsePcr(value, "p")).toBe(false);
    expect(parsePcr(null, "p")).toBeNull();
    for (const value of ["maybe", 2, "constructor"]) expect(() => parsePcr(value, "p")).toThrow(/yes or no/);
  });

  it("takes a given pCR before the one that the class implies, and tells the contradiction", () => {
    const { value, issues } = readOutcome({ k: "II", p: 1 }, { rcbClass: "k", pcr: "p" }, "P1");
    expect(value).toEqual({ rcbScore: null, rcbClass: "II", pcr: true });
    expect(issues).toMatchObject([{ code: "outcome-contradiction", severity: "warning", subject: "P1" }]);
  });

  it("knows pCR where the class is blank, and the class where pCR is blank", () => {
    const config = { rcbClass: "k", pcr: "p" };
    expect(readOutcome({ k: null, p: "no" }, config, "P1").value).toEqual({ ...UNKNOWN_OUTCOME, pcr: false });
    expect(readOutcome({ k: 0, p: null }, config, "P1").value).toMatchObject({ rcbClass: "0", pcr: true });
  });

  it("is unknown without an issue of its own where a component is missing", () => {
    expect(readOutcome({ ...row, cis: null }, { components }, "P1")).toEqual({
      value: UNKNOWN_OUTCOME,
      issues: [],
    });
  });

  it.each([
    ["rcb-range", { ...row, c: 120 }, "0 to 100"],
    ["rcb-range", { ...row, n: 1.5 }, "whole number"],
    ["rcb-contradiction", { ...row, m: 0 }, "Ask the pathologist"],
    ["outcome-unreadable", { ...row, d1: "wide" }, "a number"],
  ])("counts as missing where it is impossible: %s", (code, values, words) => {
    const { value, issues } = readOutcome(values, { components }, "P7");
    expect(value).toEqual(UNKNOWN_OUTCOME);
    expect(issues).toMatchObject([{ code, severity: "error", subject: "P7" }]);
    expect(issues[0].message).toContain(words);
    expect(issues[0].message).toContain("counts as missing");
  });
});
