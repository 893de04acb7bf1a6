/** The study file: what a study is, validated, with every default. docs/study-file.md explains each key. */
import { z } from "zod";
import { POOLED_STATISTICS } from "../features/pooling.ts";
import { DEFAULT_FTV_THRESHOLDS, FTV_REGIONS } from "../imaging/enhancement.ts";
import { trainingSchema } from "./training-schema.ts";

/** Regions that deep features are pooled over. */
export const FEATURE_REGIONS = ["tumour", "rim", "breast"] as const;

/** Statistics of each channel over a region, in the order of the columns. */
export const FEATURE_STATISTICS = POOLED_STATISTICS;

/** Names of the segmentation networks that can be trained. */
export const NETWORK_KINDS = ["nnunet", "attention-unet", "vq"] as const;
export type NetworkKind = (typeof NETWORK_KINDS)[number];

/** Columns that a study with networks makes itself: tumour volume at both visits, in ml, by its first network. */
export const VOLUME_COLUMNS = ["pre.volume_ml", "post.volume_ml"] as const;

/** Columns that a study with images makes itself from enhancement; units in docs/study-file.md. */
export const IMAGE_COLUMNS = [
  "pre.ftv_ml",
  "post.ftv_ml",
  "change.ftv_percent",
  "pre.diameter_mm",
  "post.diameter_mm",
  "pre.sphericity",
  "post.sphericity",
  "pre.background_percent",
  "post.background_percent",
] as const;

/** Models on columns that the study makes, by name. */
export const MEASURED_MODELS = {
  ftv: ["pre.ftv_ml", "post.ftv_ml"],
  diameter: ["pre.diameter_mm", "post.diameter_mm"],
} as const satisfies Readonly<Record<string, readonly (typeof IMAGE_COLUMNS)[number][]>>;

const column = z.string().min(1);

/** A CSV, TSV or XLSX file, relative to `cohort.path`; `sheet` where an XLSX file has several, `id` where its identifier has another name. */
const tableSchema = z.union([
  z.string(),
  z.strictObject({ file: z.string(), sheet: z.string().optional(), id: column.optional() }),
]);

const cohortSchema = z.strictObject({
  /** Folder of the cohort, relative to the study file. */
  path: z.string().default("."),
  /** Clinical table, or several that are joined on the id column. */
  table: z.union([tableSchema, z.array(tableSchema).min(1)]).default("clinical.csv"),
  id: column.default("patient_id"),
  /** Columns that a patient must have a value of to be in the study. */
  require: z.array(column).min(1).optional(),
  /** Column of the centre; folds are stratified by it, or leave it out. */
  centre: column.optional(),
  /** Column that says which patients train and which are the external test set; without it all train. */
  split: z.strictObject({ column, train: z.coerce.string(), test: z.coerce.string() }).optional(),
});

/** Pathology: at least one of the four; `pcr` may stand beside a score or class known for fewer patients. */
const outcomeSchema = z
  .strictObject({
    rcb: column.optional(),
    rcbClass: column.optional(),
    pcr: column.optional(),
    components: z
      .strictObject({ d1: column, d2: column, cellularity: column, cis: column, nodes: column, met: column })
      .optional(),
  })
  .refine((outcome) => ["rcb", "rcbClass", "pcr", "components"].some((key) => key in outcome), {
    message: "one of rcb, rcbClass, pcr or components must name its column",
  })
  .refine((outcome) => ["rcb", "rcbClass", "components"].filter((key) => key in outcome).length <= 1, {
    message: "rcb, rcbClass and components exclude each other",
  });

const subtypeSchema = z.union([z.strictObject({ column }), z.strictObject({ hr: column, her2: column })], {
  error: "expected { column } or { hr, her2 }",
});

/** What is done to images before networks see them; kept with each model, so that its images can be prepared in the same way. */
export const imagesSchema = z.strictObject({
  /** Motion between phases: see docs/decisions/0026-registration.md. */
  registration: z.enum(["none", "rigid", "deformable"]).default("deformable"),
  /** Other visits to the one before chemotherapy: see docs/decisions/0033-registration-of-visits.md. */
  visits: z.enum(["none", "rigid", "deformable"]).default("none"),
  /** `tumour-side` cuts images of both breasts to the one with the tumour. */
  breast: z.enum(["whole", "tumour-side"]).default("whole"),
  /** Column that names the side, left or right, where the images do not say; without it the side is found by enhancement. */
  laterality: column.optional(),
  /** Divides all phases by the bias field of the one before contrast: see docs/decisions/0027-bias-field.md. */
  biasField: z.boolean().default(false),
  /** Functional tumour volume: where it is sought, and its thresholds. */
  ftv: z
    .strictObject({
      region: z.enum(FTV_REGIONS).default("breast"),
      pePercent: z.number().default(DEFAULT_FTV_THRESHOLDS.pePercent),
      ser: z.number().default(DEFAULT_FTV_THRESHOLDS.ser),
      minimumNeighbours: z.int().min(0).max(26).default(DEFAULT_FTV_THRESHOLDS.minimumNeighbours),
      minimumComponentMl: z.number().nonnegative().default(DEFAULT_FTV_THRESHOLDS.minimumComponentMl),
    })
    .prefault({}),
});

