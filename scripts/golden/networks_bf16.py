"""How far PyTorch's own bf16 (autocast on the processor) is from float64 on the networks of the golden files: the measure of what bf16's
rounding is worth there. Errors are along the digests' directions, relative to the norms, as tests/networks/golden-network.ts has them.

Run after networks_unet.py, networks_attention.py and networks_vq.py, with their packages: python scripts/golden/networks_bf16.py
"""

import json

import numpy as np
import torch

import networks_torch as shared
import networks_unet as nnunet

write, made_in_double, image_in_double = shared.write, shared.Parameters, shared.image_of
found = []


class SingleParameters(made_in_double):
    def __call__(self, name, *shape):
        if name not in self.made:
            self.made[name] = super().__call__(name, *shape).detach().float().requires_grad_()
        return self.made[name]


def digest(name, tensor):
    flat = tensor.detach().double().numpy().ravel()
    return {"projections": [float(flat @ shared.lcg(f"{name}#{i}", flat.size)) for i in range(4)], "size": flat.size}


# The scripts take these names when they are imported below, run their networks with them, and write nothing.
shared.Parameters = SingleParameters
shared.image_of = lambda plan, batch: image_in_double(plan, batch).float()
shared.digest = nnunet.digest = digest
shared.write = lambda name, script, content: found.append((name, content["cases"]))
torch.set_default_dtype(torch.float32)


def plain(plan, batch):
    p = SingleParameters()
    stages = shared.encode(p, plan, shared.image_of(plan, batch))
    logits, loss = shared.supervised_loss(p, plan, batch, shared.decode(p, plan, stages[-1], lambda r, _: stages[r]))
    outputs = {"logits": digest("logits", logits), "bottleneck": digest("bottleneck", stages[-1])}
    return {"loss": loss.item(), "outputs": outputs, "gradients": shared.gradients(p, loss)}


def of_nnunet(plan, batch, batch_dice):
    """A case of unet.json: the plain encoder from the shared parts, the residual one as nnU-Net's own module."""
    if plan.get("encoder") == "residual":
        case = nnunet.run(plan, batch, batch_dice, torch.float32)
        return {**case, "outputs": {name: case[name] for name in ("logits", "bottleneck")}}
    return plain(plan, batch) if batch_dice else None


def exact(name):
    cases = json.loads((shared.OUTPUT / name).read_text())["cases"]
    return [{**case, "outputs": case.get("outputs") or {k: case[k] for k in ("logits", "bottleneck")}} for case in cases]


def error(name, half, double):
    scale = [double["norm"] * np.linalg.norm(shared.lcg(f"{name}#{i}", half["size"])) for i in range(4)]
    return max(abs(h - d) / s for h, d, s in zip(half["projections"], double["projections"], scale))


def root_mean_square(half, double):
    return float(np.sqrt(np.mean([error(name, half[name], double[name]) ** 2 for name in double])))


with torch.autocast("cpu", torch.bfloat16):
    import networks_attention  # noqa: E402, F401
    import networks_vq  # noqa: E402, F401

    unet = exact("unet.json")
    found.append(("unet.json", [of_nnunet(case["plan"], case["batchSize"], case["batchDice"]) for case in unet]))

write("bf16.json", __file__, {
    "tool": "torch, autocast to bfloat16 on the processor",
    "cases": {
        name: [
            half and {
                "loss": abs(half["loss"] - double["loss"]),
                "outputs": root_mean_square(half["outputs"], double["outputs"]),
                "gradients": root_mean_square(half["gradients"], double["gradients"]),
            }
            for half, double in zip(cases, exact(name))
        ]
        for name, cases in found
    },
})
