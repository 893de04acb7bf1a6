"""Outputs, losses and gradients of nnU-Net's own networks (plain and residual encoder) and loss, for networks of a few channels.

Tensors follow a rule that the test repeats (`lcg`), and large results are kept as their norm and their inner products with tensors of
the same rule, so that the file stays small.

Run: python scripts/golden/networks_unet.py > tests/golden/networks/unet.json
Needs: pip install nnunetv2==2.8.1 (which brings torch and dynamic-network-architectures)
"""

import json
import os
import sys
import tempfile
from importlib.metadata import version

for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
    os.environ[variable] = tempfile.mkdtemp()

import numpy as np  # noqa: E402
import torch  # noqa: E402
from dynamic_network_architectures.architectures.unet import PlainConvUNet, ResidualEncoderUNet  # noqa: E402
from nnunetv2.training.loss.compound_losses import DC_and_CE_loss  # noqa: E402
from nnunetv2.training.loss.deep_supervision import DeepSupervisionWrapper  # noqa: E402
from nnunetv2.training.loss.dice import MemoryEfficientSoftDiceLoss  # noqa: E402

torch.set_num_threads(1)
DOUBLE = torch.float64


def lcg(name, count):
    """Numbers in [-1, 1): a linear congruential generator seeded with the FNV-1a hash of a name."""
    x = 0x811C9DC5
    for character in name.encode():
        x = ((x ^ character) * 0x01000193) & 0xFFFFFFFF
    out = np.empty(count)
    for i in range(count):
        x = (1664525 * x + 1013904223) & 0xFFFFFFFF
        out[i] = x / 2**31 - 1
    return out


def parameter(name, shape):
    u = lcg(name, int(np.prod(shape))).reshape(shape)
    if name.endswith("norm.scale"):
        return 1 + 0.2 * u
    if name.endswith(("norm.shift", "bias")):
        return 0.1 * u
    return u * np.sqrt(3 / np.prod(shape[1:]))


def our_name(theirs, stages):
    """The state name of one of nnU-Net's parameters; None for a bias before a normalisation, which has no effect."""
    parts = theirs.split(".")
    kind = {"conv.weight": "conv.weight", "norm.weight": "norm.scale", "norm.bias": "norm.shift"}.get(".".join(parts[-2:]))
    if parts[:2] == ["encoder", "stem"]:
        return kind and f"encoder.stem.{kind}"
    if parts[0] == "encoder" and "blocks" in parts:
        inner = {"conv1": "0", "conv2": "1", "skip": "skip"}[parts[5]]
        return kind and f"encoder.{parts[2]}.{parts[4]}.{inner}.{kind}"
    if parts[0] == "encoder":
        return kind and f"encoder.{parts[2]}.{parts[5]}.{kind}"
    index = stages - 2 - int(parts[2])
    if parts[1] == "stages":
        return kind and f"decoder.{index}.{parts[4]}.{kind}"
    return f"{'head' if parts[1] == 'seg_layers' else 'decoder'}.{index}.{'' if parts[1] == 'seg_layers' else 'up.'}{parts[-1]}"


def digest(name, tensor):
    flat = tensor.detach().numpy().ravel()
    return {
        "norm": float(np.linalg.norm(flat)),
        "projections": [float(flat @ lcg(f"{name}#{i}", flat.size)) for i in range(4)],
    }


