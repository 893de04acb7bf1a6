"""Small DICOM series of many kinds, and what dcm2niix makes of them: values and affines.

    python -m venv /some/venv && pip install pydicom==3.0.2 nibabel==5.4.2 numpy==2.4.6
    apt-get install dcm2niix libgdcm-tools
    python scripts/golden/io_dcm2niix.py
"""

import json
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile

import nibabel as nib
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

ROOT = pathlib.Path(__file__).parents[2]
OUT = ROOT / "tests" / "golden" / "io" / "dcm2niix"
DATA = ROOT.parent / "shared" / "data"
rng = np.random.default_rng(20261125)
ROWS, COLUMNS, SLICES, PHASES = 6, 8, 4, 3
SPACING, STEP = (0.8, 0.7), 2.5


def rotation(a, b, c):
    """Two in-plane unit vectors of a double oblique orientation."""
    rx = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    ry = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    rz = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    m = rx @ ry @ rz
    return np.round(m[:, 0], 7), np.round(m[:, 1], 7)


AXIAL = (np.array([1.0, 0, 0]), np.array([0, 1.0, 0]))
SAGITTAL = (np.array([0, 1.0, 0]), np.array([0, 0, -1.0]))
CORONAL = (np.array([1.0, 0, 0]), np.array([0, 0, -1.0]))
OBLIQUE = rotation(0.3, -0.4, 0.2)


def base(name, uid, sop_class="1.2.840.10008.5.1.4.1.1.4"):
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = sop_class
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = generate_uid(entropy_srcs=[name, uid])
    ds.StudyInstanceUID = generate_uid(entropy_srcs=[name, "study"])
    ds.SeriesInstanceUID = generate_uid(entropy_srcs=[name, "series"])
    ds.FrameOfReferenceUID = generate_uid(entropy_srcs=[name, "frame"])
    ds.StudyDate = ds.AcquisitionDate = ds.ContentDate = "20200102"
    ds.StudyTime, ds.StudyID, ds.Modality, ds.SeriesNumber, ds.SeriesDescription = "090000", "1", "MR", 4, name
    ds.PatientName = ds.PatientID = "made"
    ds.Manufacturer, ds.ImageType = "GE MEDICAL SYSTEMS", ["ORIGINAL", "PRIMARY", "OTHER"]
    ds.RepetitionTime, ds.EchoTime, ds.FlipAngle, ds.SliceThickness = 5, 2, 10, 3
    ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.PhotometricInterpretation = ROWS, COLUMNS, 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    return ds


def set_pixels(ds, pixels):
    ds.PixelData = np.ascontiguousarray(pixels).tobytes()
    ds["PixelData"].VR = "OW"


def save(folder, name, ds):
    folder.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(folder / name, ds, enforce_file_format=True)


def pixels(*shape):
    return rng.integers(1, 4095, shape, endpoint=True).astype(np.uint16)


def classic(name, orientation, change=lambda ds, phase, z: None, phases=PHASES):
    """One file per slice and phase, with names that say nothing of their order."""
    folder = OUT / name
    row, column = orientation
    normal = np.cross(row, column)
    values = pixels(phases, SLICES, ROWS, COLUMNS)
    order = rng.permutation(phases * SLICES)
    for phase in range(phases):
        for z in range(SLICES):
            ds = base(name, f"{phase} {z}")
            ds.ImageOrientationPatient = [float(x) for x in (*row, *column)]
            ds.ImagePositionPatient = [float(f"{x:.6f}") for x in np.array([-20.5, 11.25, 7]) + z * STEP * normal]
            ds.PixelSpacing, ds.SpacingBetweenSlices = list(SPACING), STEP
            ds.InstanceNumber, ds.AcquisitionNumber = phase * SLICES + z + 1, phase + 1
            ds.TemporalPositionIdentifier, ds.NumberOfTemporalPositions = phase + 1, phases
            ds.AcquisitionTime = ds.ContentTime = f"09{10 + phase}00"
            set_pixels(ds, values[phase, z])
            change(ds, phase, z)
            save(folder, f"I{order[phase * SLICES + z]:03d}", ds)
    return folder


