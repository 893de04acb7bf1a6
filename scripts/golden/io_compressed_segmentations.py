"""Segmentation objects in every compression that segmentations may have, and their voxels.

highdicom encodes RLE, JPEG-LS and JPEG 2000 (single-bit too), pydicom the deflated data set. Single-bit RLE and deflated frames, which
neither writes yet, are put together here by PS3.5, 8.2.2 and 8.2.16: the bits of each frame packed by themselves, in one fragment.

    python -m venv /some/venv
    pip install highdicom==0.28.2 pydicom==3.0.2 pyjpegls==1.5.1 pylibjpeg-openjpeg==2.6.0
    python scripts/golden/io_compressed_segmentations.py
"""

import base64
import importlib.metadata
import json
import pathlib
import shutil
import struct
import zlib

import highdicom as hd
import numpy as np
import pydicom
from io_dicom_segmentations import description, source, uid
from pydicom._uid_dict import UID_dictionary
from pydicom.encaps import encapsulate
from pydicom.pixels import pack_bits
from pydicom.pixels.encoders.native import _encode_segment
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

OUT = pathlib.Path(__file__).parents[2] / "tests" / "golden" / "io" / "compressed-segmentations"
shutil.rmtree(OUT, ignore_errors=True)
OUT.mkdir(parents=True)
# Odd numbers, so that frames do not begin with a byte; JPEG 2000 needs 32 pixels.
SHAPE = (3, 35, 37)
DEFLATED_FRAME = pydicom.uid.UID("1.2.840.10008.1.2.8.1")
# pydicom 3.0 does not know it, and writes only what it knows.
UID_dictionary[DEFLATED_FRAME] = ("Deflated Image Frame Compression", "Transfer Syntax", "", "", "DeflatedImageFrameCompression")
KINDS = hd.seg.SegmentationTypeValues

s, r, c = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1], 0 : SHAPE[2]]
distance = np.hypot(r - 17 + s, (c - 15) / 1.3 - s)
labels = np.where(distance < 4, 2, np.where(distance < 9, 1, np.where(r > 30, 3, 0))).astype(np.uint8)
levels = np.clip(255 - 17 * distance, 0, 255).astype(np.uint8)

images = [source(i) for i in range(SHAPE[0])]
for image in images:
    image.Rows, image.Columns = SHAPE[1:]


def make(name, pixels, kind, names, syntax, **options):
    seg = hd.seg.Segmentation(
        images, pixels, kind, [description(i + 1, label) for i, label in enumerate(names)], uid("compressed", name), 7,
        uid("compressed seg", name), 1, "made", "made", "1", "1", omit_empty_frames=False, transfer_syntax_uid=syntax, **options,
    )  # fmt: skip
    seg.ContentDate, seg.ContentTime, seg.SeriesDate, seg.SeriesTime = "20261128", "120000", "20261128", "120000"
    seg.InstanceCreationDate, seg.InstanceCreationTime = "20261128", "120000"
    return seg


def rle(packed):
    body = bytes(_encode_segment(packed, len(packed)))
    return struct.pack("<16L", 1, 64, *[0] * 14) + body + b"\0" * (len(body) % 2)


def deflate(packed):
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    body = compressor.compress(packed) + compressor.flush()
    return body + b"\0" * (len(body) % 2)


def by_hand(seg, name, syntax, encode):
    """Each frame's bits (or bytes) through a codec of bytes."""
    frames = [f for f in seg.pixel_array]
    raw = [pack_bits(f.ravel(), pad=False) if seg.BitsAllocated == 1 else f.tobytes() for f in frames]
    seg.PixelData = encapsulate([encode(frame) for frame in raw])
    seg["PixelData"].VR = "OB"
    seg["PixelData"].is_undefined_length = True
    seg.file_meta.TransferSyntaxUID = syntax
    seg.save_as(OUT / name)


masks = np.stack([labels == i for i in (1, 2, 3)], axis=-1).astype(np.uint8)
shares = (levels / 255).astype(np.float32)
NAMES = ["tumour", "core", "vessel"]
fractional = {"fractional_type": hd.seg.SegmentationFractionalTypeValues.PROBABILITY, "max_fractional_value": 255}

for codec, syntax in (("rle", RLELossless), ("jpeg-ls", JPEGLSLossless), ("jpeg-2000", JPEG2000Lossless)):
    make(f"labelmap.{codec}", labels, KINDS.LABELMAP, NAMES, syntax).save_as(OUT / f"labelmap.{codec}.dcm")
    make(f"fractional.{codec}", shares, KINDS.FRACTIONAL, NAMES[:1], syntax, **fractional).save_as(OUT / f"fractional.{codec}.dcm")
make("binary.jpeg-2000", masks, KINDS.BINARY, NAMES, JPEG2000Lossless).save_as(OUT / "binary.jpeg-2000.dcm")
plain = lambda name: make(name, masks, KINDS.BINARY, NAMES, ExplicitVRLittleEndian)  # noqa: E731
by_hand(plain("binary.rle"), "binary.rle.dcm", RLELossless, rle)
by_hand(plain("binary.deflated-frame"), "binary.deflated-frame.dcm", DEFLATED_FRAME, deflate)
by_hand(
    make("labelmap.deflated-frame", labels, KINDS.LABELMAP, NAMES, ExplicitVRLittleEndian),
    "labelmap.deflated-frame.dcm", DEFLATED_FRAME, deflate,
)  # fmt: skip
whole = plain("binary.deflated")
whole.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
pydicom.dcmwrite(OUT / "binary.deflated.dcm", whole)
lossy = make("labelmap.lossy", labels, KINDS.LABELMAP, NAMES, JPEGLSLossless)
lossy.LossyImageCompression = "01"
lossy.save_as(OUT / "labelmap.lossy.dcm")

# What highdicom and pydicom can decode, they decode to what was encoded.
for file in sorted(OUT.glob("*.dcm")):
    if "deflated-frame" in file.name or file.name == "binary.rle.dcm" or file.name == "binary.jpeg-2000.dcm":
        continue
    frames = hd.seg.segread(file).pixel_array[::-1]  # highdicom sorts them along the normal
    if file.name.startswith("fractional"):
        assert np.array_equal(frames, levels), file
    elif file.name.startswith("labelmap"):
        assert np.array_equal(frames, labels), file

(OUT / "compressed.json").write_text(
    json.dumps(
        {
            "tool": "highdicom, pydicom, pyjpegls, pylibjpeg-openjpeg",
            "version": ", ".join(importlib.metadata.version(name) for name in ("highdicom", "pydicom", "pyjpegls", "pylibjpeg-openjpeg")),
            "script": "scripts/golden/io_compressed_segmentations.py",
            "shape": SHAPE,
            "labels": base64.b64encode(labels.tobytes()).decode(),
            "levels": base64.b64encode(levels.tobytes()).decode(),
        }
    )
    + "\n"
)
