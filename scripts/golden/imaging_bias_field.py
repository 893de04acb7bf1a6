"""Reference values for src/imaging/bias-field: SimpleITK's N4 on an image with a known field.

Usage: pip install numpy SimpleITK; python scripts/golden/imaging_bias_field.py
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import SimpleITK as sitk

OUT = Path(__file__).parents[2] / "tests" / "golden" / "imaging" / "bias-field.json"
SHAPE = (28, 32, 30)


def image():
    """The test makes the same: three tissues in an ellipsoid, noise by whole numbers, and a smooth field."""
    s, r, c = np.meshgrid(*[np.linspace(-1, 1, n) for n in SHAPE], indexing="ij")
    i = np.arange(np.prod(SHAPE), dtype=np.int64).reshape(SHAPE)
    noise = 1 + 0.04 * (((31 * i * i + 17 * i) % 251) / 250 - 0.5)
    pattern = np.sin(7 * s + 1) + np.sin(6 * r) + np.sin(8 * c - 1)
    tissue = np.where(pattern > 0.8, 300.0, np.where(pattern < -0.6, 60.0, 150.0))
    log_field = 0.35 * r - 0.25 * s * s + 0.2 * c * r
    inside = s * s + r * r + c * c < 0.95
    return np.where(inside, tissue * noise * np.exp(log_field), 0), inside, log_field


values, inside, log_field = image()
n4 = sitk.N4BiasFieldCorrectionImageFilter()
n4.SetMaximumNumberOfIterations([50] * 3)
im = sitk.GetImageFromArray(values.astype(np.float32))
mask = sitk.GetImageFromArray(inside.astype(np.uint8))
n4.Execute(im, mask)
found = sitk.GetArrayFromImage(n4.GetLogBiasFieldAsImage(im))
at = np.flatnonzero(inside)[::97]
correlation = float(np.corrcoef(found[inside], log_field[inside])[0, 1])
residual = float(np.std(found[inside] - log_field[inside]))
OUT.write_text(
    json.dumps(
        {
            "tool": "SimpleITK N4BiasFieldCorrectionImageFilter, 3 levels of 50 iterations",
            "version": version("SimpleITK"),
            "script": "scripts/golden/imaging_bias_field.py",
            "shape": SHAPE,
            "correlationWithTruth": round(correlation, 5),
            "residualSd": round(residual, 5),
            "voxels": at.tolist(),
            "logField": [round(float(v), 5) for v in found.ravel()[at]],
        }
    )
    + "\n"
)
print(correlation, residual)
