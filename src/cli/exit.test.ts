import { CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import { DataError, UsageError, WorkError } from "../domain/errors.ts";
import { errorText, exitCodeOf } from "./exit.ts";

const details = { found: "this", expected: "that", remedy: "Do so.", file: "a.csv" };

describe("the end of a command", () => {
  it.each([
    [1, new WorkError("c", details)],
    [1, new TypeError("defect")],
    [1, "text"],
    [2, new UsageError("c", details)],
    [2, new CommanderError(1, "commander.unknownOption", "unknown")],
    [3, new DataError("c", details)],
    [0, new CommanderError(0, "commander.helpDisplayed", "")],
    [0, new CommanderError(0, "commander.version", "0.1.0")],
  ])("has exit code %i for its error, case %#", (code, error) => {
    expect(exitCodeOf(error)).toBe(code);
  });

  it("tells code, file, what was found, expected and to do; a defect with its stack; what commander has told not twice", () => {
    expect(errorText(new DataError("table-empty", details))).toMatch(
      /error.*table-empty.*a\.csv: this\. Expected that\. Do so\./,
    );
    expect(errorText(new TypeError("defect"))).toMatch(/defect\n\s+at /);
    expect(errorText(new CommanderError(1, "commander.unknownOption", "unknown"))).toBeUndefined();
  });
});