def enhanced(name, orientation, rescale, philips=False):
    """One file of all phases, its frames in disorder."""
    ds = base(name, "all", "1.2.840.10008.5.1.4.1.1.4.1")
    for tag in ("RepetitionTime", "EchoTime", "FlipAngle", "SliceThickness"):
        delattr(ds, tag)
    if philips:
        ds.Manufacturer = "Philips Medical Systems"
    row, column = orientation
    normal = np.cross(row, column)
    values = pixels(PHASES * SLICES, ROWS, COLUMNS)
    ds.NumberOfFrames, ds.InstanceNumber = PHASES * SLICES, 1
    ds.AcquisitionDateTime, ds.ContentTime = "20200102091000", "093000"

    def item(**attributes):
        result = Dataset()
        for key, value in attributes.items():
            setattr(result, key, value)
        return result

    timing = item(RepetitionTime=5.0, FlipAngle=10.0)
    shared = item(
        PlaneOrientationSequence=[item(ImageOrientationPatient=[float(x) for x in (*row, *column)])],
        PixelMeasuresSequence=[item(PixelSpacing=list(SPACING), SliceThickness=3, SpacingBetweenSlices=STEP)],
        MRTimingAndRelatedParametersSequence=[timing],
        MREchoSequence=[item(EffectiveEchoTime=2.0)],
    )
    ds.SharedFunctionalGroupsSequence = [shared]
    ds.DimensionIndexSequence = [
        item(DimensionIndexPointer=0x00209056, FunctionalGroupPointer=0x00209111),
        item(DimensionIndexPointer=0x00209057, FunctionalGroupPointer=0x00209111),
        item(DimensionIndexPointer=0x00209128, FunctionalGroupPointer=0x00209111),
    ]
    groups = []
    # dcm2niix expects the frames of a volume together; within, slices come backwards.
    for phase in range(PHASES):
        for z in reversed(range(SLICES)):
            position = np.array([-20.5, 11.25, 7]) + z * STEP * normal
            slope, intercept = rescale(phase, z)
            groups.append(
                item(
                    FrameContentSequence=[
                        item(
                            TemporalPositionIndex=phase + 1,
                            FrameAcquisitionDateTime=f"202001020910{10 + phase * 20}",
                            DimensionIndexValues=[1, z + 1, phase + 1],
                            StackID="1",
                            InStackPositionNumber=z + 1,
                        )
                    ],
                    PlanePositionSequence=[item(ImagePositionPatient=[float(f"{x:.6f}") for x in position])],
                    PixelValueTransformationSequence=[
                        item(RescaleSlope=slope, RescaleIntercept=intercept, RescaleType="US")
                    ],
                )
            )
    ds.PerFrameFunctionalGroupsSequence = groups
    set_pixels(ds, values)
    save(OUT / name, "IM_0001", ds)
    return OUT / name


def philips_scale(ds, phase, z):
    ds.Manufacturer = "Philips Medical Systems"
    ds.RescaleSlope, ds.RescaleIntercept = 1.25, 10
    block = ds.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
    block.add_new(0x0D, "FL", 0.0)
    block.add_new(0x0E, "FL", 0.5)


def philips_varying(ds, phase, z):
    philips_scale(ds, phase, z)
    ds.RescaleSlope = [1.25, 1.5, 2.0][phase]
    ds[0x2005, 0x100E].value = [0.5, 0.25, 0.75][phase]


def comparable(folder, like):
    """Where the scale differs from phase to phase dcm2niix scales twice, so these are by the formula of Chenevert et al. 2014."""
    volumes = {}
    for path in sorted(folder.iterdir()):
        ds = pydicom.dcmread(path)
        slope, scale = float(ds.RescaleSlope), float(ds[0x2005, 0x100E].value)
        values = (ds.pixel_array.astype(float) * slope + float(ds.RescaleIntercept)) / (slope * scale)
        phase, z = divmod(int(ds.InstanceNumber) - 1, SLICES)
        # NIfTI as dcm2niix writes it runs through the rows from the last to the first.
        volumes.setdefault(phase, {})[z] = values[::-1]
    ordered = [np.concatenate([volumes[p][z].ravel() for z in range(SLICES)]) for p in range(PHASES)]
    return [{**like, "volumes": [np.round(v, 4).tolist() for v in ordered]}]


def csa(**tags):
    """A CSA header, version 2, of text items."""
    out = b"SV10\4\3\2\1" + struct.pack("<II", len(tags), 77)
    for name, items in tags.items():
        out += name.encode().ljust(64, b"\0") + struct.pack("<i4siii", len(items), b"FD\0\0", 4, len(items), 77)
        for item in items:
            text = item.encode() + b"\0"
            out += struct.pack("<4i", len(text), len(text), 77, len(text)) + text.ljust(-len(text) % 4 + len(text), b"\0")
    return out


