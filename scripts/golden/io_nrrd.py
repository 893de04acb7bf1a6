"""NRRD files of every encoding that the reader meets, made by SimpleITK and pynrrd, read back by SimpleITK.

    python -m venv /some/venv && pip install SimpleITK==2.5.7 pynrrd==1.1.3 numpy==2.4.6
    python scripts/golden/io_nrrd.py
"""

import json
import pathlib

import nrrd
import numpy as np
import SimpleITK as sitk

OUT = pathlib.Path(__file__).parents[2] / "tests" / "golden" / "io" / "nrrd"
OUT.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(20261124)
SIZE = (4, 3, 2)  # column, row, slice
Q, _ = np.linalg.qr(np.array([[0.9, -0.2, 0.7], [0.3, 1.1, -0.4], [-0.2, 0.5, 2.4]]))
DIRECTIONS = Q @ np.diag([0.7, 0.8, 3.0])  # columns are the axes
ORIGIN = np.array([-12.5, 33.25, 7.75])


def case(name):
    """What SimpleITK reads: LPS geometry, and values in the order of Residua's arrays."""
    image = sitk.ReadImage(str(OUT / name))
    direction = np.array(image.GetDirection()).reshape(3, 3)
    return {
        "file": name,
        "origin": image.GetOrigin(),
        "spacingMm": list(image.GetSpacing())[::-1],
        "direction": [direction[:, axis].tolist() for axis in (2, 1, 0)],
        "values": sitk.GetArrayFromImage(image).astype(float).ravel().tolist(),
    }


def save_itk(name, dtype, compressed):
    image = sitk.GetImageFromArray(rng.integers(0, 120, SIZE[::-1]).astype(dtype))
    image.SetSpacing((0.7, 0.8, 3.0))
    image.SetDirection(Q.ravel().tolist())
    image.SetOrigin(ORIGIN.tolist())
    sitk.WriteImage(image, str(OUT / name), compressed)
    return case(name)


def save_nrrd(name, data, space="left-posterior-superior", **header):
    signs = {"left-posterior-superior": (1, 1, 1), "RAS": (-1, -1, 1), "left-anterior-superior": (1, -1, 1)}[space]
    fields = {
        "space": space,
        "space directions": (DIRECTIONS.T * signs).tolist(),
        "space origin": (ORIGIN * signs).tolist(),
        **header,
    }
    nrrd.write(str(OUT / name), data, fields)


cases = [
    save_itk("gzip-float.nrrd", np.float32, True),
    save_itk("raw-short.nrrd", np.int16, False),
    save_itk("double.nrrd", np.float64, False),
]
data = rng.integers(-500, 500, SIZE).astype(np.int16)
for name, options in {
    "text.nrrd": {"encoding": "text"},
    "ras.nrrd": {"space": "RAS", "encoding": "gzip"},
    "las.nrrd": {"space": "left-anterior-superior", "encoding": "raw"},
    "detached.nhdr": {"encoding": "gzip"},
    "units.nrrd": {"encoding": "raw", "space units": ["mm", "mm", "mm"]},
}.items():
    save_nrrd(name, data, **options)
    cases.append(case(name))

big = (OUT / "raw-short.nrrd").read_bytes()
head, body = big.split(b"\n\n", 1)
(OUT / "big-endian.nrrd").write_bytes(
    head.replace(b"endian: little", b"endian: big") + b"\n\n" + np.frombuffer(body, "<i2").astype(">i2").tobytes()
)
cases.append(case("big-endian.nrrd"))

refused = []


def refuse(name, code, old, new):
    text = (OUT / "raw-short.nrrd").read_bytes()
    assert old in text
    (OUT / name).write_bytes(text.replace(old, new))
    refused.append({"file": name, "code": code})


refuse("no-space.nrrd", "nrrd-geometry", b"space: left-posterior-superior\n", b"space dimension: 3\n")
refuse("scanner-space.nrrd", "nrrd-geometry", b"left-posterior-superior", b"scanner-xyz")
refuse("no-magic.nrrd", "nrrd-header", b"NRRD000", b"NRXX000")
refuse("colours.nrrd", "nrrd-dimensions", b"kinds: domain", b"kinds: RGB-color")
refuse("bzip2.nrrd", "nrrd-encoding", b"encoding: raw", b"encoding: bzip2")
refuse("centimetres.nrrd", "nrrd-geometry", b"encoding: raw\n", b'space units: "cm" "cm" "cm"\nencoding: raw\n')
cut = (OUT / "raw-short.nrrd").read_bytes()[:-3]
(OUT / "cut-off.nrrd").write_bytes(cut)
refused.append({"file": "cut-off.nrrd", "code": "nrrd-truncated"})

(OUT / "nrrd.json").write_text(
    json.dumps(
        {
            "tool": "SimpleITK, files also by pynrrd",
            "version": f"{sitk.Version.VersionString()}, {nrrd.__version__}",
            "script": "scripts/golden/io_nrrd.py",
            "cases": cases,
            "refused": refused,
        }
    )
    + "\n"
)
