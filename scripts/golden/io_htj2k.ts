/** Re-encodes a DICOM file as lossless HTJ2K: `node io_htj2k.ts SOURCE TARGET`. */
import { readFileSync, writeFileSync } from "node:fs";
import codecs from "dcmjs-codecs";

const [source, target] = process.argv.slice(2);
await codecs.NativeCodecs.initializeAsync();
const bytes = readFileSync(source);
const transcoder = new codecs.Transcoder(
  bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
);
transcoder.transcode("1.2.840.10008.1.2.4.201");
writeFileSync(target, Buffer.from(transcoder.getDicomPart10()));
