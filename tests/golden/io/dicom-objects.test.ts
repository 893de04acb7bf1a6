import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Triple, toWorld } from "../../../src/domain/grid.ts";
import { parseDicom } from "../../../src/io/dicom/data-set.ts";
import { readDceSeries } from "../../../src/io/dicom/dce.ts";
import { readDicomSegmentation } from "../../../src/io/dicom/segmentation.ts";
import { decimalString, uidFrom } from "../../../src/io/dicom/writing/encode.ts";
import { plainText } from "../../../src/io/dicom/writing/object.ts";
import { writeDicomSegmentation } from "../../../src/io/dicom/writing/segmentation.ts";
import { readSourceImage } from "../../../src/io/dicom/writing/source.ts";
import { madeMask, OBLIQUE_GRID, SOURCE, writeMadeObjects } from "./made-objects.ts";
import { hasSharedData, sharedData } from "./shared-data.ts";

interface GoldenSegment {
  readonly label: string;
  readonly positions: readonly Triple[];
  readonly trackingUid: string;
}
interface Golden {
  readonly digests: Readonly<Record<string, string>>;
  readonly complaints: Readonly<Record<string, readonly string[]>>;
  readonly seg: {
    readonly sopInstanceUid: string;
    readonly segments: readonly GoldenSegment[];
    readonly sources: readonly { readonly position: Triple; readonly instance: string }[];
  };
  readonly empty: { readonly frames: number; readonly voxels: number };
  readonly sr: { readonly groups: readonly unknown[]; readonly predictions: readonly unknown[] };
}

const golden: Golden = JSON.parse(await readFile(join(import.meta.dirname, "dicom-objects.json"), "utf8"));
let folder: string;
let files: Awaited<ReturnType<typeof writeMadeObjects>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-objects-"));
  files = await writeMadeObjects(folder);
});
afterAll(() => rm(folder, { recursive: true }));

/** Sorted, to 1 µm, as golden positions are. */
function positions(points: readonly Triple[]): string[] {
  return points.map((point) => point.map((value) => (value + 0).toFixed(3)).join(" ")).sort();
}

function maskPositions(value: number): Triple[] {
  return [...madeMask()].flatMap((found, i): Triple[] =>
    found === value
      ? [toWorld(OBLIQUE_GRID, [Math.floor(i / 35), Math.floor((i % 35) / 7), (i % 35) % 7])]
      : [],
  );
}

describe("objects that highdicom, pydicom and dciodvfy have read", () => {
  it("are, byte for byte, what is written", async () => {
    for (const [name, digest] of Object.entries(golden.digests)) {
      const bytes = await readFile(join(folder, name));
      expect([name, createHash("sha256").update(bytes).digest("hex")]).toEqual([name, digest]);
    }
  });

  it("break no rule that dciodvfy knows, but for the private coding scheme, which it does not know", () => {
    expect(golden.complaints["made.seg.dcm"]).toEqual([]);
    expect(golden.complaints["empty.seg.dcm"]).toEqual([]);
    for (const complaint of golden.complaints["made.sr.dcm"]) expect(complaint).toContain("<99RESIDUA>");
  });

  it("put every voxel of an oblique mask where it lies in the patient", () => {
    const [tumour, tissue] = golden.seg.segments;
    expect(positions(tumour.positions)).toEqual(positions(maskPositions(1)));
    expect(positions(tissue.positions)).toEqual(positions(maskPositions(3)));
  });

  it("state coded terms, the algorithm and labels in the character set of the source", () => {
    const algorithm = {
      algorithm: "AUTOMATIC",
      family: "123110",
      name: "Residua nnunet, 5 folds",
      version: "0.1.0",
    };
    expect(golden.seg).toMatchObject({
      patientName: "Müller^Made",
      study: "2.25.1001",
      frameOfReference: "2.25.1003",
      segments: [
        { label: "tumour", category: "49755003", type: "108369006", regions: ["76752008"], ...algorithm },
        { label: "Gewebe uber der Brust", category: "91723000", type: "85756007", regions: [], ...algorithm },
      ],
    });
  });

  it("refer from every frame to the slice at its place", () => {
    expect(golden.seg.sources.length).toBe(3);
    for (const { position, instance } of golden.seg.sources) {
      const slice = SOURCE.instances.findIndex(({ sopInstanceUid }) => sopInstanceUid === instance);
      expect(positions([position])).toEqual(positions([toWorld(OBLIQUE_GRID, [slice, 0, 0])]));
    }
  });

  it("hold an empty frame for every slice where no tumour was found", () => {
    expect(golden.empty).toEqual({ frames: 4, voxels: 0 });
  });

  it("report each segment's measurements in UCUM units, and each model's prediction", () => {
    const { segments, sopInstanceUid } = golden.seg;
    const volume = { name: "118565006", scheme: "SCT", unit: "mL" };
    expect(golden.sr.groups).toMatchObject([
      {
        trackingUid: segments[0].trackingUid,
        finding: "108369006",
        sites: ["76752008"],
        segment: 1,
        segmentation: sopInstanceUid,
        measurements: [
          { ...volume, value: 0.0035, parameters: [] },
          {
            name: "FTV",
            scheme: "99RESIDUA",
            value: 0.0012,
            unit: "mL",
            parameters: ["early percent enhancement >= 70 %", "signal enhancement ratio >= 0.9"],
          },
          { name: "103339001", scheme: "SCT", value: 4.5731, unit: "mm" },
        ],
      },
      { trackingUid: segments[1].trackingUid, segment: 2, measurements: [{ ...volume, value: 0.0023 }] },
    ]);
    expect(golden.sr.predictions).toEqual([
      { model: "volume", values: [["RCB", 1.73205]] },
      { model: "deep(nnunet)", values: [["RCB", 2.5]] },
    ]);
  });
});

