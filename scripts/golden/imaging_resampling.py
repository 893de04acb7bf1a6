"""Reference values for src/imaging/resampling.ts: scipy, SimpleITK and nnU-Net's own resampling.

Usage: pip install numpy scipy SimpleITK nnunetv2==2.8.1; python scripts/golden/imaging_resampling.py
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from nnunetv2.preprocessing.resampling.default_resampling import resample_data_or_seg_to_spacing
from scipy import ndimage

OUT = Path(__file__).parents[2] / "tests" / "golden" / "imaging" / "resampling.json"


def image(shape):
    """Whole numbers that the test makes again: (31 i² + 17 i) mod 251; each slice holds 0 and 250."""
    i = np.arange(np.prod(shape), dtype=np.int64)
    values = ((31 * i * i + 17 * i) % 251).reshape(shape).astype(np.float64)
    values[:, 0, 0] = 0
    values[:, 1, 1] = 250
    return values


def rounded(array):
    return [round(float(v), 5) for v in np.asarray(array).ravel()]


def sitk_image(values, spacing, direction, origin):
    """From (slice, row, column) triples; SimpleITK wants (column, row, slice)."""
    im = sitk.GetImageFromArray(values)
    im.SetSpacing([float(s) for s in spacing[::-1]])
    im.SetDirection(np.array(direction)[::-1].T.ravel().tolist())
    im.SetOrigin([float(o) for o in origin])
    return im


def oblique():
    shape, spacing = (5, 6, 7), (2.0, 0.8, 0.9)
    a, b = np.deg2rad(20), np.deg2rad(-35)
    rz = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    rx = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    # Unit vectors of the slice, row and column axes.
    direction = (rz @ rx)[:, [2, 1, 0]].T
    origin = [3.0, -2.0, 1.0]
    source = sitk_image(image(shape), spacing, direction, origin)
    target_shape, target_spacing = (4, 5, 6), (1.7, 1.1, 0.7)
    centre = np.array(origin) + sum((n - 1) / 2 * s * np.array(d) for n, s, d in zip(shape, spacing, direction))
    target_direction = np.eye(3)[[2, 1, 0]]
    target_origin = centre - sum(
        (n - 1) / 2 * s * d for n, s, d in zip(target_shape, target_spacing, target_direction)
    )
    target = sitk_image(np.zeros(target_shape), target_spacing, target_direction, target_origin)
    result = {
        "source": {"shape": shape, "spacingMm": spacing, "direction": direction.tolist(), "origin": origin},
        "target": {
            "shape": target_shape,
            "spacingMm": target_spacing,
            "direction": target_direction.tolist(),
            "origin": target_origin.tolist(),
        },
    }
    for name, kind in (("nearest", sitk.sitkNearestNeighbor), ("linear", sitk.sitkLinear)):
        out = sitk.Resample(source, target, sitk.Transform(), kind, -7.0, sitk.sitkFloat64)
        result[name] = rounded(sitk.GetArrayFromImage(out))
    return result


def spline_points():
    """Cubic spline at arbitrary points, half a voxel beyond the edges included."""
    values = image((5, 6, 7))
    rng = np.random.default_rng(7)
    points = rng.uniform(-0.5, np.array(values.shape) - 0.5, (40, 3)).round(4)
    exact = ndimage.map_coordinates(values, points.T, order=3, mode="nearest")
    return {"points": points.tolist(), "values": rounded(np.clip(exact, values.min(), values.max()))}


def nnunet(spacing, new_spacing, force_separate_z):
    values = image((5, 9, 8))
    labels = (values > 140).astype(np.float64)
    out = resample_data_or_seg_to_spacing(
        values[None], spacing, new_spacing, is_seg=False, order=3, order_z=0, force_separate_z=force_separate_z
    )[0]
    seg = resample_data_or_seg_to_spacing(
        labels[None], spacing, new_spacing, is_seg=True, order=1, order_z=0, force_separate_z=force_separate_z
    )[0]
    return {
        "spacingMm": spacing,
        "newSpacingMm": new_spacing,
        "shape": list(out.shape),
        "values": rounded(out),
        "labels": [int(v) for v in seg.ravel()],
    }


OUT.parent.mkdir(parents=True, exist_ok=True)
OUT.write_text(
    json.dumps(
        {
            "tool": "scipy.ndimage.map_coordinates, SimpleITK.Resample, nnunetv2 resample_data_or_seg_to_spacing",
            "version": {name: version(name) for name in ("numpy", "scipy", "SimpleITK", "nnunetv2", "scikit-image")},
            "script": "scripts/golden/imaging_resampling.py",
            "oblique": oblique(),
            "splinePoints": spline_points(),
            "nnunetIsotropic": nnunet([1.5, 1.0, 1.2], [1.0, 1.3, 0.9], False),
            "nnunetSeparate": nnunet([4.0, 1.0, 1.2], [2.9, 1.3, 0.9], None),
        }
    )
    + "\n"
)
