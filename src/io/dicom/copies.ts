/** Images that an archive holds twice under different identifiers. */
import { relative } from "node:path";
import { DataError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import type { PhaseMarks, SliceInstance } from "./instance.ts";
import { readSlices } from "./pixels.ts";

/**
 * Of images at one position that nothing tells apart, all but one are left out, with a warning, where their pixels are the
 * same.
 *
 * @param positions per slice, the instances at that position.
 * @throws {DataError} `series-slices-duplicate` where their pixels differ, and what the reading of pixels throws.
 */
export async function withoutCopies(
  positions: readonly (readonly SliceInstance[])[],
  dir: string,
): Promise<{ positions: readonly (readonly SliceInstance[])[]; issues: Issue[] }> {
  const dropped: string[] = [];
  const kept: SliceInstance[][] = [];
  for (const instances of positions) {
    const different = new Map<string, SliceInstance>();
    for (const instance of instances) {
      const same = different.get(key(instance.marks));
      if (same === undefined) different.set(key(instance.marks), instance);
      else if (await samePixels(same, instance)) dropped.push(relative(dir, instance.file) || ".");
      else throw twice(same, instance, dir);
    }
    kept.push([...different.values()]);
  }
  if (dropped.length === 0) return { positions, issues: [] };
  const message = `${dropped.length} images repeat another under an identifier of their own and were left out: ${dropped.slice(0, 10).join(", ")}${dropped.length > 10 ? " …" : ""}.`;
  return { positions: kept, issues: [{ code: "series-slices-duplicate", severity: "warning", message }] };
}

function key(marks: PhaseMarks): string {
  return Object.values(marks).join(" ");
}

async function samePixels(a: SliceInstance, b: SliceInstance): Promise<boolean> {
  const [first, second] = [await readSlices([a]), await readSlices([b])];
  return first.length === second.length && first.every((value, i) => Object.is(value, second[i]));
}

function twice(a: SliceInstance, b: SliceInstance, dir: string): DataError {
  return new DataError("series-slices-duplicate", {
    file: b.file,
    found: `an image of the place, numbers and times of ${relative(dir, a.file)} but with other pixels`,
    expected: "one image per place and time",
    remedy: "Remove the one that is wrong, or export the series again.",
  });
}
