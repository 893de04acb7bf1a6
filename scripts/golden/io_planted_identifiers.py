"""An examination with an identifier planted in every attribute of table E.1-1 of PS3.15, in private attributes, in free text and in
the names of folders and files. Everything planted contains PLANT, lies in the UID root 1.9.8765.

    python -m venv /some/venv && pip install pydicom==3.0.2
    python scripts/golden/io_planted_identifiers.py
"""

import json
import pathlib
import re
import shutil

import numpy as np
import pydicom
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

ROOT = pathlib.Path(__file__).parents[2]
OUT = ROOT / "tests" / "golden" / "io" / "planted"
shutil.rmtree(OUT, ignore_errors=True)
TABLE = (ROOT / "src/io/deidentification/confidentiality-table.ts").read_text()
ROWS = [(int(tag, 16), vr, action) for tag, vr, action in re.findall(r'\[0x([0-9a-f]{8}), "(..)", "(.)"\]', TABLE)]
counter = 0


def planted(vr):
    """A value of a representation that would give a patient away."""
    global counter
    counter += 1
    text = f"PLANT{counter:04d}"
    return {
        "DA": f"199{counter % 10}0{counter % 9 + 1}17", "DT": f"199{counter % 10}0317081500.250000", "TM": "081500", "AS": "034Y",
        "UI": f"1.9.8765.{counter}", "PN": f"{text}^JANE", "DS": "61.5", "IS": str(counter), "US": counter, "UL": counter, "SS": counter,
        "SL": counter, "FL": 1.5, "FD": 1.5, "OB": text.encode() + b"\0" * (len(text) % 2), "OW": text.encode() + b"\0" * (len(text) % 2),
        "UN": text.encode() + b"\0" * (len(text) % 2), "AT": 0x00100020,
    }.get(vr, text)  # fmt: skip


def inside():
    item = Dataset()
    item.PersonName, item.InstitutionName, item.TextValue = planted("PN"), planted("LO"), planted("UT")
    item.ReferencedSOPInstanceUID = planted("UI")
    deeper = Dataset()
    deeper.PatientID, deeper.PatientComments = "PLANTMRN-77", planted("LT")
    item.ReferencedPatientSequence = [deeper]
    return item


def plant_all(ds):
    for tag, vr, action in ROWS:
        group = tag >> 16
        if group < 0x0008 or tag == 0x00100020 or group in (0x0008, 0x0020, 0x0028) and tag in ds or group & 1 or (action == "T" and vr == "DT" and group == 0x0040):
            continue
        ds[tag] = DataElement(tag, vr, [inside()] if vr == "SQ" else planted(vr))
    overlay = planted("LO")
    ds[0x60000022] = DataElement(0x60000022, "LO", overlay)
    ds[0x60003000] = DataElement(0x60003000, "OW", overlay.encode() + b"\0" * (len(overlay) % 2))
    block = ds.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    block.add_new(0x10, "OB", b"PLANTCSA")
    block = ds.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0A, "US", 1)
    block.add_new(0x50, "LO", "PLANTPRIVATE")


def slice_of(phase, z, syntax):
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.SourceApplicationEntityTitle = "PLANTAE"
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = f"1.9.8765.9.{phase}.{z}"
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = "1.9.8765.1", "1.9.8765.2", "1.9.8765.3"
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.Modality, ds.Manufacturer, ds.SeriesNumber = "MR", "Siemens", 4
    ds.StudyDescription = "MR breast PLANTFAMILY 1995-03-02"
    ds.SeriesDescription = "DCE sag fl3d PLANTFAMILY ref by Dr PLANTDOC"
    ds.ProtocolName = "t1 PLANTPROTOCOL"
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = "PLANTFAMILY^PLANTGIVEN", "PLANTMRN-77", "19410911", "F"
    ds.AccessionNumber, ds.InstitutionName, ds.ReferringPhysicianName = "PLANTACC", "PLANT Hospital", "PLANTDOC^A"
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = "19950302"
    ds.StudyTime = ds.SeriesTime = "101500"
    ds.AcquisitionTime = ds.ContentTime = f"10{20 + 2 * phase}00"
    ds.AcquisitionNumber, ds.InstanceNumber, ds.TemporalPositionIdentifier = phase + 1, 2 * phase + z + 1, phase + 1
    ds.ImageOrientationPatient, ds.ImagePositionPatient = [0, 1, 0, 0, 0, -1], [10 + 2 * z, -20, 30]
    ds.PixelSpacing, ds.SliceThickness, ds.EchoTime, ds.RepetitionTime, ds.FlipAngle = [0.75, 0.5], 2, 4.2, 8.2, 20
    ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.PhotometricInterpretation = 4, 5, 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    values = np.arange(20) + 100 * phase + 50 * z
    ds.PixelData = values.astype(">i2" if syntax == ExplicitVRBigEndian else "<i2").tobytes()
    ds["PixelData"].VR = "OW"
    return ds


def save(path, ds):
    path.parent.mkdir(parents=True, exist_ok=True)
    syntax = ds.file_meta.TransferSyntaxUID
    pydicom.dcmwrite(path, ds, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=syntax != ExplicitVRBigEndian, enforce_file_format=True)


SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian]
VISIT = OUT / "PLANTFAMILY_PLANTGIVEN" / "1995-03-02 PLANTFAMILY"
for phase, syntax in enumerate(SYNTAXES):
    for z in range(2):
        ds = slice_of(phase, z, syntax)
        if z == 0 and phase < 2:
            plant_all(ds)
        save(VISIT / f"PLANTFAMILY_{phase}{z}.dcm", ds)
burned = slice_of(0, 5, ExplicitVRLittleEndian)
burned.BurnedInAnnotation, burned.SOPClassUID, burned.ConversionType = "YES", "1.2.840.10008.5.1.4.1.1.7", "WSD"
burned.file_meta.MediaStorageSOPClassUID = burned.SOPClassUID
del burned.ImagePositionPatient
save(VISIT / "1.9.8765.77.dcm", burned)
whole = (VISIT / "PLANTFAMILY_00.dcm").read_bytes()
(VISIT / "PLANTDAMAGED.dcm").write_bytes(whole[: whole.rfind(b"\xe0\x7f\x10\x00OW") + 30])
# A visit that cannot be used, whose error names its series.
for z in range(2):
    save(OUT / "PLANTFAMILY_PLANTGIVEN" / "post" / f"PLANTPOST{z}", slice_of(0, z, ExplicitVRLittleEndian))
(OUT / "planted.json").write_text(
    json.dumps({"tool": "pydicom", "version": pydicom.__version__, "script": "scripts/golden/io_planted_identifiers.py", "planted": counter}) + "\n"
)
