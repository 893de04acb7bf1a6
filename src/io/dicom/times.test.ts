import { describe, expect, it } from "vitest";
import { secondsOf, secondsOfDateTime } from "./times.ts";

describe("DICOM times", () => {
  it("count seconds across midnight when dates are known", () => {
    const before = secondsOf("20191231", "235930.500000") ?? 0;
    const after = secondsOf("20200101", "000100") ?? 0;
    expect(after - before).toBe(89.5);
  });

  it("may be short, have colons, or be one date and time with an offset", () => {
    expect(secondsOf(undefined, "10")).toBe(36000);
    expect(secondsOf(undefined, "10:25:51")).toBe(37551);
    expect(secondsOfDateTime("19910808102551.25+0100")).toBe(secondsOf("1991.08.08", "102551.25"));
  });

  it("are unknown where they are not well-formed", () => {
    for (const time of [undefined, "", "abc", "250000", "1", "107000"])
      expect(secondsOf("20200101", time)).toBeUndefined();
    expect(secondsOfDateTime("2020")).toBeUndefined();
  });
});
