"""Time of a training step, of an inference, or of a whole volume in sliding windows with the U-Net of step.ts in PyTorch on the
processor. See README.md."""

import argparse
import itertools
import json
import math
import resource
import time

import torch
from torch import nn
from torch.nn import functional as F


class Stack(nn.Sequential):
    def __init__(self, inputs, outputs, stride):
        layers = []
        for i in range(2):
            layers += [
                nn.Conv3d(inputs if i == 0 else outputs, outputs, 3, stride if i == 0 else 1, 1, bias=False),
                nn.InstanceNorm3d(outputs, affine=True),
                nn.LeakyReLU(0.01, inplace=True),
            ]
        super().__init__(*layers)


class UNet(nn.Module):
    def __init__(self, channels, classes, features):
        super().__init__()
        sizes = [channels, *features]
        self.encoder = nn.ModuleList(
            Stack(sizes[i], sizes[i + 1], 1 if i == 0 else 2) for i in range(len(features))
        )
        finer = range(len(features) - 1)
        self.up = nn.ModuleList(nn.ConvTranspose3d(features[i + 1], features[i], 2, 2) for i in finer)
        self.decoder = nn.ModuleList(Stack(2 * features[i], features[i], 1) for i in finer)
        self.heads = nn.ModuleList(nn.Conv3d(features[i], classes, 1) for i in finer)

    def forward(self, x):
        skips = []
        for stage in self.encoder:
            x = stage(x)
            skips.append(x)
        logits = {}
        for i in reversed(range(len(self.decoder))):
            x = self.decoder[i](torch.cat([self.up[i](x), skips[i]], 1))
            logits[i] = x
        return [self.heads[i](logits[i]) for i in range(max(1, len(logits) - 1))]


def segmentation_loss(logits, labels, classes):
    reference = F.one_hot(labels, classes).permute(0, 4, 1, 2, 3).float()
    probabilities = logits.softmax(1)
    axes = (0, 2, 3, 4)
    overlap = (probabilities * reference).sum(axes)[1:]
    total = probabilities.sum(axes)[1:] + reference.sum(axes)[1:]
    dice = (2 * overlap + 1e-5) / (total + 1e-5)
    return F.cross_entropy(logits, labels) - dice.mean()


def predict_volume(network, volume, patch, batch, classes):
    """Windows of the patch's size, half a patch apart, Gaussian weights with a deviation of an eighth of the patch, labels at the end."""
    starts = []
    for size, edge in zip(volume.shape[1:], patch):
        windows = math.ceil((size - edge) / (edge / 2)) + 1 if size > edge else 1
        step = (size - edge) / max(1, windows - 1)
        starts.append([round(step * i) for i in range(windows)])
    axes = [torch.exp(-(((torch.arange(edge) - (edge - 1) / 2) / (edge / 8)) ** 2) / 2) for edge in patch]
    importance = axes[0][:, None, None] * axes[1][None, :, None] * axes[2][None, None, :]
    sums = torch.zeros(classes, *volume.shape[1:])
    weights = torch.zeros(*volume.shape[1:])
    places = [tuple(slice(s, s + edge) for s, edge in zip(start, patch)) for start in itertools.product(*starts)]
    for first in range(0, len(places), batch):
        some = places[first : first + batch]
        logits = network(torch.stack([volume[(slice(None), *place)] for place in some]))[0].float()
        for place, found in zip(some, logits):
            sums[(slice(None), *place)] += importance * found
            weights[place] += importance
    return (sums / weights).argmax(0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--features", default="16,32,64,128")
    parser.add_argument("--patch", default="40,56,40")
    parser.add_argument("--volume", default="160,256,256")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--channels", type=int, default=1)
    parser.add_argument("--classes", type=int, default=3)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--mode", choices=["train", "infer", "volume"], default="train")
    arguments = parser.parse_args()
    features = [int(size) for size in arguments.features.split(",")]
    patch = [int(size) for size in arguments.patch.split(",")]
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    network = UNet(arguments.channels, arguments.classes, features)
    optimiser = torch.optim.SGD(network.parameters(), 0.01, 0.99, nesterov=True, weight_decay=3e-5)
    image = torch.randn(arguments.batch, arguments.channels, *patch)
    resolutions = max(1, len(features) - 2)
    labels = [
        torch.randint(arguments.classes, (arguments.batch, *[size >> i for size in patch]))
        for i in range(resolutions)
    ]
    raw = [0.5**i for i in range(resolutions)]

    def autocast():
        return torch.autocast("cpu", torch.bfloat16, enabled=arguments.precision == "bf16")

    def train():
        optimiser.zero_grad()
        with autocast():
            losses = [
                weight / sum(raw) * segmentation_loss(logits, target, arguments.classes)
                for weight, logits, target in zip(raw, network(image), labels)
            ]
        loss = sum(losses)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 12)
        optimiser.step()
        return loss.item()

    def infer():
        with torch.no_grad(), autocast():
            return network(image)[0].float().mean().item()

    shape = [int(size) for size in arguments.volume.split(",")]
    volume = torch.randn(arguments.channels, *shape) if arguments.mode == "volume" else None

    def whole():
        with torch.no_grad(), autocast():
            labels = predict_volume(network, volume, patch, arguments.batch, arguments.classes)
        return labels.float().mean().item()

    run = {"train": train, "infer": infer, "volume": whole}[arguments.mode]
    # The first runs warm up; of a volume, whose windows are many, none needs to.
    warm_ups = 0 if arguments.mode == "volume" else 2
    seconds = []
    for step in range(arguments.steps + warm_ups):
        if step == warm_ups:
            processor = time.process_time()
        start = time.perf_counter()
        value = run()
        if step >= warm_ups:
            seconds.append(time.perf_counter() - start)
    processor = (time.process_time() - processor) / len(seconds)
    seconds.sort()
    print(json.dumps({
        "engine": f"torch {torch.__version__} {arguments.precision}",
        "medianSeconds": seconds[len(seconds) // 2],
        "leastSeconds": seconds[0],
        "processorSeconds": processor,
        "value": value,
        "peakMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }))


if __name__ == "__main__":
    main()