describe("a written segmentation", () => {
  it("comes back voxel for voxel", async () => {
    const { segments } = await readDicomSegmentation(files.seg, { grid: OBLIQUE_GRID });
    expect(segments.map(({ label }) => label)).toEqual(["tumour", "Gewebe uber der Brust"]);
    expect([...segments[0].volume.data]).toEqual([...madeMask()].map((value) => (value === 1 ? 1 : 0)));
    expect([...segments[1].volume.data]).toEqual([...madeMask()].map((value) => (value === 3 ? 1 : 0)));
  });

  it("refers to frames where the slices are frames of one instance, which it lists once", async () => {
    const instances = [1, 2, 3, 4].map((frame) => ({ sopInstanceUid: "2.25.300", frame }));
    const file = join(folder, "enhanced.seg.dcm");
    await writeDicomSegmentation(file, {
      source: { ...SOURCE, sopClassUid: "1.2.840.10008.5.1.4.1.1.4.1", instances },
      algorithm: { name: "a", version: "1" },
      createdAt: new Date(0),
      grid: OBLIQUE_GRID,
      mask: { grid: OBLIQUE_GRID, data: madeMask() },
      segments: [{ value: 1, label: "tumour" }],
    });
    const { tree } = parseDicom(await readFile(file), file);
    // Per frame: derivation image sequence, source image sequence, referenced frame number.
    const numbers = tree.elements.get(0x52009230)?.items?.map((frame) => {
      const source = frame.elements.get(0x00089124)?.items?.[0].elements.get(0x00082112)?.items?.[0];
      return Number(Buffer.from(source?.elements.get(0x00081160)?.bytes ?? []).toString());
    });
    expect(numbers).toEqual([2, 3]);
    const listed = tree.elements.get(0x00081115)?.items?.[0].elements.get(0x0008114a);
    expect(listed?.items).toHaveLength(1);
  });

  it("is refused where the mask lies on another grid than the source", async () => {
    const mask = { grid: { ...OBLIQUE_GRID, origin: [0, 0, 0] as const }, data: madeMask() };
    const content = { source: SOURCE, algorithm: { name: "a", version: "1" }, createdAt: new Date(0) };
    const segments = [{ value: 1, label: "tumour" }];
    await expect(
      writeDicomSegmentation(join(folder, "wrong.dcm"), { ...content, grid: OBLIQUE_GRID, mask, segments }),
    ).rejects.toMatchObject({ code: "grid-mismatch" });
  });
});

describe.skipIf(!hasSharedData("breast-dce-ucsf"))("a segmentation of a real series", () => {
  it("brings 2048 voxels back, and carries patient, study and frame of reference of the source", async () => {
    const { value, slices } = await readDceSeries(
      sharedData("breast-dce-ucsf/UCSF-BR-06/image_dce_3dfgre_orig"),
    );
    const { grid } = value.phases[0];
    const data = new Uint8Array(60 * 256 * 256);
    for (let s = 10; s < 18; s++) {
      for (let r = 100; r < 116; r++) data.fill(1, (s * 256 + r) * 256 + 120, (s * 256 + r) * 256 + 136);
    }
    const source = await readSourceImage(slices[1]);
    const file = join(folder, "ucsf.seg.dcm");
    const content = { source, algorithm: { name: "made", version: "1" }, createdAt: new Date(0) };
    const segments = [{ value: 1, label: "tumour" }];
    await writeDicomSegmentation(file, { ...content, grid, mask: { grid, data }, segments });
    const back = await readDicomSegmentation(file, { grid });
    expect(Buffer.from(back.segments[0].volume.data).equals(Buffer.from(data))).toBe(true);
    expect(data.reduce((sum, voxel) => sum + voxel, 0)).toBe(2048);
    expect(back.source).toMatchObject({
      patientId: slices[1][0].source.patientId,
      studyInstanceUid: slices[1][0].source.studyInstanceUid,
      frameOfReferenceUid: slices[1][0].source.frameOfReferenceUid,
    });
  });
});

describe("decimal strings", () => {
  it("fit into 16 bytes and keep what 10 digits tell", () => {
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), (value) => {
        const text = decimalString(value);
        expect(text.length).toBeLessThanOrEqual(16);
        expect(Math.abs(Number(text) - value)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(value)));
      }),
    );
  });
});

describe("identifiers and texts", () => {
  it("UIDs are the same for the same parts, and within the 64 characters of the standard", () => {
    expect(uidFrom("a", "b")).toBe(uidFrom("a", "b"));
    expect(uidFrom("a", "b")).not.toBe(uidFrom("ab"));
    expect(uidFrom("a")).toMatch(/^2\.25\.[1-9]\d{30,38}$/);
  });

  it("texts fit any character set and cannot be taken for several values", () => {
    expect(plainText("Tumeur élevée\\2 \u4e2d")).toBe("Tumeur elevee?2 ?");
    expect(plainText("x".repeat(80))).toHaveLength(64);
  });
});
