"""A small dynamic series and segmentations beside it: of a tumour by code or by label, of several lesions, by an algorithm, of breast tissue, of
another examination, and on another grid (resampled by SimpleITK). Labels hold a name that no other attribute holds.

    python -m venv /some/venv && pip install highdicom==0.28.2 pydicom==3.0.2 SimpleITK==2.5.7
    python scripts/golden/io_reference_segmentations.py
"""

import base64
import importlib.metadata
import json
import pathlib
import shutil

import highdicom as hd
import numpy as np
import SimpleITK as sitk
from io_dicom_segmentations import COLUMN, NORMAL, ORIGIN, ROW, SHAPE, SPACING, source, uid
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian

OUT = pathlib.Path(__file__).parents[2] / "tests" / "golden" / "io" / "reference-segmentations"
shutil.rmtree(OUT, ignore_errors=True)
for folder in ("images", "segmentations"):
    (OUT / folder).mkdir(parents=True)
s, r, c = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1], 0 : SHAPE[2]]
first = ((s - 2) ** 2 * 2 + (r - 3) ** 2 + (c - 3) ** 2 < 5).astype(np.uint8)
second = ((s >= 4) & (r > 4) & (c > 5)).astype(np.uint8)
breast = np.ones(SHAPE, np.uint8)
TYPES = hd.seg.SegmentAlgorithmTypeValues


def image(phase, i):
    ds = source(i)
    ds.SOPInstanceUID = uid("reference", phase, i)
    ds.SeriesInstanceUID = uid("reference series")
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    ds.PatientName, ds.PatientID = "HIDDEN^ANNE", "HIDDEN-7"
    ds.ImageType, ds.SeriesDescription, ds.SeriesNumber = ["ORIGINAL", "PRIMARY"], "dyn", 3
    ds.TemporalPositionIdentifier = phase + 1
    ds.AcquisitionDate, ds.AcquisitionTime = "20200103", f"10{10 + 2 * phase}00"
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    ds.PixelData = (100 + 80 * phase * first[i]).astype("<u2").tobytes()
    return ds


phases = [[image(phase, i) for i in range(SHAPE[0])] for phase in range(3)]
for phase, slices in enumerate(phases):
    for i, ds in enumerate(slices):
        ds.save_as(OUT / "images" / f"{phase}{i}", enforce_file_format=True)


def write(name, masks, segments, images=phases[1], **options):
    algorithm = hd.AlgorithmIdentificationSequence("made", codes.DCM.ArtificialIntelligence, "1")
    described = [
        hd.seg.SegmentDescription(i + 1, label, category, kind, how, algorithm if how != TYPES.MANUAL else None)
        for i, (label, category, kind, how) in enumerate(segments)
    ]
    seg = hd.seg.Segmentation(
        images, np.stack(masks, axis=-1), hd.seg.SegmentationTypeValues.BINARY, described, uid("reference segs", name), 7,
        uid("reference seg", name), 1, "made", "made", "1", "1", **options,
    )  # fmt: skip
    seg.ContentDate, seg.ContentTime, seg.SeriesDate, seg.SeriesTime = "20261128", "120000", "20261128", "120000"
    seg.InstanceCreationDate, seg.InstanceCreationTime = "20261128", "120000"
    seg.save_as(OUT / "segmentations" / f"{name}.dcm")


abnormal = codes.SCT.MorphologicallyAbnormalStructure
neoplasm = lambda label, how=TYPES.MANUAL: (label, abnormal, codes.SCT.Neoplasm, how)  # noqa: E731
tissue = lambda label, how=TYPES.MANUAL: (label, codes.SCT.Tissue, codes.SCT.Tissue, how)  # noqa: E731
write("coded", [first], [neoplasm("Mevrouw Jansen links")])
write("labelled", [first, breast], [tissue("breastTumor_1", TYPES.SEMIAUTOMATIC), tissue("Breast")])
write("lesions", [first, second], [neoplasm("index lesion"), neoplasm("satellite")])
write("automatic", [second], [neoplasm("tumour", TYPES.AUTOMATIC)])
write("tissue", [breast, second], [tissue("Breast"), (("lymph node lesion"), abnormal, codes.SCT.Neoplasm, TYPES.MANUAL)])

other = [image(1, i) for i in range(SHAPE[0])]
for ds in other:
    ds.FrameOfReferenceUID, ds.SeriesInstanceUID = uid("another frame"), uid("another series")
write("elsewhere", [first], [neoplasm("tumour")], other)

# Coarser and beside the voxels of the series, in its frame of reference.
COARSE, STEP = (4, 6, 6), (3.7, 1.13, 1.07)
corner = ORIGIN + 0.41 * NORMAL - 0.37 * COLUMN + 0.29 * ROW
drawn = np.zeros(COARSE, np.uint8)
drawn[1:3, 2:5, 1:4] = 1
derived = [image(1, i) for i in range(COARSE[0])]
for i, ds in enumerate(derived):
    ds.SeriesInstanceUID, ds.SOPInstanceUID, ds.Rows, ds.Columns = uid("derived"), uid("derived", i), *COARSE[1:]
    ds.ImagePositionPatient = (corner + i * STEP[0] * NORMAL).round(9).tolist()
    ds.PixelSpacing, ds.SliceThickness = list(STEP[1:]), STEP[0]
write("other-grid", [drawn], [neoplasm("tumour")], derived)


def itk(voxels, origin, spacing):
    result = sitk.GetImageFromArray(voxels.astype(np.float32))
    result.SetSpacing(spacing[::-1])
    result.SetOrigin(origin.tolist())
    result.SetDirection(np.stack([ROW, COLUMN, NORMAL], axis=1).ravel().tolist())
    return result


moved = sitk.GetArrayFromImage(sitk.Resample(itk(drawn, corner, STEP), itk(breast, ORIGIN, SPACING), sitk.Transform(), sitk.sitkLinear, 0.0))
assert not np.any(np.abs(moved - 0.5) < 1e-4) and 0 < np.count_nonzero(moved > 0.5)

encode = lambda voxels: base64.b64encode(voxels.astype(np.uint8).tobytes()).decode()  # noqa: E731
(OUT / "reference.json").write_text(
    json.dumps(
        {
            "tool": "highdicom, pydicom, SimpleITK",
            "version": ", ".join(importlib.metadata.version(name) for name in ("highdicom", "pydicom", "SimpleITK")),
            "script": "scripts/golden/io_reference_segmentations.py",
            "masks": {"first": encode(first), "second": encode(second), "both": encode(first | second), "moved": encode(moved > 0.5)},
        }
    )
    + "\n"
)
