import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashFile, readBytes, readText, writeAtomically } from "./files.ts";
import { filesBelow, filesIn, foldersIn } from "./folders.ts";

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "residua-files-"));
});
afterAll(() => rm(scratch, { recursive: true }));

describe("writeAtomically", () => {
  it("makes missing folders, replaces what was there and leaves nothing beside it", async () => {
    const file = join(scratch, "a", "b", "result.json");
    await writeAtomically(file, "first");
    await writeAtomically(file, new Uint8Array([115, 101, 99]));
    expect(await readFile(file, "utf8")).toBe("sec");
    expect(await readdir(join(scratch, "a", "b"))).toEqual(["result.json"]);
  });

  it("leaves no partial file and the old content where writing fails", async () => {
    const folder = join(scratch, "kept");
    await mkdir(join(folder, "taken"), { recursive: true });
    await writeFile(join(folder, "taken", "old"), "old");
    // A folder with content cannot be replaced by a file, so the rename fails after the write.
    await expect(writeAtomically(join(folder, "taken"), "new")).rejects.toThrow();
    expect(await readdir(folder)).toEqual(["taken"]);
    expect(await readFile(join(folder, "taken", "old"), "utf8")).toBe("old");
  });

  it("lets several writers of one file end with the whole content of one of them", async () => {
    const file = join(scratch, "shared");
    const contents = Array.from({ length: 8 }, (_, i) => String(i).repeat(100_000));
    await Promise.all(contents.map((content) => writeAtomically(file, content)));
    expect(contents).toContain(await readFile(file, "utf8"));
  });
});

describe("reading files", () => {
  it("hashes the bytes and removes a byte order mark from text", async () => {
    const file = join(scratch, "text");
    await writeFile(file, "\uFEFFäx");
    expect(await readText(file)).toBe("äx");
    expect(await hashFile(file)).toBe(createHash("sha256").update("\uFEFFäx").digest("hex"));
  });

  it("throws typed errors for missing files and for folders", async () => {
    for (const read of [readBytes, readText, hashFile]) {
      await expect(read(join(scratch, "none"))).rejects.toMatchObject({ code: "file-missing" });
      await expect(read(scratch)).rejects.toMatchObject({ code: "file-unreadable" });
    }
  });

  it("lists folders and files in numeric order, follows links once and hides what is hidden", async () => {
    const dir = join(scratch, "list");
    for (const name of ["p10", "p9", "p2/deep"]) await mkdir(join(dir, name), { recursive: true });
    for (const name of ["f10", "f9", ".hidden", "p2/deep/x"]) await writeFile(join(dir, name), "");
    await symlink(dir, join(dir, "ring"));
    expect(await foldersIn(dir)).toEqual(["p2", "p9", "p10", "ring"]);
    expect(await filesIn(dir)).toEqual(["f9", "f10"]);
    expect(await filesBelow(dir)).toEqual(["f9", "f10", "p2/deep/x"].map((name) => join(dir, name)));
  });
});