def mosaic(name, orientation, sign):
    """Five slices in 3x3 tiles, two volumes; slices follow each other along the normal or against it."""
    row, column = orientation
    normal = np.cross(row, column) * sign
    for phase in range(2):
        ds = base(name, str(phase))
        ds.Manufacturer, ds.ImageType = "SIEMENS", ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]
        ds.Rows, ds.Columns = 3 * ROWS, 3 * COLUMNS
        first = np.array([-20.5, 11.25, 7])
        corner = first - ROWS * SPACING[0] * column - COLUMNS * SPACING[1] * row
        ds.ImageOrientationPatient = [float(x) for x in (*row, *column)]
        ds.ImagePositionPatient = [float(f"{x:.6f}") for x in corner]
        ds.PixelSpacing, ds.SpacingBetweenSlices, ds.SliceThickness = list(SPACING), STEP, STEP
        ds.InstanceNumber = ds.AcquisitionNumber = phase + 1
        ds.AcquisitionTime = ds.ContentTime = f"09{10 + phase}00"
        image = np.zeros((3 * ROWS, 3 * COLUMNS), np.uint16)
        for z in range(5):
            r, c = divmod(z, 3)
            image[r * ROWS : (r + 1) * ROWS, c * COLUMNS : (c + 1) * COLUMNS] = pixels(ROWS, COLUMNS)
        set_pixels(ds, image)
        block = ds.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
        times = [f"{z * 100}.0" for z in range(5)]
        header = csa(
            NumberOfImagesInMosaic=["5"],
            SliceNormalVector=[f"{x:.8f}" for x in normal],
            MosaicRefAcqTimes=times,
            ProtocolSliceNumber=["0"],
        )
        block.add_new(0x10, "OB", header + b"\0" * (len(header) % 2))
        save(OUT / name, f"M{phase}", ds)
    return OUT / name


def convert(folder):
    """The volumes of one run of dcm2niix, in the order of NIfTI: values with the first axis fastest, and affines (RAS)."""
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(["dcm2niix", "-b", "n", "-o", scratch, str(folder)], capture_output=True, text=True, check=True)
        version = re.search(r"version (\S+)", done.stdout).group(1)
        images = sorted(pathlib.Path(scratch).glob("*.nii"))
        result = []
        for path in images:
            image = nib.load(path)
            values = np.asarray(image.get_fdata(dtype=np.float64))
            values = values.reshape(*values.shape[:3], -1)
            result.append(
                {
                    "name": path.name.removesuffix(".nii")[-12:],
                    "shape": list(values.shape[:3]),
                    "affineRas": image.affine.tolist(),
                    "volumes": [np.round(v.ravel(order="F"), 4).tolist() for v in np.moveaxis(values, 3, 0)],
                }
            )
    return version, result


shutil.rmtree(OUT, ignore_errors=True)
folders = [
    classic("axial", AXIAL),
    classic("sagittal", SAGITTAL),
    classic("coronal", CORONAL),
    classic("oblique", OBLIQUE),
    classic("philips", OBLIQUE, philips_scale),
    enhanced("enhanced", OBLIQUE, lambda phase, z: (1, 0), philips=True),
    enhanced("enhanced-rescaled", SAGITTAL, lambda phase, z: (0.5, -3), philips=True),
]
cases = []
for folder in folders:
    version, images = convert(folder)
    print(folder.name, [(i["name"], i["shape"], len(i["volumes"])) for i in images])
    cases.append({"folder": folder.name, "images": images})
for folder in (mosaic("mosaic", OBLIQUE, 1), mosaic("mosaic-descending", AXIAL, -1)):
    version, images = convert(folder)
    print(folder.name, [(i["name"], i["shape"], len(i["volumes"])) for i in images])
    cases.append({"folder": folder.name, "images": images})
like = next(case for case in cases if case["folder"] == "philips")["images"][0]
cases.append({"folder": "philips-varying", "images": comparable(classic("philips-varying", OBLIQUE, philips_varying), like)})
(OUT / "dcm2niix.json").write_text(
    json.dumps({"tool": "dcm2niix", "version": version, "script": "scripts/golden/io_dcm2niix.py", "cases": cases}) + "\n"
)
