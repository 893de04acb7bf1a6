/** What compressed frames say of their own size, before anything is decoded. */

export interface Codestream {
  readonly rows: number;
  readonly columns: number;
  readonly bits: number;
}

/** Start-of-frame markers of JPEG (ISO 10918-1, table B.1) and of JPEG-LS (ISO 14495-1, C.1.1). */
function isStartOfFrame(marker: number): boolean {
  return (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) || marker === 0xf7;
}

/** JPEG and JPEG-LS of one component: the frame header, found by stepping over the marker segments before it. */
export function jpegHeader(bytes: Uint8Array): Codestream | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint16(0) !== 0xffd8) return undefined;
  let at = 2;
  while (at + 10 <= bytes.length) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1];
    if (marker === 0xff) {
      at += 1; // A fill byte (ISO 10918-1, B.1.1.2).
      continue;
    }
    if (isStartOfFrame(marker)) {
      if (bytes[at + 9] !== 1) return undefined;
      return { bits: bytes[at + 4], rows: view.getUint16(at + 5), columns: view.getUint16(at + 7) };
    }
    at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}

/** As {@link jpegHeader}, of a JPEG-LS frame that has its end: without the marker CharLS reads on for as long as there is memory. */
export function jpegLsHeader(bytes: Uint8Array): Codestream | undefined {
  let end = bytes.length;
  while (end > 2 && bytes[end - 1] === 0) end -= 1; // Padding (PS3.5, A.4).
  const whole = bytes[end - 2] === 0xff && bytes[end - 1] === 0xd9;
  return whole ? jpegHeader(bytes) : undefined;
}

/** JPEG 2000 and HTJ2K of one component: the SIZ segment, which follows SOC (ISO 15444-1, A.5.1). */
export function jpeg2000Header(bytes: Uint8Array): Codestream | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 45 || view.getUint32(0) !== 0xff4fff51) return undefined;
  if (view.getUint16(40) !== 1) return undefined;
  return {
    columns: view.getUint32(8) - view.getUint32(16),
    rows: view.getUint32(12) - view.getUint32(20),
    // The first bit is the sign.
    bits: (view.getUint8(42) & 0x7f) + 1,
  };
}
