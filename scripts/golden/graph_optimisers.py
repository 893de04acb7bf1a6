"""Trajectories of torch.optim on a small regression, for tests/conformance."""

import torch

from graph_values import tensor, write

STEPS = 8


def trajectory(make, clip):
    generator = torch.Generator().manual_seed(7)
    x = torch.randn(6, 4, generator=generator)
    target = torch.randn(6, 3, generator=generator)
    weight = torch.randn(4, 3, generator=generator).requires_grad_()
    bias = torch.randn(1, 3, generator=generator).requires_grad_()
    start = {"weight": tensor(weight), "bias": tensor(bias)}
    wide = {"x": tensor(x), "target": tensor(target)}
    x, target = x.double(), target.double()
    weight, bias = (p.detach().double().requires_grad_() for p in (weight, bias))
    optimiser = make([weight, bias])
    steps = []
    for step in range(STEPS):
        rate = 0.05 * (1 - step / STEPS) ** 0.9
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad()
        loss = ((torch.sigmoid(x @ weight + bias) - target) ** 2).sum()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_([weight, bias], clip)
        optimiser.step()
        steps.append({
            "learningRate": rate,
            "loss": loss.item(),
            "gradientNorm": norm.item(),
            "weight": tensor(weight),
            "bias": tensor(bias),
        })
    return {"clipNorm": clip, "inputs": wide, "start": start, "steps": steps}


def sgd(nesterov):
    return lambda p: torch.optim.SGD(p, 0.1, momentum=0.99, nesterov=nesterov, weight_decay=3e-2)


write("optimisers.json", __file__, {
    "sgdNesterov": trajectory(sgd(True), 1.5),
    "sgdMomentum": trajectory(sgd(False), 1e9),
    "adamW": trajectory(
        lambda p: torch.optim.AdamW(p, 0.1, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1), 1.5
    ),
})
