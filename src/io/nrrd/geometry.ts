/** NRRD orientation → grid. */
import { DataError } from "../../domain/errors.ts";
import type { Grid, Triple } from "../../domain/grid.ts";
import type { Issue } from "../../domain/issues.ts";
import { gridOfSteps } from "../affine.ts";
import { type NrrdHeader, requiredField } from "./header.ts";

/** Anatomical spaces and the signs that turn them into LPS. Scanner and handed spaces do not say where the patient is. */
const SPACES: Readonly<Record<string, Triple>> = {
  "left-posterior-superior": [1, 1, 1],
  lps: [1, 1, 1],
  "right-anterior-superior": [-1, -1, 1],
  ras: [-1, -1, 1],
  "left-anterior-superior": [1, -1, 1],
  las: [1, -1, 1],
};

/** Kinds of axis along which positions are sampled. */
const SPATIAL_KINDS = ["domain", "space", "???", "none"];

/**
 * @throws {DataError} `nrrd-dimensions` where the image is not three-dimensional and scalar, `nrrd-geometry` where
 *   space, directions or origin are missing, unusable, or in another unit than mm.
 */
export function gridOfHeader(header: NrrdHeader, file: string): { grid: Grid; issues: Issue[] } {
  const sizes = numbers(requiredField(header, "sizes", file));
  const kinds = header.fields.get("kinds")?.toLowerCase().split(/\s+/) ?? [];
  if (
    requiredField(header, "dimension", file) !== "3" ||
    sizes.length !== 3 ||
    !kinds.every((kind) => SPATIAL_KINDS.includes(kind))
  ) {
    throw new DataError("nrrd-dimensions", {
      file,
      found: `sizes ${sizes.join("x")}${kinds.length === 0 ? "" : `, kinds ${kinds.join(", ")}`}`,
      expected: "three spatial axes with one value per voxel",
      remedy: "Export each phase, channel or segment as an image of its own.",
    });
  }
  const space = header.fields.get("space")?.toLowerCase();
  const signs = space === undefined ? undefined : SPACES[space];
  if (signs === undefined) {
    throw geometryError(
      file,
      space === undefined ? "no space" : `the space "${space}"`,
      "left-posterior-superior, right-anterior-superior or left-anterior-superior",
    );
  }
  const directions = vectors(header.fields.get("space directions"));
  const origin = vectors(header.fields.get("space origin"));
  if (directions?.length !== 3 || origin?.length !== 1) {
    throw geometryError(
      file,
      "no complete space directions and space origin",
      "three directions and an origin",
    );
  }
  const toLps = (vector: Triple): Triple => [
    vector[0] * signs[0],
    vector[1] * signs[1],
    vector[2] * signs[2],
  ];
  const grid = gridOfSteps(
    {
      shape: [sizes[2], sizes[1], sizes[0]],
      steps: [toLps(directions[2]), toLps(directions[1]), toLps(directions[0])],
      origin: toLps(origin[0]),
    },
    "nrrd-geometry",
    file,
  );
  return { grid, issues: unitIssues(header, file) };
}

function unitIssues(header: NrrdHeader, file: string): Issue[] {
  const units = header.fields.get("space units");
  if (units === undefined) {
    return [
      {
        code: "nrrd-units-unstated",
        severity: "info",
        message: "The header does not state its space units; millimetres were read, as 3D Slicer and ITK do.",
        file,
      },
    ];
  }
  if (/^("mm"\s*){3}$/.test(units)) return [];
  throw geometryError(file, `space units ${units}`, '"mm" "mm" "mm"');
}

function numbers(text: string): number[] {
  return text.split(/\s+/).map(Number);
}

/** `(1,0,0) (0,1,0) none` → three triples, or undefined where one is not a triple of numbers. */
function vectors(text: string | undefined): Triple[] | undefined {
  const parts = text?.match(/\([^)]*\)|\S+/g) ?? [];
  const triples = parts.map((part) => part.replace(/[()]/g, "").split(",").map(Number));
  if (triples.some((triple) => triple.length !== 3 || triple.some(Number.isNaN))) return undefined;
  return triples as unknown as Triple[];
}

function geometryError(file: string, found: string, expected: string): DataError {
  return new DataError("nrrd-geometry", {
    file,
    found,
    expected,
    remedy: "Export the image again with its orientation; it is not guessed.",
  });
}
