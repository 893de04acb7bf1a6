"""One training step of a small U-Net by PyTorch (output, loss, every gradient), for tests/conformance."""

import torch
from torch.nn import functional as F

from graph_values import tensor, write

GENERATOR = torch.Generator().manual_seed(11)
SLOPE = 0.01


def normal(*shape, scale=1.0):
    return (scale * torch.randn(shape, generator=GENERATOR)).double()


def parameters():
    shapes = {
        "first": (4, 2, 3, 3, 3),
        "down": (8, 4, 3, 3, 3),
        "up": (8, 4, 2, 2, 2),
        "last": (4, 8, 3, 3, 3),
        "head": (3, 4, 1, 1, 1),
    }
    made = {f"{name}.weight": normal(*shape, scale=0.2) for name, shape in shapes.items()}
    for name, channels in (("first", 4), ("down", 8), ("last", 4)):
        made[f"{name}.scale"] = normal(channels, scale=0.1) + 1
        made[f"{name}.shift"] = normal(channels, scale=0.1)
    return {name: value.float().double() for name, value in made.items()}


def block(p, name, x, stride):
    y = F.conv3d(x, p[f"{name}.weight"], stride=stride, padding=1)
    y = F.instance_norm(y, weight=p[f"{name}.scale"], bias=p[f"{name}.shift"], eps=1e-5)
    return F.leaky_relu(y, SLOPE)


def network(p, image):
    fine = block(p, "first", image, 1)
    coarse = block(p, "down", fine, 2)
    up = F.conv_transpose3d(coarse, p["up.weight"], stride=2)
    return F.conv3d(block(p, "last", torch.cat([up, fine], 1), 1), p["head.weight"])


def loss_of(logits, labels):
    reference = F.one_hot(labels[:, 0], 3).permute(0, 4, 1, 2, 3).double()
    probabilities = logits.softmax(1)
    overlap = (probabilities * reference).sum((0, 2, 3, 4))[1:]
    total = (probabilities + reference).sum((0, 2, 3, 4))[1:]
    return F.cross_entropy(logits, labels[:, 0]) - ((2 * overlap + 1e-5) / (total + 1e-5)).mean()


def main():
    p = {name: value.requires_grad_() for name, value in parameters().items()}
    image = normal(2, 2, 4, 6, 8).float().double()
    labels = torch.randint(3, (2, 1, 4, 6, 8), generator=GENERATOR)
    logits = network(p, image)
    loss = loss_of(logits, labels)
    gradients = torch.autograd.grad(loss, list(p.values()))
    write("unet.json", __file__, {
        "image": tensor(image),
        "labels": tensor(labels),
        "parameters": {name: tensor(value) for name, value in p.items()},
        "logits": tensor(logits),
        "loss": loss.item(),
        "gradients": {name: tensor(value) for name, value in zip(p, gradients)},
    })


main()