const inferenceSchema = z.strictObject({
  /** Step of the sliding window, as a fraction of the patch. */
  step: z.number().gt(0).max(1).default(0.5),
  /** Average over the mirrored images of all axes (eight times the work). */
  mirror: z.boolean().default(false),
  /** Whether the largest component alone is kept where that helped in cross-validation. */
  postprocess: z.enum(["auto", "off"]).default("auto"),
});

/** What is pooled from the bottlenecks: see `FeatureOptions`. */
const featuresSchema = z.strictObject({
  regions: z
    .array(z.enum(FEATURE_REGIONS))
    .min(1)
    .refine(isSet, { message: "a region is named twice" })
    .default([...FEATURE_REGIONS]),
  statistics: z
    .array(z.enum(POOLED_STATISTICS))
    .min(1)
    .refine(isSet, { message: "a statistic is named twice" })
    .default([...POOLED_STATISTICS]),
  /** Width of the rim around the tumour, in mm. */
  rimMm: z.number().positive().default(5),
  /** Shares of the codes of a vector-quantised network. */
  codeHistogram: z.boolean().default(true),
  /** Attention and code maps of every examination. */
  maps: z.boolean().default(true),
  /** Features of training patients again under small changes of the image: see `PerturbationOptions`. Absent: not done. */
  stability: z
    .strictObject({
      shifts: z.array(z.int()).default([1, -2]),
      mirrorAxes: z.array(z.int().min(0).max(2)).default([2]),
      /** Deep models look only at columns whose ICC in their training patients is at least this. Absent: at all. */
      minIcc: z.number().max(1).optional(),
    })
    .refine(({ shifts, mirrorAxes }) => shifts.length + mirrorAxes.length > 0, {
      message: "at least one shift or mirror axis is needed",
    })
    .optional(),
});

function isSet(items: readonly string[]): boolean {
  return new Set(items).size === items.length;
}
const share = z.number().gt(0).max(1);

/** Options of the forests: see `ForestOptions`; docs/models.md says what each does. */
const forestShape = {
  /** `auto`: `rank-trees` for models of at most 8 columns, `random-forest` for the others. */
  kind: z.enum(["auto", "random-forest", "extra-trees", "rank-trees"]),
  trees: z.int().positive(),
  minLeaf: z.int().positive(),
  /** Share of the features drawn at each split; by default a third, for pCR the square root of their number. */
  featureShare: share,
  /** Questions from root to leaf; by default without limit. */
  maxDepth: z.int().positive(),
  /** `one`: the outcome at once. `two`: residual disease or not, then its amount. */
  parts: z.enum(["one", "two"]),
  /** Values to choose from by cross-validation among the training patients, the first of each going before in a tie. */
  tuning: z.strictObject({
    minLeaf: z.array(z.int().positive()).min(1).optional(),
    featureShare: z.array(share).min(1).optional(),
    maxDepth: z.array(z.int().positive()).min(1).optional(),
    /** Number of combinations that are drawn; by default all are tried. */
    draws: z.int().positive().optional(),
    folds: z.int().min(2).default(3),
    trees: z.int().positive().default(100),
  }),
};

const forestSchema = z.strictObject({
  kind: forestShape.kind.default("auto"),
  trees: forestShape.trees.default(500),
  minLeaf: forestShape.minLeaf.default(5),
  featureShare: forestShape.featureShare.optional(),
  maxDepth: forestShape.maxDepth.optional(),
  parts: forestShape.parts.default("one"),
  tuning: forestShape.tuning.optional(),
  /** Share of patients whose outcome a prediction interval shall hold; by default none is written. */
  intervals: z.number().gt(0).lt(1).optional(),
  /** Threads that grow trees, all processors by default; the result does not depend on it. */
  threads: z.int().positive().optional(),
});

/** What one model changes in the forests of the study. */
const forestOverrides = z.strictObject(forestShape).partial().optional();

/** Fewer deep features before the forest, learned in each fold from its training patients without their outcome. */
const reductionSchema = z.strictObject({
  /** Columns of a variance not above this, in the square of their unit, are dropped. */
  variance: z.number().nonnegative().optional(),
  /** Of two columns of a greater |r| the later one is dropped. */
  correlation: z.number().min(0).max(1).optional(),
  /** Number of principal components of the standardised columns. */
  components: z.int().positive().optional(),
});

const resamplingSchema = z.strictObject({
  /** `patient`: folds stratified by outcome, and by centre where it is known. `centre`: each centre is left out in turn. */
  by: z.enum(["patient", "centre"]).default("patient"),
  /** Times that the patients are dealt into folds anew; out-of-fold predictions are means over the repeats. */
  repeats: z.int().positive().default(1),
});

