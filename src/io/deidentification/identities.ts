/**
 * The local, keyed table by which identifiers are replaced. It leads from study identifiers back to patients, so it is readable by its
 * owner only and stands outside the cohort:
 *
 *     { "format": "residua-identities", "formatVersion": 1, "key": "…",
 *       "patients": { "<identifier at the source>": { "studyId": "P-…", "shiftDays": -1234 } },
 *       "folders": { "<name of a patient's folder at the source>": ["P-…"] } }
 */
import { createHmac, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { z } from "zod";
import { DataError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import { uidOfDigest } from "../dicom/writing/encode.ts";
import { readText, writeAtomically } from "../files.ts";

const FORMAT = "residua-identities";
const KEY_BYTES = 32;
const OWNER_ONLY = 0o600;
/** Dates move back by one day to ten years: never into the future. */
const LONGEST_SHIFT_DAYS = 3652;
/** Letters and digits that are not mistaken for each other (Crockford's base 32). */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const STUDY_ID_LENGTH = 10;

const fileSchema = z.object({
  format: z.literal(FORMAT),
  formatVersion: z.literal(1),
  key: z.string().regex(/^[0-9a-f]{64}$/),
  patients: z.record(z.string(), z.object({ studyId: z.string(), shiftDays: z.int() })),
  folders: z.record(z.string(), z.array(z.string())).default({}),
});

/** What stands for a patient. */
export interface Pseudonym {
  readonly studyId: string;
  /** Added to every date of the patient; negative. Times of day and intervals stay. */
  readonly shiftDays: number;
}

/** A patient as the table knows her: what replaces her, and by what she is known at the source. */
export interface KnownPatient extends Pseudonym {
  readonly sourceIds: readonly string[];
  readonly folders: readonly string[];
}

/** Replaces identifiers. The same key gives the same replacements, in whatever order and run. */
export class Identities {
  /** What is imperfect about the file. */
  readonly issues: readonly Issue[];
  readonly #file: string;
  readonly #key: Buffer;
  readonly #patients: Map<string, Pseudonym>;
  readonly #folders: Map<string, readonly string[]>;

  constructor(
    file: string,
    key: Buffer,
    {
      patients,
      folders,
    }: {
      readonly patients: Readonly<Record<string, Pseudonym>>;
      readonly folders: Readonly<Record<string, readonly string[]>>;
    },
    issues: readonly Issue[],
  ) {
    this.#file = file;
    this.#key = key;
    this.#patients = new Map(Object.entries(patients));
    this.#folders = new Map(Object.entries(folders));
    this.issues = issues;
  }

  /**
   * The pseudonym of a patient; remembered, so that {@link save} writes it.
   *
   * @param sourceId how the source identifies the patient.
   * @param studyId where one is given already, else made from the key.
   */
  patient(sourceId: string, studyId = this.#studyId(sourceId)): Pseudonym {
    const known = this.#patients.get(sourceId);
    if (known?.studyId === studyId) return known;
    // By the study identifier, so that a patient known by several identifiers keeps the intervals between visits.
    const digest = this.#digest("shift", studyId);
    const pseudonym = { studyId, shiftDays: -1 - (digest.readUInt32BE(0) % LONGEST_SHIFT_DAYS) };
    this.#patients.set(sourceId, pseudonym);
    return pseudonym;
  }

  /** The study identifier that a patient has already. */
  studyIdOf(sourceId: string): string | undefined {
    return this.#patients.get(sourceId)?.studyId;
  }

  /** Remembers how a patient's folder is called at the source, since clinical tables may be keyed by it. */
  nameFolder(folder: string, studyId: string): void {
    const known = this.#folders.get(folder) ?? [];
    if (!known.includes(studyId)) this.#folders.set(folder, [...known, studyId]);
  }

  /** All patients that the table knows, each once. */
  known(): KnownPatient[] {
    const pseudonyms = new Map([...this.#patients.values()].map((one) => [one.studyId, one]));
    return [...pseudonyms.values()].map((pseudonym) => ({
      ...pseudonym,
      sourceIds: [...this.#patients]
        .filter(([, { studyId }]) => studyId === pseudonym.studyId)
        .map(([id]) => id),
      folders: [...this.#folders].filter(([, ids]) => ids.includes(pseudonym.studyId)).map(([name]) => name),
    }));
  }

  /** How many identifiers at the source lead to a study identifier. */
  identifiersOf(studyId: string): number {
    return [...this.#patients.values()].filter((pseudonym) => pseudonym.studyId === studyId).length;
  }

  /** The UID that replaces a UID: a keyed hash, so that references stay whole and nobody without the key can try UIDs. */
  uid(uid: string): string {
    return uidOfDigest(this.#digest("uid", uid));
  }

  /** Writes the table, readable by its owner only. */
  async save(): Promise<void> {
    const sorted = <T>(map: ReadonlyMap<string, T>) =>
      Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
    const content = {
      format: FORMAT,
      formatVersion: 1,
      key: this.#key.toString("hex"),
      patients: sorted(this.#patients),
      folders: sorted(this.#folders),
    };
    await writeAtomically(this.#file, `${JSON.stringify(content, null, 2)}\n`, OWNER_ONLY);
  }

  #studyId(sourceId: string): string {
    const letters = [...this.#digest("patient", sourceId).subarray(0, STUDY_ID_LENGTH)];
    return `P-${letters.map((byte) => ALPHABET[byte % ALPHABET.length]).join("")}`;
  }

  #digest(purpose: string, value: string): Buffer {
    return createHmac("sha256", this.#key).update(`${purpose}\0${value}`).digest();
  }
}

/**
 * Opens a table, or begins one with a new key.
 *
 * @throws {DataError} `identities-invalid` where the file is not such a table; it is never replaced.
 */
export async function openIdentities(file: string): Promise<Identities> {
  if (!existsSync(file))
    return new Identities(file, randomBytes(KEY_BYTES), { patients: {}, folders: {} }, []);
  const parsed = fileSchema.safeParse(parse(await readText(file)));
  if (!parsed.success) {
    throw new DataError("identities-invalid", {
      file,
      found: "a file that is not a table of identities",
      expected: `JSON of the format "${FORMAT}" as residua ingest writes it`,
      remedy:
        "Give another file with --identities. Do not delete the table: it alone leads back to the patients.",
    });
  }
  return new Identities(file, Buffer.from(parsed.data.key, "hex"), parsed.data, await readableByOthers(file));
}

async function readableByOthers(file: string): Promise<Issue[]> {
  const { mode } = await stat(file);
  // Windows has no such modes and reports all files as readable.
  if (process.platform === "win32" || (mode & 0o077) === 0) return [];
  return [
    {
      code: "identities-readable",
      severity: "warning",
      message:
        "The table of identities may be read by other users; only its owner should. It is written again as such.",
    },
  ];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
