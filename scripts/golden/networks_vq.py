"""Outputs, losses and gradients of a vector-quantised network on PyTorch; codebook updates over several steps in NumPy.

Run: python scripts/golden/networks_vq.py
"""

import numpy as np
import torch
from torch.nn import functional as F

from networks_torch import CUBIC, FLAT, Parameters, decode, digest, encode, gradients, image_of, lcg, point, supervised_loss, write

BETA = 0.25


def run(plan, batch, codes, dimensions, method, skips):
    p = Parameters()
    stages = encode(p, plan, image_of(plan, batch))
    z = point(p, "quantiser.project", stages[-1], dimensions)
    rows = z.movedim(1, -1).reshape(-1, dimensions)
    book = p("quantiser.codebook", codes, dimensions)
    if method == "gradient":
        book = book + p("quantiser.shift", codes, dimensions)
    distances = torch.cdist(rows, book) ** 2
    nearest = distances.argmin(1)
    two = distances.topk(2, largest=False).values
    assert (two[:, 1] - two[:, 0]).min() > 1e-3, "a near tie, which fp32 could decide otherwise"
    vectors = book[nearest].reshape(batch, *z.shape[2:], dimensions).movedim(-1, 1)
    commitment = F.mse_loss(z, vectors.detach())
    penalty = BETA * commitment
    if method == "gradient":
        penalty = penalty + F.mse_loss(vectors, z.detach())
    passed = z + (vectors - z).detach()
    decoded = decode(p, plan, passed, lambda r, _: stages[r] if skips else None)
    logits, loss = supervised_loss(p, plan, batch, decoded)
    share = torch.bincount(nearest, minlength=codes) / nearest.numel()
    perplexity = torch.exp(-torch.xlogy(share, share).sum())
    histogram = torch.stack([torch.bincount(each, minlength=codes) / each.numel() for each in nearest.reshape(batch, -1)])
    found = gradients(p, loss + penalty)
    found.pop("quantiser.shift", None)  # revival's, not the optimiser's
    return {
        "plan": plan,
        "batchSize": batch,
        "options": {"codes": codes, "dimensions": dimensions, "codebook": method, "skips": skips},
        "loss": (loss + penalty).item(),
        "commitment": commitment.item(),
        "perplexity": perplexity.item(),
        "codes": nearest.tolist(),
        "outputs": {"logits": digest("logits", logits), "bottleneck": digest("bottleneck", vectors), "histogram": digest("histogram", histogram)},
        "gradients": found,
    }


def follow(codes, dimensions, shape, steps, decay, epsilon, revival):
    """van den Oord et al. 2017, appendix A.1, with the sums m as a state of their own, and revival as decision 0055 says it."""
    batch, *space = shape
    locations = batch * int(np.prod(space))
    book = np.float32(lcg("book", codes * dimensions)).astype(float).reshape(codes, dimensions)
    count = 1 + np.float32(0.2 * lcg("use", codes)).astype(float)
    draw = np.float32(0.5 * lcg("draw", codes)).astype(float)

    def smooth(n):
        return (n + epsilon) / (n.sum() + codes * epsilon) * n.sum()

    sums = book * smooth(count)[:, None]
    states = []
    for step in range(steps):
        z = np.float32(lcg(f"z{step}", locations * dimensions)).astype(float).reshape(batch, dimensions, *space)
        rows = np.moveaxis(z, 1, -1).reshape(locations, dimensions)
        nearest = ((rows[:, None] - book[None]) ** 2).sum(2).argmin(1)
        count = decay * count + (1 - decay) * np.bincount(nearest, minlength=codes)
        for k in range(codes):
            sums[k] = decay * sums[k] + (1 - decay) * rows[nearest == k].sum(0)
        book = sums / smooth(count)[:, None]
        revived = []
        if revival > 0:
            mean = locations / codes
            for k in range(codes):
                if count[k] < revival * mean:
                    revived.append(k)
                    book[k] = rows[int((draw[k] + 0.5) * locations)]
                    count[k] = 2 * revival * mean
            sums = book * smooth(count)[:, None]
            draw = draw + 0.6180339887498949
            draw = np.where(draw > 0.5, draw - 1, draw)
        states.append({"codebook": book.ravel().tolist(), "use": count.tolist(), "revived": revived})
    return {
        "options": {"codes": codes, "dimensions": dimensions, "decay": decay, "epsilon": epsilon, "revivalShare": revival},
        "shape": [batch, dimensions, *space],
        "steps": states,
    }


write("vq.json", __file__, {
    "numpy": np.__version__,
    "cases": [run(CUBIC, 2, 7, 5, "moving-average", True), run(FLAT, 1, 6, 4, "gradient", False)],
    "updates": [
        follow(6, 3, [2, 2, 1, 3], 6, 0.9, 1e-5, 0),
        follow(8, 3, [2, 2, 1, 3], 8, 0.7, 1e-3, 0.5),
    ],
})
