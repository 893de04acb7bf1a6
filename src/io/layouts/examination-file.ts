/** `examination.json` of the native layout. */
import { z } from "zod";
import type { ImagedBreast } from "../../domain/breast.ts";
import { DataError } from "../../domain/errors.ts";
import { readText } from "../files.ts";

const issueSchema = z.object({
  code: z.string(),
  severity: z.enum(["info", "warning", "error"]),
  message: z.string(),
  subject: z.string().optional(),
  file: z.string().optional(),
});

/** Unknown keys are left alone, so that other programs may keep their own notes there. */
const examinationSchema = z.looseObject({
  /** Seconds after phase 0, one per phase, from 0 and strictly increasing. */
  timesSeconds: z
    .array(z.number())
    .min(1)
    .refine((times) => times.every((time, i) => (i === 0 ? time === 0 : time > times[i - 1])), {
      message: "times must begin at 0 and increase strictly",
    }),
  /** Where the images come from: series identifiers, vendor and the like. */
  source: z.record(z.string(), z.unknown()).default({}),
  issues: z.array(issueSchema).default([]),
});

export type ExaminationFile = z.infer<typeof examinationSchema>;

const imagedSchema = z.object({ laterality: z.enum(["left", "right"]), lateralityFrom: z.string() });

/** What a source says of the one breast that was imaged; other notes there are not read. */
export function imagedBreastIn(source: ExaminationFile["source"]): ImagedBreast | undefined {
  const { success, data } = imagedSchema.safeParse(source);
  return success ? { side: data.laterality, attribute: data.lateralityFrom } : undefined;
}

/** {@link imagedBreastIn} as a source keeps it. */
export function sourceOfBreast(imaged: ImagedBreast | undefined): ExaminationFile["source"] {
  return imaged === undefined ? {} : { laterality: imaged.side, lateralityFrom: imaged.attribute };
}

/**
 * Reads and checks an `examination.json`.
 *
 * @throws {DataError} `file-missing`, or `examination-invalid` naming each key that is wrong.
 */
export async function readExaminationFile(file: string): Promise<ExaminationFile> {
  const text = await readText(file);
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw invalid(file, (error as Error).message, error);
  }
  const parsed = examinationSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.join(".") || "(root)"}: ${message}`,
  );
  throw invalid(file, problems.join("; "), parsed.error);
}

function invalid(file: string, found: string, cause: unknown): DataError {
  return new DataError(
    "examination-invalid",
    {
      file,
      found,
      expected: '{ "timesSeconds": [0, …], "source": { … }, "issues": [ … ] } with one time per phase',
      remedy: "Correct the file.",
    },
    { cause },
  );
}
