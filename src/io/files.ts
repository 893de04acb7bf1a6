/** Reading and writing files so that a reader never sees half of one. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DataError } from "../domain/errors.ts";

/**
 * The bytes of a file.
 *
 * @throws {DataError} `file-missing` where there is none, `file-unreadable` where it is a folder or may not be read.
 */
export async function readBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw fileError(error, file);
  }
}

/** A string holds no more (V8's limit is just below). */
const MOST_TEXT_BYTES = 2 ** 29 - 64;

/** The text of a UTF-8 file, without a byte order mark. Throws as {@link readBytes} does, and `file-too-large` where it fits into no string. */
export async function readText(file: string): Promise<string> {
  const bytes = await readBytes(file);
  if (bytes.length > MOST_TEXT_BYTES) {
    throw new DataError("file-too-large", {
      file,
      found: `${Math.round(bytes.length / 2 ** 20)} MiB of text`,
      expected: `at most ${MOST_TEXT_BYTES >> 20} MiB`,
      remedy: "Check that the right file was given.",
    });
  }
  const text = bytes.toString("utf8");
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

let writes = 0;

/**
 * Writes a whole file or none: beside its place, forced to disk, then renamed. Makes missing folders.
 *
 * @param content text in UTF-8, bytes, or parts that are written one after the other.
 * @param mode permissions of the file, less those that the process's mask takes away.
 * @throws {Error} the system's own error (disk full, no permission); what stood there before stays as it was.
 */
export async function writeAtomically(
  file: string,
  content: Uint8Array | string | readonly Uint8Array[],
  mode = 0o666,
): Promise<void> {
  const folder = dirname(file);
  await mkdir(folder, { recursive: true });
  writes += 1;
  // Hidden, so that no reader of the folder takes it for a result; unique among processes that share the folder.
  const partial = join(folder, `.${basename(file)}.${process.pid}-${writes}.partial`);
  try {
    const handle = await open(partial, "wx", mode);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** SHA-256 of a file's bytes, in hexadecimal. Throws as {@link readBytes} does. */
export async function hashFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  } catch (error) {
    throw fileError(error, file);
  }
  return hash.digest("hex");
}

/** The typed error of a failed file access. */
export function fileError(error: unknown, file: string): DataError {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new DataError(
      "file-missing",
      { file, found: "no such file or folder", expected: "an existing one", remedy: "Check the path." },
      { cause: error },
    );
  }
  const found = code === "EISDIR" ? "a folder" : `the system refuses to read it (${code ?? String(error)})`;
  return new DataError(
    "file-unreadable",
    { file, found, expected: "a readable file", remedy: "Check the path and its permissions." },
    { cause: error },
  );
}
