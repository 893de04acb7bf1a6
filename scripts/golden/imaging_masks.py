"""Reference values for distances, components, hole filling, mask comparison and diameters: scipy, MONAI, SimpleITK.

Usage: pip install numpy scipy SimpleITK torch==2.13.0 monai; python scripts/golden/imaging_masks.py
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import torch
from monai.metrics import compute_dice, compute_hausdorff_distance, compute_surface_dice
from scipy import ndimage

OUT = Path(__file__).parents[2] / "tests" / "golden" / "imaging" / "masks.json"
SHAPE = (7, 12, 14)
SPACING = (2.5, 0.7, 1.1)


def scatter(modulus, remainder_below):
    """Scattered voxels that the test makes again: (31 i² + 17 i) mod modulus < remainder_below."""
    i = np.arange(np.prod(SHAPE), dtype=np.int64)
    return ((31 * i * i + 17 * i) % modulus < remainder_below).reshape(SHAPE)


def ellipsoid(centre, radii_mm):
    """Ellipsoid with its centre in voxels and its radii in mm, along (slice, row, column)."""
    grid = np.indices(SHAPE).astype(np.float64)
    total = sum(((grid[a] - centre[a]) * SPACING[a] / radii_mm[a]) ** 2 for a in range(3))
    return total <= 1


def rounded(array):
    return [round(float(v), 5) for v in np.asarray(array).ravel()]


def one_hot(mask):
    return torch.from_numpy(mask[None, None].astype(np.float32))


def comparison(a, b):
    p, r = one_hot(a), one_hot(b)
    return {
        "dice": float(compute_dice(p, r, include_background=True)[0, 0]),
        "hd95Mm": float(
            compute_hausdorff_distance(p, r, include_background=True, percentile=95, spacing=list(SPACING))[0, 0]
        ),
        "nsd": {
            str(t): float(compute_surface_dice(p, r, [t], include_background=True, spacing=list(SPACING))[0, 0])
            for t in (0.5, 1.0, 2.0)
        },
    }


def feret(mask):
    im = sitk.GetImageFromArray(mask.astype(np.uint8))
    im.SetSpacing([float(s) for s in SPACING[::-1]])
    stats = sitk.LabelShapeStatisticsImageFilter()
    stats.ComputeFeretDiameterOn()
    stats.Execute(im)
    return stats.GetFeretDiameter(1)


def components(mask, rank):
    labels, n = ndimage.label(mask, ndimage.generate_binary_structure(3, rank))
    return sorted((int(v) for v in np.bincount(labels.ravel())[1:]), reverse=True)


sparse, dense = scatter(257, 4), scatter(257, 70)
# (centre in voxels, radii in mm); the last touches the border of the image.
shapes = {
    "a": ((3, 5, 6), (5.2, 2.9, 4.1)),
    "b": ((3, 6, 7), (4.1, 3.1, 4.9)),
    "border": ((0, 1, 12), (6.0, 3.0, 5.0)),
}
masks = {name: ellipsoid(*shape) for name, shape in shapes.items()}

OUT.parent.mkdir(parents=True, exist_ok=True)
OUT.write_text(
    json.dumps(
        {
            "tool": "scipy.ndimage, MONAI metrics, SimpleITK.LabelShapeStatistics",
            "version": {name: version(name) for name in ("numpy", "scipy", "monai", "torch", "SimpleITK")},
            "script": "scripts/golden/imaging_masks.py",
            "shape": SHAPE,
            "spacingMm": SPACING,
            "ellipsoids": {name: {"centre": c, "radiiMm": r} for name, (c, r) in shapes.items()},
            "distanceToSparse": rounded(ndimage.distance_transform_edt(~sparse, sampling=SPACING)),
            "componentsOfDense": {str(6 if k == 1 else 18 if k == 2 else 26): components(dense, k) for k in (1, 2, 3)},
            "filledVoxelsOfScatter": int(ndimage.binary_fill_holes(scatter(257, 170)).sum()),
            "comparisons": {
                f"{p} v {r}": comparison(masks[p], masks[r])
                for p, r in (("a", "b"), ("a", "border"), ("border", "border"))
            },
            "feretMm": {name: feret(mask) for name, mask in masks.items()},
        }
    )
    + "\n"
)
