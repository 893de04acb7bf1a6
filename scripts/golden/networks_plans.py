"""Plans that nnU-Net v2's own planners (default, residual encoder M and L) make of simulated fingerprints.

Run: python scripts/golden/networks_plans.py > tests/golden/networks/plans.json
Needs: pip install nnunetv2==2.8.1
"""

import json
import os
import sys
import tempfile
from importlib.metadata import version

import numpy as np

SCRATCH = tempfile.mkdtemp()
for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
    os.environ[variable] = SCRATCH

from nnunetv2.experiment_planning.experiment_planners.default_experiment_planner import (  # noqa: E402
    ExperimentPlanner,
)
from nnunetv2.experiment_planning.experiment_planners.residual_unets.residual_encoder_unet_planners import (  # noqa: E402
    nnUNetPlannerResEncL,
    nnUNetPlannerResEncM,
)
from nnunetv2.preprocessing.resampling.default_resampling import compute_new_shape  # noqa: E402


PLANNERS = {"nnunet": ExperimentPlanner, "resenc-m": nnUNetPlannerResEncM, "resenc-l": nnUNetPlannerResEncL}


def plan(fingerprint, classes, channels, preset="nnunet"):
    """The 3d_fullres part of `plan_experiment`, called as it calls it."""
    folder = os.path.join(SCRATCH, "Dataset001_Golden")
    for sub in ("imagesTr", "labelsTr"):
        os.makedirs(os.path.join(folder, sub), exist_ok=True)
    dataset = {
        "channel_names": {str(i): "MRI" for i in range(channels)},
        "labels": {"background": 0, **{f"class{i}": i for i in range(1, classes)}},
        "numTraining": len(fingerprint["spacings"]),
        "file_ending": ".nii.gz",
    }
    with open(os.path.join(folder, "dataset.json"), "w") as file:
        json.dump(dataset, file)
    with open(os.path.join(folder, "dataset_fingerprint.json"), "w") as file:
        json.dump(fingerprint, file)
    planner = PLANNERS[preset]("Dataset001_Golden")
    forward, backward = planner.determine_transpose()
    spacing = planner.determine_fullres_target_spacing()
    shapes = [
        compute_new_shape(shape, each, spacing)
        for each, shape in zip(fingerprint["spacings"], fingerprint["shapes_after_crop"])
    ]
    median = np.median(shapes, 0)[forward]
    voxels = float(np.prod(median, dtype=np.float64) * dataset["numTraining"])
    cache = {}
    result = planner.get_plans_for_configuration(spacing[forward], median, "golden", voxels, cache)
    architecture = result["architecture"]["arch_kwargs"]

    def back(triple):
        return [float(triple[i]) for i in backward]

    return {
        "spacingMm": back(result["spacing"]),
        "medianShape": back(median),
        "patchSize": back(result["patch_size"]),
        "batchSize": int(result["batch_size"]),
        "strides": [back(s) for s in architecture["strides"]],
        "kernels": [back(k) for k in architecture["kernel_sizes"]],
        "features": list(architecture["features_per_stage"]),
        "blocksPerStage": list(architecture.get("n_conv_per_stage") or architecture["n_blocks_per_stage"]),
        "blocksPerStageDecoder": list(architecture["n_conv_per_stage_decoder"]),
        "useMask": bool(result["use_mask_for_norm"][0]),
        "memoryEstimate": int(list(cache.values())[-1]),
    }


def fixed(spacing, shape, cases):
    return {"spacings": [spacing] * cases, "shapes_after_crop": [shape] * cases, "median_relative_size_after_cropping": 1.0}


def simulated(rng):
    cases = int(rng.integers(1, 12))
    base = rng.choice([0.4, 0.7, 1.0, 1.5], size=3) if rng.random() < 0.3 else np.full(3, rng.choice([0.5, 0.8, 1.0]))
    if rng.random() < 0.6:
        base = base.copy()
        base[rng.integers(0, 3)] *= rng.choice([1.5, 2.5, 4.0, 7.0])
    extent = rng.uniform(25, 350, size=3)
    spacings, shapes = [], []
    for _ in range(cases):
        spacing = base * rng.choice([0.8, 1.0, 1.0, 1.2], size=3)
        spacings.append([round(float(v), 4) for v in spacing])
        shapes.append([max(8, int(v)) for v in extent * rng.uniform(0.8, 1.2, size=3) / spacing])
    return {
        "spacings": spacings,
        "shapes_after_crop": shapes,
        "median_relative_size_after_cropping": round(float(rng.uniform(0.4, 1.0)), 3),
    }


def main():
    rng = np.random.default_rng(20261124)
    inputs = [
        (fixed([1.0, 1.0, 1.0], [160, 200, 320], 105), 2, 1),
        (fixed([2.0, 0.664, 0.664], [80, 256, 256], 105), 2, 2),
        (fixed([1.0, 1.0, 1.0], [160, 170, 180], 105), 2, 1),
        (fixed([1.0, 1.0, 1.0], [35, 50, 36], 140), 3, 1),
        (fixed([1.0, 1.0, 1.0], [36, 50, 35], 260), 3, 1),
    ]
    inputs += [(simulated(rng), int(rng.integers(2, 5)), int(rng.integers(1, 3))) for _ in range(25)]
    inputs = [(*each, "nnunet") for each in inputs] + [
        (*each, preset) for preset in ("resenc-m", "resenc-l") for each in inputs[:20]
    ]
    out = []
    for fingerprint, classes, channels, preset in inputs:
        expected = plan(fingerprint, classes, channels, preset)
        cases = len(fingerprint["spacings"])
        if len({json.dumps(s) for s in fingerprint["spacings"]}) == 1 and cases > 20:
            fingerprint = {**fingerprint, "spacings": fingerprint["spacings"][:1], "shapes_after_crop": fingerprint["shapes_after_crop"][:1]}
        out.append({"fingerprint": fingerprint, "cases": cases, "classes": classes, "channels": channels, "preset": preset, "plan": expected})
    json.dump(
        {"tool": "nnunetv2", "version": version("nnunetv2"), "script": "scripts/golden/networks_plans.py", "cases": out},
        sys.stdout,
    )


if __name__ == "__main__":
    main()
