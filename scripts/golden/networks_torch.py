"""What the scripts on Attention U-Net and the vector-quantised network share: tensors by a rule that the tests repeat, and plain PyTorch
pieces of a U-Net, written from the papers and not from Residua's code."""

import json
import pathlib

import numpy as np
import torch
from torch.nn import functional as F

OUTPUT = pathlib.Path(__file__).parents[2] / "tests" / "golden" / "networks"
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


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


class Parameters:
    """Parameters made when they are first asked for, by name and shape, in the precision of the tests' fp32 values."""

    def __init__(self):
        self.made = {}

    def __call__(self, name, *shape):
        if name not in self.made:
            u = lcg(name, int(np.prod(shape)))
            if name.endswith("norm.scale"):
                values = 1 + 0.2 * u
            elif name.endswith((".shift", "bias")):
                values = 0.1 * u
            else:
                values = u * np.sqrt(3 / np.prod(shape[1:]))
            self.made[name] = torch.tensor(np.float32(values).astype(float).reshape(shape), requires_grad=True)
        return self.made[name]


def block(p, name, x, channels, kernel, stride):
    w = p(f"{name}.conv.weight", channels, x.shape[1], *kernel)
    y = F.conv3d(x, w, stride=tuple(stride), padding=tuple(k // 2 for k in kernel))
    y = F.instance_norm(y, weight=p(f"{name}.norm.scale", channels), bias=p(f"{name}.norm.shift", channels), eps=1e-5)
    return F.leaky_relu(y, 0.01)


def stack(p, name, x, plan, stage, count, stride):
    for i in range(count):
        x = block(p, f"{name}.{i}", x, plan["features"][stage], plan["kernels"][stage], stride if i == 0 else (1, 1, 1))
    return x


def point(p, name, x, channels):
    return F.conv3d(x, p(f"{name}.weight", channels, x.shape[1], 1, 1, 1), p(f"{name}.bias", channels))


def encode(p, plan, x):
    out = []
    for stage, stride in enumerate(plan["strides"]):
        x = stack(p, f"encoder.{stage}", x, plan, stage, plan["blocksPerStage"][stage], stride)
        out.append(x)
    return out


def decode(p, plan, x, skip):
    """Decoder activations, finest first; skip(resolution, coarser) gives what joins, or None."""
    out = {}
    for r in reversed(range(len(plan["strides"]) - 1)):
        joining = skip(r, x)
        stride = tuple(plan["strides"][r + 1])
        channels = plan["features"][r]
        w = p(f"decoder.{r}.up.weight", x.shape[1], channels, *stride)
        x = F.conv_transpose3d(x, w, p(f"decoder.{r}.up.bias", channels), stride=stride)
        if joining is not None:
            x = torch.cat([x, joining], 1)
        x = stack(p, f"decoder.{r}", x, plan, r, plan["blocksPerStageDecoder"][r], (1, 1, 1))
        out[r] = x
    return [out[r] for r in sorted(out)]


def image_of(plan, batch):
    shape = (batch, plan["inputChannels"], *plan["patchSize"])
    return torch.from_numpy((2 * lcg("image", int(np.prod(shape)))).astype("f4").astype(float).reshape(shape))


def supervised_loss(p, plan, batch, decoded):
    """Logits and the deep-supervision sum of cross-entropy - mean soft Dice over the batch without background, smooth 1e-5."""
    weights = [0.5**i for i in range(len(decoded))]
    if len(weights) > 1:
        weights[-1] = 0
    total = 0
    finest = None
    for r, weight in enumerate(weights):
        if weight == 0:
            continue
        logits = point(p, f"head.{r}", decoded[r], plan["classes"])
        finest = logits if finest is None else finest
        voxels = batch * int(np.prod(logits.shape[2:]))
        labels = np.floor((lcg(f"labels{r}", voxels) + 1) / 2 * plan["classes"]).astype(int)
        labels = torch.from_numpy(labels.reshape(batch, *logits.shape[2:]))
        probabilities = logits.softmax(1)
        wanted = F.one_hot(labels, plan["classes"]).movedim(-1, 1)
        both, size = [(t.sum((0, 2, 3, 4)))[1:] for t in (probabilities * wanted, probabilities + wanted)]
        dice = ((2 * both + 1e-5) / (size + 1e-5)).mean()
        total = total + weight / sum(weights) * (F.cross_entropy(logits, labels) - dice)
    return finest, total


def digest(name, tensor):
    flat = tensor.detach().numpy().ravel()
    return {
        "norm": float(np.linalg.norm(flat)),
        "projections": [float(flat @ lcg(f"{name}#{i}", flat.size)) for i in range(4)],
    }


def gradients(p, loss):
    loss.backward()
    return {name: digest(name, value.grad) for name, value in p.made.items() if value.grad is not None}


def write(name, script, content):
    document = {
        "tool": "torch, float64",
        "version": torch.__version__,
        "script": f"scripts/golden/{pathlib.Path(script).name}",
        **content,
    }
    (OUTPUT / name).write_text(json.dumps(document, indent=1) + "\n")


CUBIC = {
    "inputChannels": 1, "classes": 3, "patchSize": [8, 16, 16], "features": [4, 5, 6, 8],
    "strides": [[1, 1, 1], [2, 2, 2], [2, 2, 2], [1, 2, 2]], "kernels": [[3, 3, 3]] * 4,
    "blocksPerStage": [1, 2, 1, 1], "blocksPerStageDecoder": [1, 1, 1],
}
FLAT = {
    "inputChannels": 2, "classes": 2, "patchSize": [5, 16, 8], "features": [3, 5, 6],
    "strides": [[1, 1, 1], [1, 2, 2], [1, 2, 1]], "kernels": [[1, 3, 3], [3, 3, 3], [3, 3, 3]],
    "blocksPerStage": [1, 1, 1], "blocksPerStageDecoder": [1, 1],
}
