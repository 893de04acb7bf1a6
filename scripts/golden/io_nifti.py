"""NIfTI files of every kind that the reader meets, made and read back by nibabel.

    python -m venv /some/venv && pip install nibabel==5.4.2 numpy==2.4.6
    python scripts/golden/io_nifti.py
"""

import json
import pathlib

import nibabel as nib
import numpy as np

OUT = pathlib.Path(__file__).parents[2] / "tests" / "golden" / "io" / "nifti"
OUT.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(20261124)
SHAPE = (4, 3, 2)  # i, j, k: column, row, slice

OBLIQUE = np.array(
    [[0.9, -0.2, 0.7, -12.5], [0.3, 1.1, -0.4, 33.25], [-0.2, 0.5, 2.4, 7.75], [0, 0, 0, 1]]
)


def rotation(scales, flip=1.0):
    """A rigid affine with the given steps; `flip` mirrors the third axis."""
    q, _ = np.linalg.qr(OBLIQUE[:3, :3])
    if np.linalg.det(q) < 0:
        q[:, 0] *= -1
    affine = np.eye(4)
    affine[:3, :3] = q @ np.diag([scales[0], scales[1], scales[2] * flip])
    affine[:3, 3] = OBLIQUE[:3, 3]
    return affine


def save(name, data, affine=None, header=None, sform=1, qform=0, unit="mm", kind=nib.Nifti1Image, slope=None):
    affine = rotation((0.7, 0.8, 3.0)) if affine is None else affine
    image = kind(data, affine, header, dtype=None if header is not None else data.dtype)
    image.set_sform(affine if sform else None, sform)
    image.set_qform(affine if qform else None, qform)
    if unit is not None:
        image.header.set_xyzt_units(unit)
    if slope is not None:
        image.header.set_slope_inter(*slope)
    path = OUT / name
    nib.save(image, path)
    read = nib.load(path)
    return {
        "file": name,
        "affineRas": read.affine.tolist(),
        # In the order of Residua's arrays: slice, row, column, the last one fastest.
        "values": np.asarray(read.dataobj, dtype=np.float64).transpose(2, 1, 0).ravel().tolist()
        if read.ndim == 3
        else None,
        "stored": str(read.header.get_data_dtype()),
    }


def values(dtype):
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return rng.normal(0, 1000, SHAPE).astype(dtype)
    info = np.iinfo(dtype)
    low, high = max(info.min, -(2**53) + 1), min(info.max, 2**53 - 1)
    return rng.integers(low, high, SHAPE, dtype=dtype, endpoint=True)


cases = []
for dtype in ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]:
    cases.append(save(f"{dtype}.nii", values(dtype)))
cases.append(save("compressed.nii.gz", values("int16")))
cases.append(save("nifti2.nii", values("float32"), kind=nib.Nifti2Image))
big = nib.Nifti1Header(endianness=">")
big.set_data_dtype(">i2")
cases.append(save("big-endian.nii", values("int16"), header=big))
big2 = nib.Nifti2Header(endianness=">")
big2.set_data_dtype(">f8")
cases.append(save("big-endian-nifti2.nii.gz", values("float64"), header=big2, kind=nib.Nifti2Image))
cases.append(save("qform.nii", values("uint8"), sform=0, qform=1))
cases.append(save("qform-nifti2.nii", values("uint8"), sform=0, qform=1, kind=nib.Nifti2Image))
cases.append(save("qform-left-handed.nii", values("uint8"), affine=rotation((1, 2, 3), -1), sform=0, qform=2))
cases.append(save("left-handed.nii", values("uint8"), affine=rotation((1, 2, 3), -1)))
both = save("sform-over-qform.nii", values("uint8"), sform=2, qform=1)
image = nib.load(OUT / both["file"])
stored = np.array(image.dataobj)  # a copy: the file behind it is about to be replaced
image.set_qform(np.diag([2.0, 2.0, 2.0, 1.0]), 4)
image.header["pixdim"][1:4] = (0.7, 0.8, 3.0)
nib.save(nib.Nifti1Image(stored, None, image.header), OUT / both["file"])
both["affineRas"] = nib.load(OUT / both["file"]).affine.tolist()
cases.append(both)

# Scaling: nibabel chooses slopes itself when it saves, so the header is patched in the file.
scaled = save("scaled.nii", values("int16"))
raw = bytearray((OUT / "scaled.nii").read_bytes())
raw[112:120] = np.array([0.001, -2.5], "<f4").tobytes()
(OUT / "scaled.nii").write_bytes(raw)
scaled["values"] = np.asarray(nib.load(OUT / "scaled.nii").dataobj, np.float64).transpose(2, 1, 0).ravel().tolist()
cases.append(scaled)

refused = []


def refuse(name, code, data, **options):
    save(name, data, **options)
    refused.append({"file": name, "code": code})


refuse("no-orientation.nii", "nifti-geometry", values("uint8"), sform=0, qform=0)
refuse("sheared.nii", "nifti-geometry", values("uint8"), affine=OBLIQUE)
refuse("series.nii", "nifti-dimensions", rng.integers(0, 9, (4, 3, 2, 2)).astype(np.uint8))
refuse("flat.nii", "nifti-dimensions", rng.integers(0, 9, (4, 3)).astype(np.uint8))
refuse("complex.nii", "nifti-datatype", rng.normal(size=SHAPE).astype(np.complex64))
nib.save(nib.Nifti1Pair(values("uint8"), np.eye(4)), OUT / "pair.hdr")
(OUT / "pair.img").unlink()
(OUT / "pair.hdr").rename(OUT / "pair.nii")
refused.append({"file": "pair.nii", "code": "nifti-pair"})

units = [save("metres.nii", values("uint8"), unit="meter"), save("microns.nii", values("uint8"), unit="micron")]
units.append(save("unstated.nii", values("uint8"), unit="unknown"))

(OUT / "nifti.json").write_text(
    json.dumps(
        {
            "tool": "nibabel",
            "version": nib.__version__,
            "script": "scripts/golden/io_nifti.py",
            "cases": cases,
            "refused": refused,
            "units": units,
        }
    )
    + "\n"
)
