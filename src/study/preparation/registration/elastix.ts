/**
 * The registrar: elastix (Klein 2010, IEEE Trans Med Imaging 29:196) compiled to WebAssembly. It blocks its thread and is
 * called from {@link ./elastix-worker.ts}.
 */
import { elastixNode } from "@itk-wasm/elastix";
import { z } from "zod";
import { WorkError } from "../../../domain/errors.ts";
import type { Grid, Triple } from "../../../domain/grid.ts";
import type { Volume } from "../../../domain/volume.ts";
import type { RegistrationPair } from "../../../imaging/registration/pair.ts";
import type { RegistrationKind } from "../../../imaging/registration/registration.ts";
import {
  type RigidTransform,
  rotationMatrix,
  type SplineTransform,
} from "../../../imaging/registration/transform.ts";

type ParameterMap = Readonly<Record<string, readonly string[]>>;

/**
 * Common to both parts. Correlation, since mutual information diverged on smooth images; adaptive stochastic gradient descent (Klein 2009, Int J
 * Comput Vis 81:227) with a fixed seed, so that the same images give the same bits.
 */
const SHARED: ParameterMap = {
  Registration: ["MultiResolutionRegistration"],
  Metric: ["AdvancedNormalizedCorrelation"],
  Optimizer: ["AdaptiveStochasticGradientDescent"],
  AutomaticParameterEstimation: ["true"],
  RandomSeed: ["1"],
  ImageSampler: ["RandomCoordinate"],
  NewSamplesEveryIteration: ["true"],
  NumberOfSpatialSamples: ["2000"],
  NumberOfSamplesForExactGradient: ["4096"],
  CheckNumberOfSamples: ["true"],
  MaximumNumberOfSamplingAttempts: ["8"],
  RequiredRatioOfValidSamples: ["0.05"],
  Interpolator: ["LinearInterpolator"],
  FixedImagePyramid: ["FixedSmoothingImagePyramid"],
  MovingImagePyramid: ["MovingSmoothingImagePyramid"],
  HowToCombineTransforms: ["Compose"],
  ResampleInterpolator: ["FinalLinearInterpolator"],
  Resampler: ["DefaultResampler"],
  DefaultPixelValue: ["0"],
  ResultImageFormat: ["nii"],
  WriteResultImage: ["true"],
  WriteIterationInfo: ["false"],
};

const PARTS: Readonly<Record<RegistrationKind, ParameterMap>> = {
  rigid: {
    ...SHARED,
    Transform: ["EulerTransform"],
    AutomaticScalesEstimation: ["true"],
    AutomaticTransformInitialization: ["false"],
    // From coarse to fine: a patient may have jerked by centimetres.
    NumberOfResolutions: ["3"],
    MaximumNumberOfIterations: ["100"],
  },
  deformable: {
    ...SHARED,
    Transform: ["BSplineTransform"],
    BSplineTransformSplineOrder: ["3"],
    // Breathing bends the breast over centimetres; a finer lattice follows noise and uptake.
    FinalGridSpacingInPhysicalUnits: ["32"],
    NumberOfResolutions: ["1"],
    MaximumNumberOfIterations: ["150"],
  },
};

/**
 * Finds where the tissue of the fixed image lies in the moving one: by a rigid motion, or by a deformation alone.
 *
 * @throws {WorkError} `registration-failed` where elastix gives up.
 */
export async function registerWithElastix(
  { fixed, moving }: RegistrationPair,
  part: RegistrationKind,
): Promise<RigidTransform | SplineTransform> {
  let parameters: unknown;
  try {
    const options = { fixed: toImage(fixed), moving: toImage(moving) };
    parameters = (await elastixNode([PARTS[part]] as never, options as never)).transformParameterObject;
  } catch (error) {
    throw failed(error instanceof Error ? error.message : `elastix ended with ${String(error)}`);
  }
  const parsed = transformsSchema.safeParse(parameters);
  if (!parsed.success) throw failed(`elastix gave no transform that can be read: ${parsed.error.message}`);
  return parsed.data[0];
}

function failed(found: string): WorkError {
  return new WorkError("registration-failed", {
    found,
    remedy: "Check the phases, or turn registration off.",
  });
}

/** An image of ITK: columns, rows, slices; columns of the direction matrix are the axes. */
function toImage({ grid, data }: Volume<Float32Array>) {
  const [slice, row, column] = grid.direction;
  return {
    imageType: { dimension: 3, componentType: "float32", pixelType: "Scalar", components: 1 },
    name: "image",
    origin: [...grid.origin],
    spacing: grid.spacingMm.toReversed(),
    direction: Float64Array.from([0, 1, 2].flatMap((i) => [column[i], row[i], slice[i]])),
    size: grid.shape.toReversed(),
    metadata: new Map(),
    data,
  };
}

const numbers = z.array(z.coerce.number());

const eulerSchema = z
  .object({
    Transform: z.tuple([z.literal("EulerTransform")]),
    TransformParameters: numbers.length(6),
    CenterOfRotationPoint: numbers.length(3),
    ComputeZYX: z.tuple([z.literal("false")]),
  })
  .transform(
    ({ TransformParameters: [x, y, z, ...shift], CenterOfRotationPoint }): RigidTransform => ({
      kind: "rigid",
      matrix: rotationMatrix(x, y, z),
      centre: asTriple(CenterOfRotationPoint),
      translationMm: asTriple(shift),
    }),
  );

const splineSchema = z
  .object({
    Transform: z.tuple([z.literal("BSplineTransform")]),
    TransformParameters: numbers,
    GridSize: numbers.length(3),
    GridSpacing: numbers.length(3),
    GridOrigin: numbers.length(3),
    /** Axis by axis: columns, rows, slices. */
    GridDirection: numbers.length(9),
    /** The lattice of elastix begins at this index, counted from its origin. */
    GridIndex: z.array(z.coerce.number().refine((index) => index === 0)),
  })
  .transform(({ TransformParameters, GridSize, GridSpacing, GridOrigin, GridDirection }): SplineTransform => {
    const axis = (i: number) => asTriple(GridDirection.slice(3 * i, 3 * i + 3));
    const lattice: Grid = {
      shape: asTriple(GridSize.toReversed()),
      spacingMm: asTriple(GridSpacing.toReversed()),
      direction: [axis(2), axis(1), axis(0)],
      origin: asTriple(GridOrigin),
    };
    const count = lattice.shape[0] * lattice.shape[1] * lattice.shape[2];
    const part = (i: number) => Float64Array.from(TransformParameters.slice(i * count, (i + 1) * count));
    return { kind: "spline", lattice, coefficients: [part(0), part(1), part(2)] };
  });

const transformsSchema = z.tuple([z.union([eulerSchema, splineSchema])]);

function asTriple(values: readonly number[]): Triple {
  return [values[0], values[1], values[2]];
}
