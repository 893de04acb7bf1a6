/** Content hashes of input files, each file read once per run. */
import { hashFile } from "../io/files.ts";
import { hashJson } from "./stage.ts";

export class FileHashes {
  readonly #known = new Map<string, Promise<string>>();

  /** A hash over the contents of files, in the order given. A file that cannot be read counts as such. */
  async ofAll(files: readonly string[]): Promise<string> {
    const hashes: string[] = [];
    for (const file of files) {
      let hash = this.#known.get(file);
      if (hash === undefined) {
        hash = hashFile(file).catch(() => "unreadable");
        this.#known.set(file, hash);
      }
      hashes.push(await hash);
    }
    return hashJson(hashes);
  }
}
