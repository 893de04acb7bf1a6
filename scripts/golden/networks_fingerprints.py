"""Fingerprints that nnU-Net v2's own extractor writes for small made data sets, and the plans of its planners for them.

Run: python scripts/golden/networks_fingerprints.py > tests/golden/networks/fingerprints.json
Needs: pip install nnunetv2==2.8.1 nibabel
"""

import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import networks_plans  # noqa: E402  (sets nnU-Net's folders before it is imported)

import nibabel  # noqa: E402
import numpy as np  # noqa: E402
from importlib.metadata import version  # noqa: E402
from nnunetv2.experiment_planning.dataset_fingerprint.fingerprint_extractor import DatasetFingerprintExtractor  # noqa: E402

# Name, shape and spacing in NIfTI's order (column, row, slice), cases, channels, classes, share of the image that is not zero.
DATA_SETS = [
    ("anisotropic", (96, 88, 14), (0.7, 0.8, 3.6), 4, 2, 2, 1.0),
    ("tiny", (20, 26, 18), (1.0, 1.0, 1.0), 3, 1, 3, 1.0),
    ("cropped", (64, 60, 56), (1.0, 1.1, 1.2), 2, 1, 2, 0.7),
]


def make(name, index, shape, spacing, cases, channels, classes, inside, rng):
    dataset = f"Dataset{index:03d}_{name}"
    folder = os.path.join(os.environ["nnUNet_raw"], dataset)
    for sub in ("imagesTr", "labelsTr"):
        os.makedirs(os.path.join(folder, sub), exist_ok=True)
    description = {
        "channel_names": {str(i): "MRI" for i in range(channels)},
        "labels": {"background": 0, **{f"class{i}": i for i in range(1, classes)}},
        "numTraining": cases,
        "file_ending": ".nii.gz",
    }
    with open(os.path.join(folder, "dataset.json"), "w") as file:
        json.dump(description, file)
    for case in range(cases):
        size = tuple(int(s + rng.integers(-2, 3)) for s in shape)
        mm = np.array(spacing) * rng.choice([0.9, 1.0, 1.0, 1.1])
        affine = np.diag([*mm, 1.0])
        labels = np.zeros(size, np.uint8)
        for c in range(1, classes):
            start = [s // (2 + c) for s in size]
            labels[start[0]:start[0] + 5, start[1]:start[1] + 5, start[2]:start[2] + 3] = c
        mask = np.zeros(size, bool)
        mask[tuple(slice(0, int(np.ceil(s * inside))) for s in size)] = True
        for channel in range(channels):
            image = (100 + 20 * channel + 15 * labels + rng.normal(0, 5, size)) * mask
            nibabel.save(
                nibabel.Nifti1Image(image.astype(np.float32), affine),
                os.path.join(folder, "imagesTr", f"{name}_{case:02d}_{channel:04d}.nii.gz"),
            )
        nibabel.save(nibabel.Nifti1Image(labels, affine), os.path.join(folder, "labelsTr", f"{name}_{case:02d}.nii.gz"))
    os.makedirs(os.path.join(os.environ["nnUNet_preprocessed"], dataset), exist_ok=True)
    DatasetFingerprintExtractor(dataset, num_processes=1).run(overwrite_existing=True)
    with open(os.path.join(os.environ["nnUNet_preprocessed"], dataset, "dataset_fingerprint.json")) as file:
        return description, json.load(file)


def main():
    rng = np.random.default_rng(20261124)
    stdout, sys.stdout = sys.stdout, sys.stderr
    out = []
    for index, (name, *rest) in enumerate(DATA_SETS, start=11):
        description, fingerprint = make(name, index, *rest, rng)
        classes, channels = rest[4], rest[3]
        plans = {preset: networks_plans.plan(fingerprint, classes, channels, preset) for preset in networks_plans.PLANNERS}
        out.append({"name": name, "dataset": description, "fingerprint": fingerprint, "plans": plans})
    sys.stdout = stdout
    json.dump(
        {"tool": "nnunetv2", "version": version("nnunetv2"), "script": "scripts/golden/networks_fingerprints.py", "dataSets": out},
        sys.stdout,
    )


if __name__ == "__main__":
    main()
