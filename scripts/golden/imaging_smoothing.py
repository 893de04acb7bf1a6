"""Reference values for Gaussian smoothing (scipy) and simulated low resolution (PyTorch, as batchgeneratorsv2 calls it).

Usage: pip install numpy scipy torch==2.13.0; python scripts/golden/imaging_smoothing.py
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from torch.nn.functional import interpolate

OUT = Path(__file__).parents[2] / "tests" / "golden" / "imaging" / "smoothing.json"
SHAPE = (6, 9, 10)
i = np.arange(np.prod(SHAPE), dtype=np.int64)
image = ((31 * i * i + 17 * i) % 251).reshape(SHAPE).astype(np.float64)


def smoothed(sigmas):
    out = image
    for axis, sigma in enumerate(sigmas):
        out = ndimage.gaussian_filter1d(out, sigma, axis=axis, mode="mirror", radius=int(np.ceil(3 * sigma)))
    return out


def low_resolution(factor):
    shape = [round(n * factor) for n in SHAPE]
    low = interpolate(torch.from_numpy(image)[None, None], shape, mode="nearest-exact")
    return interpolate(low, SHAPE, mode="trilinear", align_corners=False)[0, 0].numpy()


def rounded(array):
    return [round(float(v), 4) for v in array.ravel()]


sigmas = [0.5, 0.8, 1.0]
OUT.write_text(
    json.dumps(
        {
            "tool": "scipy.ndimage.gaussian_filter1d, torch.nn.functional.interpolate",
            "version": {name: version(name) for name in ("numpy", "scipy", "torch")},
            "script": "scripts/golden/imaging_smoothing.py",
            "shape": SHAPE,
            "sigmas": sigmas,
            "smoothed": rounded(smoothed(sigmas)),
            "factor": 0.63,
            "lowResolution": rounded(low_resolution(0.63)),
        }
    )
    + "\n"
)
