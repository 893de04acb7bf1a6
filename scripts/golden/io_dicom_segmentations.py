"""Small segmentation objects of every kind, made by highdicom on an oblique series, and their voxels.

    python -m venv /some/venv && pip install highdicom==0.28.2 pydicom==3.0.2
    python scripts/golden/io_dicom_segmentations.py
"""

import json
import pathlib

import highdicom as hd
import numpy as np
import pydicom
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

OUT = pathlib.Path(__file__).parents[2] / "tests" / "golden" / "io" / "segmentations"
rng = np.random.default_rng(20261124)
SHAPE = (6, 8, 9)
C = float(np.cos(np.pi / 6))
ROW, COLUMN, NORMAL = np.array([-0.5, C, 0]), np.array([0, 0, -1.0]), np.array([-C, -0.5, 0])
ORIGIN, SPACING = np.array([10.0, -20.0, 30.0]), (2.5, 0.75, 0.625)


def uid(*parts):
    return generate_uid(entropy_srcs=[str(part) for part in parts])


def source(i):
    ds = pydicom.Dataset()
    ds.file_meta = pydicom.dataset.FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.4", uid("image", i)
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = uid("study"), uid("images"), uid("frame")
    ds.PatientID = ds.PatientName = "MADE"
    for name in ("PatientBirthDate", "PatientSex", "StudyID", "AccessionNumber", "StudyDate", "StudyTime", "ReferringPhysicianName"):
        setattr(ds, name, "")
    ds.Modality, ds.Rows, ds.Columns = "MR", SHAPE[1], SHAPE[2]
    ds.ImageOrientationPatient = [*ROW, *COLUMN]
    ds.ImagePositionPatient = (ORIGIN + i * SPACING[0] * NORMAL).round(9).tolist()
    ds.PixelSpacing, ds.SliceThickness = list(SPACING[1:]), SPACING[0]
    return ds


images = [source(i) for i in range(SHAPE[0])]


def description(number, label):
    return hd.seg.SegmentDescription(
        number, label, codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Neoplasm, hd.seg.SegmentAlgorithmTypeValues.MANUAL
    )


def write(name, slices, pixels, kind, labels, order=None, **options):
    """`pixels`: slices x rows x columns (x segments). The frames are put into `order` after writing."""
    seg = hd.seg.Segmentation(
        [images[i] for i in slices], pixels, kind, [description(i + 1, label) for i, label in enumerate(labels)],
        uid("segs", name), 7, uid("seg", name), 1, "made", "made", "1", "1", omit_empty_frames=True, **options,
    )  # fmt: skip
    if order is not None:
        frames = seg.pixel_array[order]
        packed = pydicom.pixels.pack_bits(frames) if kind == hd.seg.SegmentationTypeValues.BINARY else frames.tobytes()
        seg.PixelData = packed + b"\0" * (len(packed) % 2)
        seg.PerFrameFunctionalGroupsSequence = [seg.PerFrameFunctionalGroupsSequence[i] for i in order]
    seg.ContentDate, seg.ContentTime, seg.SeriesDate, seg.SeriesTime = "20261124", "120000", "20261124", "120000"
    seg.InstanceCreationDate, seg.InstanceCreationTime = "20261124", "120000"
    seg.save_as(OUT / name)


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    BINARY, FRACTIONAL = hd.seg.SegmentationTypeValues.BINARY, hd.seg.SegmentationTypeValues.FRACTIONAL
    whole = range(SHAPE[0])
    overlapping = (rng.random((*SHAPE, 2)) < 0.3).astype(np.uint8)
    overlapping[4, ..., 1] = 0
    # Slices 1 and 3 to 5 hold frames, so that a slice is missing in the middle; their order is mixed.
    sparse = (rng.random(SHAPE) < 0.3).astype(np.uint8)
    sparse[[0, 2]] = 0
    label_map = rng.integers(0, 4, SHAPE).astype(np.uint8)
    shares = (rng.integers(0, 200, SHAPE, endpoint=True) / 200).astype(np.float32)

    write("overlapping.dcm", whole, overlapping, BINARY, ["tumour", "necrosis"])
    write("sparse.dcm", whole, sparse, BINARY, ["tumour"], order=[2, 0, 3, 1])
    write("label-map.dcm", whole, label_map, hd.seg.SegmentationTypeValues.LABELMAP, ["a", "b", "c"])
    for name, kind in (("probability", hd.seg.SegmentationFractionalTypeValues.PROBABILITY), ("occupancy", hd.seg.SegmentationFractionalTypeValues.OCCUPANCY)):
        write(f"{name}.dcm", whole, shares, FRACTIONAL, ["tumour"], fractional_type=kind, max_fractional_value=200)

    (OUT / "segmentations.json").write_text(
        json.dumps(
            {
                "tool": "highdicom, pydicom",
                "version": f"{hd.__version__}, {pydicom.__version__}",
                "script": "scripts/golden/io_dicom_segmentations.py",
                "grid": {
                    "shape": SHAPE,
                    "spacingMm": SPACING,
                    "direction": [NORMAL.tolist(), COLUMN.tolist(), ROW.tolist()],
                    "origin": ORIGIN.tolist(),
                },
                "files": {
                    "overlapping.dcm": [overlapping[..., i].ravel().tolist() for i in range(2)],
                    "sparse.dcm": [sparse.ravel().tolist()],
                    "label-map.dcm": [(label_map == i).astype(int).ravel().tolist() for i in (1, 2, 3)],
                    "probability.dcm": [shares.ravel().tolist()],
                    "occupancy.dcm": [shares.ravel().tolist()],
                },
            }
        )
        + "\n"
    )
