/** What lies in a folder. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileError } from "./files.ts";

interface Entry {
  readonly name: string;
  readonly isFolder: boolean;
  readonly isLink: boolean;
}

const byName = new Intl.Collator("en", { numeric: true });

/**
 * Names of the folders, or links to folders, in a folder; hidden ones left out, numbers in their order (2 before 10).
 *
 * @throws {DataError} `file-missing` or `file-unreadable`.
 */
export async function foldersIn(dir: string): Promise<string[]> {
  return (await entries(dir)).filter(({ isFolder }) => isFolder).map(({ name }) => name);
}

/** Names of the files in a folder, ordered as those of {@link foldersIn}, which see for the errors. */
export async function filesIn(dir: string): Promise<string[]> {
  return (await entries(dir)).filter(({ isFolder }) => !isFolder).map(({ name }) => name);
}

/** Paths of all files below a folder, in a fixed order; linked folders are not entered, since they may form a ring. */
export async function filesBelow(dir: string): Promise<string[]> {
  const found: string[] = [];
  for (const { name, isFolder, isLink } of await entries(dir)) {
    const path = join(dir, name);
    if (!isFolder) found.push(path);
    else if (!isLink) found.push(...(await filesBelow(path)));
  }
  return found;
}

/** Whether there is a folder at this path. */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

async function entries(dir: string): Promise<Entry[]> {
  try {
    const found = (await readdir(dir, { withFileTypes: true })).filter(({ name }) => !name.startsWith("."));
    const listed = await Promise.all(
      found.map(async (entry) => ({
        name: entry.name,
        isLink: entry.isSymbolicLink(),
        isFolder: entry.isSymbolicLink() ? await isFolder(join(dir, entry.name)) : entry.isDirectory(),
      })),
    );
    return listed.sort((a, b) => byName.compare(a.name, b.name) || (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw fileError(error, dir);
  }
}
