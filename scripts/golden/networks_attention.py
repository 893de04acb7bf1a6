"""Outputs, loss and gradients of an Attention U-Net on PyTorch, and trilinear up-sampling of small tensors.

Run: python scripts/golden/networks_attention.py
"""

import torch
from torch.nn import functional as F

from networks_torch import CUBIC, FLAT, Parameters, decode, digest, encode, gradients, image_of, lcg, point, supervised_loss, write


def gate(p, name, skip, signal, stride):
    """Oktay et al. 2018, figure 2."""
    channels = skip.shape[1]
    theta = F.conv3d(skip, p(f"{name}.theta.weight", channels, channels, *stride), stride=tuple(stride))
    active = F.relu(theta + point(p, f"{name}.phi", signal, channels))
    alpha = torch.sigmoid(point(p, f"{name}.psi", active, 1))
    alpha = F.interpolate(alpha, size=skip.shape[2:], mode="trilinear", align_corners=False)
    passed = F.conv3d(skip * alpha, p(f"{name}.out.conv.weight", channels, channels, 1, 1, 1))
    norm = {"weight": p(f"{name}.out.norm.scale", channels), "bias": p(f"{name}.out.norm.shift", channels)}
    return F.instance_norm(passed, **norm, eps=1e-5), alpha


def run(plan, batch, levels):
    p = Parameters()
    stages = encode(p, plan, image_of(plan, batch))
    maps = {}

    def skip(resolution, coarser):
        if resolution + 1 not in levels:
            return stages[resolution]
        passed, maps[f"attention.{resolution}"] = gate(
            p, f"gate.{resolution}", stages[resolution], coarser, plan["strides"][resolution + 1]
        )
        return passed

    logits, loss = supervised_loss(p, plan, batch, decode(p, plan, stages[-1], skip))
    return {
        "plan": plan,
        "batchSize": batch,
        "gatedLevels": levels,
        "loss": loss.item(),
        "outputs": {
            "logits": digest("logits", logits),
            "bottleneck": digest("bottleneck", stages[-1]),
            **{name: digest(name, value) for name, value in maps.items()},
        },
        "gradients": gradients(p, loss),
    }


def upsampled(shape, factor):
    x = torch.from_numpy(lcg("x", torch.Size(shape).numel()).astype("f4").astype(float).reshape(shape)).requires_grad_()
    y = F.interpolate(x, scale_factor=tuple(map(float, factor)), mode="trilinear", align_corners=False)
    (y * torch.from_numpy(lcg("cotangent", y.numel()).reshape(y.shape))).sum().backward()
    return {"shape": shape, "factor": factor, "y": digest("y", y), "gradient": digest("gradient", x.grad)}


write("attention-unet.json", __file__, {
    "upsampling": [
        upsampled([2, 3, 3, 4, 5], [2, 2, 2]),
        upsampled([1, 2, 4, 1, 3], [1, 2, 4]),
        upsampled([1, 1, 2, 3, 1], [3, 5, 2]),
    ],
    "cases": [run(CUBIC, 2, [2, 3]), run(FLAT, 1, [1, 2])],
})