/** Controls of the models on deep features; all cost time and are made on request. */
const controlsSchema = z.strictObject({
  /** Measures the same models in sample too: features of a network that has seen the patient, and a forest that has. */
  inSample: z.boolean().default(false),
  /** Number of times that the outcomes are permuted among the training patients. */
  permutedLabels: z.int().nonnegative().default(0),
  /** Number of times that the deep features are exchanged between patients of like tumour volume. */
  volumeMatched: z.int().nonnegative().default(0),
});

const modelSchema = z.union(
  [
    z.enum(["volume", "volume+subtype", "ftv", "diameter"]),
    z.strictObject({
      deep: z.enum(NETWORK_KINDS),
      name: z.string().min(1).optional(),
      forest: forestOverrides,
      /** Goes before `features.stability.minIcc`. */
      minIcc: z.number().max(1).optional(),
    }),
    z.strictObject({
      name: z.string().min(1),
      columns: z.array(column).min(1),
      /** `column` uses a single numeric column as the score itself; `forest` regresses. */
      estimator: z.enum(["column", "forest"]).optional(),
      forest: forestOverrides,
    }),
    z.strictObject({ name: z.string().min(1), of: z.array(z.string()).min(2) }),
  ],
  {
    error: `expected volume, volume+subtype, ftv, diameter, { deep: ${NETWORK_KINDS.join(" or ")} }, { name, columns } or { name, of }`,
  },
);

const rate = z.number().gt(0).max(1);

/** How the threshold of sensitivity and specificity is chosen on out-of-fold training predictions: see `ThresholdRule`. */
const thresholdSchema = z.discriminatedUnion("rule", [
  z.strictObject({ rule: z.literal("youden") }),
  z.strictObject({ rule: z.literal("sensitivity"), atLeast: rate }),
  z.strictObject({ rule: z.literal("specificity"), atLeast: rate }),
]);

const comparisonSchema = z.strictObject({
  /** Model that all others are compared with; by default the first. */
  reference: z.string().optional(),
  /** The one declared primary endpoint; by default the RCB groups where the outcome has them, else pCR. */
  primary: z.enum(["pcr", "rcb-auc", "spearman"]).optional(),
  /** Largest difference that still counts as equivalent. */
  margin: z.number().positive().default(0.05),
  /** Bootstrap resamples. */
  resamples: z.int().positive().default(2000),
  /** Columns of the table (or `subtype`) within whose groups the models are compared again. */
  subgroups: z.array(column).default([]),
  /** Unknown outcomes of the sets, beside the complete cases: see `MissingRequest`. */
  missing: z
    .strictObject({ method: z.enum(["ipw", "impute"]), covariates: z.array(column).min(1) })
    .optional(),
  threshold: thresholdSchema.prefault({ rule: "youden" }),
  /** Part of the ROC curve whose area is given beside the whole: see `PartialArea`. */
  partialAuc: z
    .strictObject({
      axis: z.enum(["specificity", "sensitivity"]).default("specificity"),
      least: z.number().min(0).lt(1).default(0.8),
    })
    .prefault({}),
});

export const studySchema = z.strictObject({
  name: z.string().min(1),
  /** Whether the patients are simulated; the report says so at its top. */
  simulated: z.boolean().default(false),
  cohort: cohortSchema.prefault({}),
  outcome: outcomeSchema,
  subtype: subtypeSchema.optional(),
  networks: z.array(z.enum(NETWORK_KINDS)).default(["nnunet"]),
  images: imagesSchema.prefault({}),
  training: trainingSchema.prefault({}),
  inference: inferenceSchema.prefault({}),
  features: featuresSchema.prefault({}),
  forest: forestSchema.prefault({}),
  reduction: reductionSchema.prefault({}),
  resampling: resamplingSchema.prefault({}),
  controls: controlsSchema.prefault({}),
  models: z.array(modelSchema).min(1),
  comparison: comparisonSchema.prefault({}),
  seed: z.int().nonnegative().default(0),
});

/** A study file with every default filled in. */
export type StudyConfig = z.output<typeof studySchema>;
export type ImagesConfig = StudyConfig["images"];
/** Images as they were acquired. */
export const AS_ACQUIRED: ImagesConfig = imagesSchema.parse({ registration: "none" });
export type ModelConfig = z.output<typeof modelSchema>;

/** The name by which a model is known in results: `volume`, `deep(nnunet)`, `deep(nnunet, ICC 0.75)`, or as the study file names it. */
export function modelName(model: ModelConfig): string {
  if (typeof model === "string") return model;
  if (!("deep" in model)) return model.name;
  if (model.name !== undefined) return model.name;
  return model.minIcc === undefined ? `deep(${model.deep})` : `deep(${model.deep}, ICC ${model.minIcc})`;
}

/** Whether a study reads images: for its networks, or for what it measures on them. */
export function needsImages({ networks, models }: Pick<StudyConfig, "networks" | "models">): boolean {
  return networks.length > 0 || models.some((model) => typeof model === "string" && model in MEASURED_MODELS);
}
