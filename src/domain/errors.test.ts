import { describe, expect, it } from "vitest";
import { DataError } from "./errors.ts";

describe("the message of an error", () => {
  it("names the file as it was given, what was found and expected, and what to do", () => {
    const error = new DataError("x", {
      file: "../data/a.nii",
      found: "no image",
      expected: "a NIfTI file",
      remedy: "Look into ../data.",
    });
    expect(error.message).toBe("../data/a.nii: no image. Expected a NIfTI file. Look into ../data.");
  });

  it("has one full stop where what was found is a sentence", () => {
    expect(new DataError("x", { found: "none was read: it is damaged." }).message).toBe(
      "none was read: it is damaged.",
    );
  });
});
