"""Two-slice images that say in different attributes which breast they show; codes and keywords are pydicom's.

    python -m venv /some/venv && pip install pydicom==3.0.2
    python scripts/golden/io_laterality.py
"""

import json
import pathlib
import shutil

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr._snomed_dict import mapping
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian

OUT = pathlib.Path(__file__).parents[2] / "tests" / "golden" / "io" / "laterality"
shutil.rmtree(OUT, ignore_errors=True)
OUT.mkdir()
OLD = {new: old for old, new in mapping["SRT"].items()}


def coded(code, old=False):
    item = Dataset()
    item.CodeValue = OLD[code.value] if old else code.value
    item.CodingSchemeDesignator = "SRT" if old else code.scheme_designator
    item.CodeMeaning = code.meaning
    return item


def region(side, old=False):
    item = coded(codes.SCT.Breast)
    item.AnatomicRegionModifierSequence = [coded(side, old)]
    return item


def structure(side):
    item = coded(codes.SCT.Breast)
    item.PrimaryAnatomicStructureModifierSequence = [coded(side)]
    return item


def image(name, enhanced):
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4" + (".1" if enhanced else "")
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{sum(map(ord, name))}"
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = "1.2.3", "1.2.4", "1.2.5"
    ds.Modality, ds.ImageType = "MR", ["ORIGINAL", "PRIMARY"]
    ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.PhotometricInterpretation = 2, 3, 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    frames = 2 if enhanced else 1
    if not enhanced:
        ds.ImagePositionPatient, ds.ImageOrientationPatient = [0, 0, 0], [1, 0, 0, 0, 1, 0]
        ds.PixelSpacing, ds.SliceThickness = [1, 1], 2
    else:
        ds.NumberOfFrames = frames
        shared, measures, orientation = Dataset(), Dataset(), Dataset()
        measures.PixelSpacing, measures.SliceThickness = [1, 1], 2
        orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [orientation]
        ds.SharedFunctionalGroupsSequence = [shared]
        ds.PerFrameFunctionalGroupsSequence = []
        for z in range(frames):
            frame, position = Dataset(), Dataset()
            position.ImagePositionPatient = [0, 0, 2 * z]
            frame.PlanePositionSequence = [position]
            ds.PerFrameFunctionalGroupsSequence.append(frame)
    ds.PixelData = np.zeros((frames, 2, 3), np.uint16).tobytes()
    ds["PixelData"].VR = "OW"
    return ds


def frame_anatomy(laterality, side=None):
    item = Dataset()
    item.FrameLaterality = laterality
    item.AnatomicRegionSequence = [coded(codes.SCT.Breast) if side is None else region(side)]
    return [item]


LEFT, RIGHT, BOTH = codes.cid244.Left, codes.cid244.Right, codes.cid244.Bilateral
expected = {}


def case(name, side, attribute, change, enhanced=False):
    ds = image(name, enhanced)
    change(ds)
    pydicom.dcmwrite(OUT / f"{name}.dcm", ds, enforce_file_format=True)
    expected[name] = None if side is None else {"side": side, "attribute": attribute}


def setting(**attributes):
    return lambda ds: [setattr(ds, keyword, value) for keyword, value in attributes.items()]


def frames(*anatomies):
    def change(ds):
        for item, anatomy in zip(ds.PerFrameFunctionalGroupsSequence, anatomies):
            item.FrameAnatomySequence = anatomy

    return change


case("nothing", None, None, setting(BodyPartExamined="BREAST"))
case("image-left", "left", "ImageLaterality", setting(ImageLaterality="L", Laterality="R"))
case("image-both", None, None, setting(ImageLaterality="B", Laterality="R"))
case("series-right", "right", "Laterality", setting(ImageLaterality="U", Laterality="R"))
case("region-left", "left", "AnatomicRegionModifierSequence", setting(AnatomicRegionSequence=[region(LEFT)]))
case("region-right-old", "right", "AnatomicRegionModifierSequence", setting(AnatomicRegionSequence=[region(RIGHT, old=True)]))
case("structure-right", "right", "PrimaryAnatomicStructureModifierSequence", setting(PrimaryAnatomicStructureSequence=[structure(RIGHT)]))
case("region-both", None, None, setting(AnatomicRegionSequence=[region(BOTH)], PrimaryAnatomicStructureSequence=[structure(RIGHT)]))
case("frames-left", "left", "FrameLaterality", frames(frame_anatomy("L"), frame_anatomy("L")), enhanced=True)
case("frames-differ", None, None, frames(frame_anatomy("L"), frame_anatomy("R")), enhanced=True)
case("frames-partly", None, None, frames(frame_anatomy("L"), frame_anatomy("U")), enhanced=True)
case("frames-coded", "right", "AnatomicRegionModifierSequence", frames(frame_anatomy("U", RIGHT), frame_anatomy("U", RIGHT)), enhanced=True)


def shared(ds):
    ds.SharedFunctionalGroupsSequence[0].FrameAnatomySequence = frame_anatomy("R")


case("frames-shared", "right", "FrameLaterality", shared, enhanced=True)
(OUT / "expected.json").write_text(json.dumps({"tool": f"pydicom {pydicom.__version__}", "cases": expected}, indent=1) + "\n")
