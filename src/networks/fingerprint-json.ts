/** Reading a fingerprint from JSON: Residua's own form, or the `dataset_fingerprint.json` of nnU-Net v2. */
import { DataError } from "../domain/errors.ts";
import type { Triple } from "../domain/grid.ts";
import type { Fingerprint, IntensityProperties } from "./fingerprint.ts";

/** Our name of each field, then those that nnU-Net gives it. */
const NAMES = {
  spacings: ["spacingsMm", "spacings"],
  shapes: ["shapesAfterCrop", "shapes_after_crop"],
  intensities: [
    "foregroundIntensities",
    "foreground_intensity_properties_per_channel",
    "foreground_intensities_per_channel",
  ],
  relativeSize: ["medianRelativeSizeAfterCrop", "median_relative_size_after_cropping"],
} as const;

const INTENSITY_NAMES: Readonly<Record<keyof IntensityProperties, readonly string[]>> = {
  mean: ["mean"],
  median: ["median"],
  std: ["std"],
  min: ["min"],
  max: ["max"],
  percentile00_5: ["percentile00_5", "percentile_00_5"],
  percentile99_5: ["percentile99_5", "percentile_99_5"],
};

/**
 * Checks and reads a parsed JSON value. Both forms list spacings and shapes in (slice, row, column) order.
 *
 * @param file name for messages
 * @throws {DataError} `fingerprint-invalid` where a field is missing or not of its form.
 */
export function parseFingerprint(json: unknown, file?: string): Fingerprint {
  const fail = (found: string, expected: string): never => {
    throw new DataError("fingerprint-invalid", {
      found,
      expected,
      remedy: "Make the fingerprint again with `residua plan DATASET` or nnUNetv2_extract_fingerprint.",
      ...(file === undefined ? {} : { file }),
    });
  };
  if (!isObject(json)) return fail("not a JSON object", "an object with spacings and shapes after cropping");

  const triples = (names: readonly string[], whole: boolean): Triple[] => {
    const value = field(json, names);
    if (!Array.isArray(value) || value.length === 0) {
      return fail(`no list "${names.join('" or "')}"`, "one triple per case");
    }
    value.forEach((triple, i) => {
      const good =
        Array.isArray(triple) &&
        triple.length === 3 &&
        triple.every(
          (n) => typeof n === "number" && n > 0 && (whole ? Number.isInteger(n) : Number.isFinite(n)),
        );
      if (!good)
        fail(
          `${names[0]}[${i}] = ${JSON.stringify(triple)}`,
          `three positive ${whole ? "whole " : ""}numbers`,
        );
    });
    return value as Triple[];
  };

  const spacingsMm = triples(NAMES.spacings, false);
  const shapesAfterCrop = triples(NAMES.shapes, true);
  if (spacingsMm.length !== shapesAfterCrop.length) {
    fail(`${spacingsMm.length} spacings and ${shapesAfterCrop.length} shapes`, "one of each per case");
  }
  const relativeSize = field(json, NAMES.relativeSize);
  if (typeof relativeSize !== "number" || !(relativeSize > 0 && relativeSize <= 1)) {
    return fail(
      `relative size after cropping ${JSON.stringify(relativeSize)}`,
      "a number above 0, at most 1",
    );
  }
  const intensities = field(json, NAMES.intensities) ?? [];
  if (!isObject(intensities) && !Array.isArray(intensities)) {
    return fail("intensities that are neither a list nor an object", "the properties of each channel");
  }
  return {
    spacingsMm,
    shapesAfterCrop,
    foregroundIntensities: Object.values(intensities).map((value, channel) => {
      const read = (names: readonly string[]): number => {
        const number = isObject(value) ? field(value, names) : undefined;
        return typeof number === "number"
          ? number
          : fail(`channel ${channel} without "${names[0]}"`, "its intensity properties as numbers");
      };
      return Object.fromEntries(
        Object.entries(INTENSITY_NAMES).map(([key, names]) => [key, read(names)]),
      ) as unknown as IntensityProperties;
    }),
    medianRelativeSizeAfterCrop: relativeSize,
  };
}

function field(object: Record<string, unknown>, names: readonly string[]): unknown {
  const name = names.find((candidate) => candidate in object);
  return name === undefined ? undefined : object[name];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