def run(plan, batch, batch_dice, precision=DOUBLE):
    stages = len(plan["strides"])
    residual = plan.get("encoder") == "residual"
    net = (ResidualEncoderUNet if residual else PlainConvUNet)(
        plan["inputChannels"], stages, plan["features"], torch.nn.Conv3d, plan["kernels"], plan["strides"],
        plan["blocksPerStage"], plan["classes"], plan["blocksPerStageDecoder"], conv_bias=True,
        norm_op=torch.nn.InstanceNorm3d, norm_op_kwargs={"eps": 1e-5, "affine": True},
        nonlin=torch.nn.LeakyReLU, nonlin_kwargs={"inplace": True}, deep_supervision=True,
    ).to(precision)
    ours = {}
    with torch.no_grad():
        for theirs, value in net.named_parameters():
            # all_modules lists the same parameters a second time; named_parameters gives each once, as .conv and .norm
            name = our_name(theirs, stages)
            # A bias before a normalisation is set to something, to show that it does not matter.
            values = parameter(name, tuple(value.shape)) if name else 0.3 * lcg(theirs, value.numel())
            value.copy_(torch.from_numpy(np.asarray(values)).reshape(value.shape))
            if name:
                ours[name] = value
    image_shape = (batch, plan["inputChannels"], *plan["patchSize"])
    image = torch.from_numpy(2 * lcg("image", int(np.prod(image_shape))).reshape(image_shape)).to(precision)
    outputs = net(image)
    bottleneck = net.encoder(image)[-1]
    targets = [
        torch.from_numpy(np.floor((lcg(f"labels{i}", batch * int(np.prod(o.shape[2:]))) + 1) / 2 * plan["classes"]))
        .reshape(batch, 1, *o.shape[2:])
        for i, o in enumerate(outputs)
    ]
    loss = DC_and_CE_loss(
        {"batch_dice": batch_dice, "smooth": 1e-5, "do_bg": False, "ddp": False}, {}, weight_ce=1, weight_dice=1,
        dice_class=MemoryEfficientSoftDiceLoss,
    )
    weights = np.array([1 / 2**i for i in range(len(outputs))])
    weights[-1] = 0
    weights = weights / weights.sum()
    total = DeepSupervisionWrapper(loss, weights)(outputs, targets)
    total.backward()
    return {
        "plan": plan,
        "batchSize": batch,
        "batchDice": batch_dice,
        "loss": total.item(),
        "logits": digest("logits", outputs[0]),
        "bottleneck": digest("bottleneck", bottleneck),
        # The head of the coarsest resolution has no weight in the loss, so no gradient; Residua does not build it.
        "gradients": {name: digest(name, value.grad) for name, value in ours.items() if name.split(".")[:2] != ["head", str(stages - 2)]},
        "parameters": int(sum(v.numel() for v in ours.values())),
    }


def main():
    torch.set_default_dtype(DOUBLE)
    cubic = {
        "inputChannels": 1, "classes": 3, "patchSize": [8, 16, 12], "features": [4, 6, 8],
        "strides": [[1, 1, 1], [2, 2, 2], [2, 2, 2]], "kernels": [[3, 3, 3]] * 3,
        "blocksPerStage": [2, 2, 2], "blocksPerStageDecoder": [2, 2],
    }
    flat = {
        "inputChannels": 2, "classes": 2, "patchSize": [5, 16, 8], "features": [3, 5, 6, 6],
        "strides": [[1, 1, 1], [1, 2, 2], [1, 2, 1], [1, 2, 2]],
        "kernels": [[1, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3]],
        "blocksPerStage": [1, 2, 2, 2], "blocksPerStageDecoder": [2, 1, 2],
    }
    residual = {**cubic, "encoder": "residual", "blocksPerStage": [1, 3, 2], "blocksPerStageDecoder": [1, 1]}
    residual_flat = {**flat, "encoder": "residual", "blocksPerStage": [1, 2, 1, 2], "blocksPerStageDecoder": [1, 1, 1]}
    json.dump(
        {
            "tool": "dynamic_network_architectures PlainConvUNet, ResidualEncoderUNet and nnunetv2 DC_and_CE_loss on PyTorch, float64",
            "version": {name: version(name) for name in ("torch", "nnunetv2", "dynamic_network_architectures")},
            "script": "scripts/golden/networks_unet.py",
            "cases": [run(cubic, 2, True), run(cubic, 2, False), run(flat, 1, True), run(residual, 2, False), run(residual_flat, 1, True)],
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
