/** Which breast images say that they show, in files that pydicom wrote. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ImagedBreast } from "../../../src/domain/breast.ts";
import { readDicomHead } from "../../../src/io/dicom/head-file.ts";
import { describeFile } from "../../../src/io/dicom/instance.ts";
import { commonBreast } from "../../../src/io/dicom/laterality.ts";

const folder = join(import.meta.dirname, "laterality");
const { cases } = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as {
  cases: Record<string, ImagedBreast | null>;
};

describe("the breast that images show", () => {
  it.each(Object.entries(cases))("is told by the attributes of %s", (name, expected) => {
    const head = readDicomHead(join(folder, `${name}.dcm`));
    const described = describeFile(head!);
    if (described.kind !== "slices") throw new Error(`${described.kind} instead of slices`);
    const frames = described.slices.map(({ imagedBreast }) => imagedBreast);
    expect(commonBreast(frames) ?? null).toEqual(expected);
  });
});
