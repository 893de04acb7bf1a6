import { describe, expect, it } from "vitest";
import { closestName, suggestName } from "./suggestion.ts";

describe("suggestions", () => {
  it("find the nearest name within a third of its length, without regard to case", () => {
    expect(closestName("volum", ["subtype", "volume", "volumes"])).toBe("volume");
    expect(closestName("RCB_Scor", ["rcb_score"])).toBe("rcb_score");
    expect(closestName("kitten", ["sitting"])).toBeUndefined();
  });

  it("list what is known where no name is near", () => {
    expect(suggestName("xyz", ["age", "grade"])).toBe("Known: age, grade.");
  });
});
