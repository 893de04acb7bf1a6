/** Whether the folders of a source name its patients and visits. */
import path from "node:path";
import { holdsDateOrUid } from "../../io/deidentification/clean-text.ts";
import { type ArchivedFile, indexArchive } from "../../io/dicom/archive.ts";

/** Files of a folder that are looked at. */
const SAMPLE = 6;

/** A folder `<patient>/<visit>`, or another one that holds images. */
interface Place {
  readonly patient: string | undefined;
  readonly name: string;
  readonly files: ArchivedFile[];
}

/**
 * Looks at a few files of every folder. Folders name patients and visits where at least half of them hold one patient and one visit in
 * `<patient>/<visit>/…`; single folders that do not are refused later, by name.
 *
 * @param files all files below the source.
 * @returns why the folders do not name patients and visits; undefined where they do.
 */
export async function whyNotByFolders(source: string, files: readonly string[]): Promise<string | undefined> {
  const { files: seen, directories } = await indexArchive(sampled(files));
  const places = new Map<string, Place>();
  for (const file of seen.filter(({ whole }) => whole)) {
    const parts = path.relative(source, file.file).split(path.sep);
    const visit = parts.length > 2;
    const key = visit ? `${parts[0]}/${parts[1]}` : parts.slice(0, -1).join("/");
    const place = places.get(key);
    if (place === undefined)
      places.set(key, { patient: visit ? parts[0] : undefined, name: parts[1], files: [file] });
    else place.files.push(file);
  }
  const all = [...places.values()];
  const media = new Set(directories.map((file) => path.relative(source, path.dirname(file))));
  const reasons = all.flatMap((place) => reasonAgainst(place, all, media) ?? []);
  if (2 * reasons.length > all.length) return reasons[0];
  return mixedPatients(all) ? "its first folders hold several patients" : undefined;
}

function reasonAgainst(place: Place, all: readonly Place[], media: ReadonlySet<string>): string | undefined {
  const { patient, name, files } = place;
  if (patient === undefined) return "images lie outside of folders <patient>/<visit>";
  if (media.has("") || media.has(patient)) return "a DICOMDIR lies above the folders";
  if (holdsDateOrUid(name)) return "folders are named by dates or unique identifiers, not by visits";
  if (files.some(({ patientId }) => patientId === name)) return "second folders are named by PatientID";
  if (distinct(files, ({ patientId }) => patientId) > 1) return "a folder holds several patients";
  const images = files.filter(({ modality }) => modality === "MR");
  if (distinct(images, ({ day }) => day) > 1) return "a folder holds examinations of several days";
  return all.some((other) => other.patient === patient && other !== place && partsOfOne(place, other))
    ? "one study lies in several folders"
    : undefined;
}

/** Two folders with parts of one study. Two copies of it, which hold the same images, are left to their names. */
function partsOfOne(a: Place, b: Place): boolean {
  const studies = new Set(a.files.map(({ study }) => study));
  const instances = new Set(a.files.map(({ sopInstanceUid }) => sopInstanceUid));
  return (
    b.files.some(({ study }) => study !== undefined && studies.has(study)) &&
    !b.files.some(({ sopInstanceUid }) => instances.has(sopInstanceUid))
  );
}

/** Whether most of the first folders that hold several visits hold several patients: then a patient's folder lies deeper. */
function mixedPatients(places: readonly Place[]): boolean {
  const folders = grouped(places, ({ patient }) => patient ?? "");
  const mixed = [...folders.values()].filter(
    (visits) =>
      distinct(
        visits.flatMap(({ files }) => files),
        ({ patientId }) => patientId,
      ) > 1,
  );
  return 2 * mixed.length > folders.size;
}

function distinct(files: readonly ArchivedFile[], value: (file: ArchivedFile) => string | undefined): number {
  return new Set(files.flatMap((file) => value(file) ?? [])).size;
}

function grouped<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}

function sampled(files: readonly string[]): string[] {
  const folders = grouped(files, (file) => path.dirname(file));
  return [...folders.values()].flatMap((members) => {
    const step = Math.max(1, (members.length - 1) / (SAMPLE - 1));
    const chosen = Array.from({ length: Math.min(SAMPLE, members.length) }, (_, i) => Math.round(i * step));
    return chosen.map((i) => members[i]);
  });
}
