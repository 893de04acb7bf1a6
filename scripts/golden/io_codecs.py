"""One image in every compression, by GDCM and DCMTK; HTJ2K by OpenJPH (through dcmjs-codecs). The values are the original's.

    python -m venv /some/venv && pip install pydicom==3.0.2 numpy==2.4.6
    apt-get install libgdcm-tools dcmtk
    python scripts/golden/io_codecs.py
"""

import json
import pathlib
import re
import shutil
import subprocess

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

ROOT = pathlib.Path(__file__).parents[2]
OUT = ROOT / "tests" / "golden" / "io" / "codecs"
shutil.rmtree(OUT, ignore_errors=True)
OUT.mkdir(parents=True)
rng = np.random.default_rng(20261126)
ROWS, COLUMNS = 18, 14
y, x = np.mgrid[0:ROWS, 0:COLUMNS]
SMOOTH = np.sin(x / 5) * np.cos(y / 4)
GDCM = {"rle": "--rle", "jpeg-lossless": "--jpeg", "jpeg-ls": "--jpegls", "jpeg-2000": "--j2k"}


def make(name, values, bits, signed):
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[name])
    ds.StudyInstanceUID = ds.SeriesInstanceUID = generate_uid(entropy_srcs=["series", name])
    ds.Modality, ds.PatientName, ds.PatientID = "MR", "made", "made"
    ds.ImageOrientationPatient, ds.PixelSpacing, ds.SliceThickness = [1, 0, 0, 0, 1, 0], [1, 1], 1
    ds.ImagePositionPatient = [0, 0, 0]
    frames = values.reshape(-1, ROWS, COLUMNS)
    if len(frames) > 1:
        ds.NumberOfFrames = len(frames)
        groups = []
        for k in range(len(frames)):
            place, group = Dataset(), Dataset()
            place.ImagePositionPatient = [0, 0, 2 * k]
            group.PlanePositionSequence = [place]
            groups.append(group)
        ds.PerFrameFunctionalGroupsSequence = groups
    ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.PhotometricInterpretation = ROWS, COLUMNS, 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = values.itemsize * 8, bits, bits - 1, int(signed)
    ds.PixelData = values.tobytes()
    ds["PixelData"].VR = "OW"
    source = OUT / f"{name}.dcm"
    pydicom.dcmwrite(source, ds, enforce_file_format=True)
    for codec, option in GDCM.items():
        subprocess.run(["gdcmconv", option, source, OUT / f"{name}.{codec}.dcm"], check=True)
    subprocess.run(["dcmcjpls", source, OUT / f"{name}.jpeg-ls-dcmtk.dcm"], check=True)
    subprocess.run(["dcmcjpeg", "+e1", source, OUT / f"{name}.jpeg-lossless-dcmtk.dcm"], check=True)
    subprocess.run(["node", ROOT / "scripts/golden/io_htj2k.ts", source, OUT / f"{name}.htj2k.dcm"], check=True)
    return {"name": name, "values": values.ravel().tolist()}


noise = lambda top: rng.integers(0, top, SMOOTH.shape)
images = [
    make("unsigned16", ((SMOOTH + 1) * 32000 + noise(99)).astype(np.uint16), 16, False),
    make("unsigned12", ((SMOOTH + 1) * 2000 + noise(9)).astype(np.uint16), 12, False),
    make("signed16", (SMOOTH * 32000 + noise(99)).astype(np.int16), 16, True),
    make("signed12", (SMOOTH * 2000 + noise(9)).astype(np.int16), 12, True),
    make("bytes", ((SMOOTH + 1) * 120 + noise(9)).astype(np.uint8), 8, False),
    make("frames", np.stack([(SMOOTH + 1) * 600 * k + noise(9) for k in (1, 2, 3)]).astype(np.uint16), 12, False),
]
subprocess.run(["dcmcjpeg", "+eb", OUT / "bytes.dcm", OUT / "bytes.lossy-jpeg.dcm"], check=True)
versions = [
    re.search(r"\d+\.\d+\.\d+", subprocess.run([tool, option], capture_output=True, text=True).stdout).group(0)
    for tool, option in (("gdcmconv", "--version"), ("dcmcjpls", "--version"))
]
(OUT / "codecs.json").write_text(
    json.dumps({"tool": "GDCM, DCMTK", "version": ", ".join(versions), "script": "scripts/golden/io_codecs.py", "images": images})
    + "\n"
)
