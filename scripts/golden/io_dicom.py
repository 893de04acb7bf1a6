"""Small DICOM files in unusual encodings made by pydicom, and digests of the real series as pydicom, highdicom's test data
and dcm2niix give them. The digests need ../shared/data beside the project.

    python -m venv /some/venv && pip install pydicom==3.0.2 nibabel==5.4.2 numpy==2.4.6
    python scripts/golden/io_dicom.py
"""

import hashlib
import json
import pathlib

import nibabel as nib
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import apply_modality_lut
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
    generate_uid,
)

ROOT = pathlib.Path(__file__).parents[2]
OUT = ROOT / "tests" / "golden" / "io" / "dicom"
DATA = ROOT.parent / "shared" / "data"
OUT.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(20261124)
ROWS, COLUMNS = 5, 6


def make(name, syntax, pixels, bits_stored=16, signed=True, slope=None, allocated=16, x=12.5):
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian if syntax == RLELossless else syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = generate_uid(entropy_srcs=[name])
    ds.SeriesInstanceUID = ds.StudyInstanceUID = generate_uid(entropy_srcs=["series"])
    ds.Modality, ds.SeriesNumber, ds.SeriesDescription = "MR", 3, "made"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
    ds.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    ds.ImagePositionPatient = [x, -30.25, 7]
    ds.PixelSpacing, ds.SliceThickness = [0.8, 0.7], 3
    # Nested sequences, which a reader must pass over, of defined and of undefined length.
    inner, outer = Dataset(), Dataset()
    inner.CodeValue = "T-04000"
    inner.is_undefined_length_sequence_item = True
    outer.PurposeOfReferenceCodeSequence = [inner]
    outer.ReferencedSOPInstanceUID = "1.2.3"
    ds.SourceImageSequence = [outer, outer]
    ds["SourceImageSequence"].is_undefined_length = True
    ds.AnatomicRegionSequence = [inner]
    ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.PhotometricInterpretation = ROWS, COLUMNS, 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = allocated, bits_stored, bits_stored - 1, int(signed)
    if slope is not None:
        ds.RescaleSlope, ds.RescaleIntercept = slope
    stored = pixels.astype(">u2") if syntax == ExplicitVRBigEndian else pixels
    ds.PixelData = stored.tobytes()
    ds["PixelData"].VR = "OW" if allocated > 8 else "OB"
    if syntax == RLELossless:
        ds.compress(RLELossless, pixels, encoding_plugin="pydicom", generate_instance_uid=False)
    little = syntax != ExplicitVRBigEndian
    pydicom.dcmwrite(OUT / name, ds, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=little, enforce_file_format=True)
    read = pydicom.dcmread(OUT / name)
    return {"file": name, "values": apply_modality_lut(read.pixel_array, read).astype(float).ravel().tolist()}


def plane(low, high, dtype):
    return rng.integers(low, high, (ROWS, COLUMNS), endpoint=True).astype(dtype)


signed = plane(-2000, 2000, np.int16)
twelve = plane(-2048, 2047, np.int16)
files = [
    make("explicit.dcm", ExplicitVRLittleEndian, signed),
    make("implicit.dcm", ImplicitVRLittleEndian, signed),
    make("big-endian.dcm", ExplicitVRBigEndian, signed.view(np.uint16)),
    make("deflated.dcm", DeflatedExplicitVRLittleEndian, signed),
    make("rle.dcm", RLELossless, signed),
    make("rescaled.dcm", ExplicitVRLittleEndian, signed, slope=(0.001, -3.5)),
    make("rle-rescaled.dcm", RLELossless, signed, slope=(0.001, -3.5)),
    make("unsigned.dcm", ExplicitVRLittleEndian, plane(0, 65535, np.uint16), signed=False),
    make("bytes.dcm", ExplicitVRLittleEndian, plane(0, 255, np.uint8), 8, False, allocated=8),
]
# Bits above BitsStored hold something else, as overlays did; pydicom masks them on request only, so the truth is known here.
for name, sign, bits in (("twelve-signed.dcm", True, twelve), ("twelve-unsigned.dcm", False, plane(0, 4095, np.uint16))):
    dirty = (bits.view(np.uint16) & 0x0FFF) | (plane(0, 15, np.uint16) << 12)
    entry = make(name, ExplicitVRLittleEndian, dirty, 12, sign)
    entry["values"] = bits.astype(float).ravel().tolist()
    files.append(entry)


