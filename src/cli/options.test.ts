import { InvalidArgumentError } from "commander";
import { describe, expect, it } from "vitest";
import { finiteNumber, fraction, nameList, wholeNumber } from "./options.ts";

describe("option values", () => {
  it.each([
    [wholeNumber(0), "0", 0],
    [wholeNumber(2), "007", 7],
    [finiteNumber, "-1.5e2", -150],
    [fraction, "1", 1],
    [fraction, ".25", 0.25],
  ])("are read as numbers: case %#, %j", (read, text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it.each([
    [wholeNumber(0), ["-1", "1.0", "1e3", "", " 1", "0x10", "9007199254740993"]],
    [wholeNumber(2), ["1", "0"]],
    [finiteNumber, ["", " ", "five", "Infinity", "NaN", "1,5"]],
    [fraction, ["0", "-0.1", "1.01", "half"]],
  ])("are refused where they are none: case %#", (read, texts) => {
    for (const text of texts) {
      expect(() => read(text)).toThrow(InvalidArgumentError);
      expect(() => read(text)).toThrow(`"${text}" is not`);
    }
  });

  it("are lists of names, none of them empty", () => {
    expect(nameList("a, volume+subtype ,deep(nnunet)")).toEqual(["a", "volume+subtype", "deep(nnunet)"]);
    for (const text of ["", "a,", ",a", "a,,b"]) expect(() => nameList(text)).toThrow("empty name");
  });
});
