/** Fragments of encapsulated pixel data (PS3.5, A.4) → compressed frames. */

/**
 * One frame per fragment, or all fragments one frame. Where there are more fragments than frames, a frame begins with each
 * fragment that begins as a codestream does; offset tables are often empty or wrong, so they are not needed.
 *
 * @returns undefined where there are fewer fragments than frames or their beginnings do not tell.
 */
export function framesOfFragments(
  stored: readonly Uint8Array[],
  count: number,
): readonly Uint8Array[] | undefined {
  const fragments = stored.filter(({ length }) => length > 0);
  if (fragments.length === count) return fragments;
  if (fragments.length < count) return undefined;
  if (count === 1) return [Buffer.concat(fragments)];
  const frames: Uint8Array[][] = [];
  for (const fragment of fragments) {
    if (beginsCodestream(fragment)) frames.push([fragment]);
    else if (frames.length === 0) return undefined;
    else frames[frames.length - 1].push(fragment);
  }
  return frames.length === count ? frames.map((parts) => Buffer.concat(parts)) : undefined;
}

/** SOI of JPEG and JPEG-LS, SOC of JPEG 2000. */
function beginsCodestream(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && (bytes[1] === 0xd8 || (bytes[1] === 0x4f && bytes[2] === 0xff));
}