# Two more slices of the compressed series, in an order that their names do not tell.
stack = [
    make("rle-a.dcm", RLELossless, plane(-2000, 2000, np.int16), x=6.5),
    make("rle-b.dcm", RLELossless, plane(-2000, 2000, np.int16), x=9.5),
]


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def series(folder):
    """Slices by ascending position along the normal, then by content time and number: digests of each phase."""
    loaded = [pydicom.dcmread(path) for path in sorted((DATA / folder).rglob("*.dcm"))]
    orientation = np.array(loaded[0].ImageOrientationPatient, float)
    normal = np.cross(orientation[:3], orientation[3:])
    height = lambda ds: round(float(np.dot(normal, np.array(ds.ImagePositionPatient, float))), 3)
    places = {}
    for ds in sorted(loaded, key=lambda ds: (height(ds), ds.ContentTime, int(ds.InstanceNumber))):
        places.setdefault(height(ds), []).append(ds)
    result = []
    for phase in range(len(next(iter(places.values())))):
        stack = [places[h][phase] for h in sorted(places)]
        values = np.stack([apply_modality_lut(ds.pixel_array, ds) for ds in stack])
        result.append(digest(values.astype(np.int16 if "RescaleSlope" not in stack[0] else np.float32)))
    return {"folder": folder, "shape": [len(places), loaded[0].Rows, loaded[0].Columns], "phases": result}


def dcm2niix(name):
    """The phases of a NIfTI series by dcm2niix, rows turned back to the order of DICOM."""
    image = nib.load(DATA / "dcm-qa" / "Ref" / name)
    values = np.asarray(image.dataobj)[:, ::-1].transpose(3, 2, 1, 0)
    affine = image.affine @ np.array([[1, 0, 0, 0], [0, -1, 0, image.shape[1] - 1], [0, 0, 1, 0], [0, 0, 0, 1]])
    return {"file": name, "affineRas": affine.tolist(), "phases": [digest(volume.astype(np.int16)) for volume in values]}


def segmentation(name):
    """Segments as encoded: every frame with its place and a digest of its pixels (0…1)."""
    ds = pydicom.dcmread(DATA / name)
    pixels = ds.pixel_array.reshape(-1, ds.Rows, ds.Columns)
    most = ds.get("MaximumFractionalValue", 1)
    frames = [
        {
            "segment": int(group.SegmentIdentificationSequence[0].ReferencedSegmentNumber),
            "position": [float(x) for x in group.PlanePositionSequence[0].ImagePositionPatient],
            "sum": float(pixels[i].sum() / most),
            "digest": digest((pixels[i] / most).astype(np.float32)),
        }
        for i, group in enumerate(ds.PerFrameFunctionalGroupsSequence)
    ]
    shared = ds.SharedFunctionalGroupsSequence[0]
    return {
        "file": name,
        "rows": ds.Rows,
        "columns": ds.Columns,
        "orientation": [float(x) for x in shared.PlaneOrientationSequence[0].ImageOrientationPatient],
        "pixelSpacing": [float(x) for x in shared.PixelMeasuresSequence[0].PixelSpacing],
        "sliceMm": float(shared.PixelMeasuresSequence[0].SliceThickness),
        "frames": frames,
    }


PATIENT = "breast-dce-ucsf/UCSF-BR-06"
(OUT / "dicom.json").write_text(
    json.dumps(
        {
            "tool": "pydicom; dcm2niix 1.0 (the files in dcm-qa/Ref) through nibabel",
            "version": f"{pydicom.__version__}, {nib.__version__}",
            "script": "scripts/golden/io_dicom.py",
            "files": files,
            "stack": stack,
            "series": [series(f"{PATIENT}/{name}") for name in ("image_dce_3dfgre_orig", "image_dce_pe1", "image_dce_ser")],
            "variant": digest(pydicom.dcmread(DATA / "dicom-variants" / "MR_small.dcm").pixel_array.astype(np.int16)),
            "ge": dcm2niix("DCM2NIIX_regression_test_4.nii"),
            "segmentations": [
                segmentation(name)
                for name in (
                    f"{PATIENT}/mask/1-1.dcm",
                    "dicom-seg/seg_image_ct_binary.dcm",
                    "dicom-seg/seg_image_ct_binary_fractional.dcm",
                    "dicom-seg/seg_image_ct_binary_overlap.dcm",
                    "dicom-seg/seg_image_ct_binary_single_frame.dcm",
                    "dicom-seg/seg_image_ct_true_fractional.dcm",
                )
            ],
        }
    )
    + "\n"
)
