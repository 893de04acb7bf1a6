"""Values and gradients of every graph primitive by PyTorch, for tests/conformance.

Each case holds operands, the result, a cotangent c and the gradients of sum(result * c) by the operands.
"""

import torch
from torch.nn import functional as F

from graph_values import tensor, write

GENERATOR = torch.Generator().manual_seed(20260)
CASES = []


def normal(*shape):
    return torch.randn(shape, generator=GENERATOR, dtype=torch.float64).float().double()


def positive(*shape):
    return (normal(*shape).abs() + 0.25).float().double()


def away_from_zero(*shape):
    """Values at least 0.05 from 0, so that finite differences do not cross a kink."""
    x = normal(*shape)
    return (x + 0.05 * x.sign()).float().double()


def case(primitive, attributes, operands, function, gradients=True):
    leaves = [x.clone().requires_grad_(gradients and x.is_floating_point()) for x in operands]
    result = function(*leaves)
    entry = {"primitive": primitive, "attributes": attributes, "operands": [tensor(x) for x in operands]}
    entry["result"] = tensor(result)
    if gradients and any(leaf.requires_grad for leaf in leaves):
        cotangent = normal(*result.shape)
        entry["cotangent"] = tensor(cotangent)
        total = (result * cotangent).sum()
        if total.requires_grad:
            found = torch.autograd.grad(
                total, [leaf for leaf in leaves if leaf.requires_grad], allow_unused=True
            )
            found = iter(found)
            entry["gradients"] = [
                tensor(torch.zeros_like(leaf) if value is None else value)
                for leaf in leaves
                if leaf.requires_grad
                for value in [next(found)]
            ]
        else:
            entry["gradients"] = [tensor(torch.zeros_like(leaf)) for leaf in leaves]
    CASES.append(entry)


def elementwise():
    pairs = [((2, 3, 5), (2, 3, 5)), ((2, 3, 5), (3, 1)), ((4, 1, 3), (1, 5, 1)), ((), (3, 2))]
    for a, b in pairs:
        case("add", {}, [normal(*a), normal(*b)], torch.add)
        case("subtract", {}, [normal(*a), normal(*b)], torch.subtract)
        case("multiply", {}, [normal(*a), normal(*b)], torch.multiply)
        case("divide", {}, [normal(*a), positive(*b)], torch.divide)
    far = torch.arange(15).reshape(3, 5).double() % 4
    case("maximum", {}, [far, (normal(3, 5) * 0.2).float().double() + 1.5], torch.maximum)
    case("maximum", {}, [torch.zeros(2, 3).double(), torch.zeros(3).double()], torch.maximum)
    case("greater", {}, [far, torch.full((1, 5), 1.5).double()], lambda a, b: torch.gt(a, b).double() + 0 * a)
    case("exp", {}, [normal(3, 7)], torch.exp)
    case("log", {}, [positive(3, 7)], torch.log)
    case("sqrt", {}, [positive(3, 7)], torch.sqrt)
    case("sigmoid", {}, [3 * normal(3, 7)], torch.sigmoid)
    for slope in (0.0, 0.01, 0.5):
        case("leakyRelu", {"slope": slope}, [away_from_zero(2, 3, 7)], lambda x: F.leaky_relu(x, slope))
        case(
            "leakyReluGrad",
            {"slope": slope},
            [away_from_zero(2, 3, 7), normal(2, 3, 7)],
            lambda y, dy: torch.where(y > 0, dy, slope * dy),
        )
    case("stopGradient", {}, [normal(3, 4)], lambda x: x.detach())


def movement():
    case("fill", {"shape": [2, 3], "value": -1.5}, [], lambda: torch.full((2, 3), -1.5).double())
    case("reshape", {"shape": [5, 6]}, [normal(2, 3, 5)], lambda x: x.reshape(5, 6))
    case("transpose", {"order": [2, 0, 3, 1]}, [normal(2, 3, 4, 5)], lambda x: x.permute(2, 0, 3, 1))
    case("broadcast", {"shape": [2, 4, 3]}, [normal(2, 1, 3)], lambda x: x.expand(2, 4, 3))
    case(
        "slice", {"start": [0, 1, 2], "stop": [2, 3, 5]}, [normal(2, 4, 6)], lambda x: x[0:2, 1:3, 2:5]
    )
    case(
        "pad",
        {"before": [0, 1, 2], "after": [1, 0, 3]},
        [normal(2, 3, 4)],
        lambda x: F.pad(x, (2, 3, 1, 0, 0, 1)),
    )
    parts = [normal(2, 1, 3), normal(2, 4, 3), normal(2, 2, 3)]
    case("concat", {"axis": 1}, parts, lambda *xs: torch.cat(xs, 1))
    case("repeat", {"factor": [2, 1, 3]}, [normal(2, 3, 2, 3, 2)], repeat((2, 1, 3)))
    case("sumPool", {"window": [2, 3, 1]}, [normal(2, 3, 4, 6, 5)], sum_pool((2, 3, 1)))
    labels = torch.tensor([0, 2, 1, -1, 3, 1, 2, 2, 0, 0, 1, 5]).reshape(2, 1, 1, 2, 3)
    case(
        "oneHot",
        {"classes": 3},
        [labels],
        lambda x: torch.cat([(x == label).double() for label in range(3)], 1),
        gradients=False,
    )


def repeat(factor):
    def function(x):
        for axis, times in enumerate(factor):
            x = x.repeat_interleave(times, axis + 2)
        return x

    return function


def sum_pool(window):
    return lambda x: F.avg_pool3d(x, window) * (window[0] * window[1] * window[2])


def reductions():
    for axes in ([0], [1, 2], [0, 2, 3], [0, 1, 2, 3]):
        case("sum", {"axes": axes}, [normal(2, 3, 4, 5)], lambda x: x.sum(axes, keepdim=True))
        spread = torch.randperm(120, generator=GENERATOR).reshape(2, 3, 4, 5).double() / 8
        case("max", {"axes": axes}, [spread], lambda x: torch.amax(x, axes, keepdim=True))
    case("max", {"axes": [0]}, [torch.ones(3, 2).double()], lambda x: torch.amax(x, [0], keepdim=True))
    case("matmul", {}, [normal(3, 5), normal(5, 4)], torch.matmul)
    case("matmul", {}, [normal(2, 3, 3, 5), normal(2, 3, 5, 4)], torch.matmul)


# (batch, input channels, output channels, size, kernel, stride, padding)
CONVOLUTIONS = [
    (2, 3, 4, (5, 6, 7), (3, 3, 3), (1, 1, 1), (1, 1, 1)),
    (1, 4, 2, (4, 5, 3), (3, 3, 3), (1, 1, 1), (0, 2, 1)),
    (2, 2, 3, (6, 7, 8), (3, 3, 3), (2, 2, 2), (1, 1, 1)),
    (1, 3, 2, (4, 6, 8), (2, 2, 2), (2, 2, 2), (0, 0, 0)),
    (1, 3, 2, (5, 7, 8), (2, 2, 2), (2, 2, 2), (0, 0, 0)),
    (2, 3, 5, (3, 4, 5), (1, 1, 1), (1, 1, 1), (0, 0, 0)),
    (1, 2, 3, (5, 6, 7), (1, 3, 3), (1, 2, 2), (0, 1, 1)),
    (1, 2, 2, (7, 9, 6), (5, 3, 1), (3, 2, 1), (2, 0, 0)),
    (1, 2, 3, (7, 6, 5), (2, 2, 2), (3, 3, 3), (0, 0, 0)),
    # Channels in whole blocks of 16, for which engines have other kernels.
    (2, 16, 16, (2, 3, 4), (3, 3, 3), (1, 1, 1), (1, 1, 1)),
    (1, 16, 16, (3, 4, 5), (3, 3, 3), (2, 2, 2), (1, 1, 1)),
    (1, 16, 32, (4, 2, 6), (2, 2, 2), (2, 2, 2), (0, 0, 0)),
    (1, 16, 16, (3, 5, 4), (1, 3, 3), (1, 2, 2), (0, 1, 1)),
    (2, 32, 16, (2, 3, 4), (1, 1, 1), (1, 1, 1), (0, 0, 0)),
]


def convolutions():
    for batch, inputs, outputs, size, kernel, stride, padding in CONVOLUTIONS:
        x = normal(batch, inputs, *size)
        w = normal(outputs, inputs, *kernel)
        attributes = {"stride": list(stride), "padding": list(padding)}

        def conv(x, w):
            return F.conv3d(x, w, stride=stride, padding=padding)

        case("conv", attributes, [x, w], conv)
        dy = normal(*conv(x, w).shape)
        rest = [
            size[i] - ((dy.shape[i + 2] - 1) * stride[i] - 2 * padding[i] + kernel[i]) for i in range(3)
        ]
        case(
            "convInputGrad",
            {**attributes, "inputSize": list(size)},
            [dy, w],
            lambda dy, w: F.conv_transpose3d(dy, w, stride=stride, padding=padding, output_padding=rest),
        )

        def weight_grad(x, dy):
            swapped = F.conv3d(x.transpose(0, 1), dy.transpose(0, 1), padding=padding, dilation=stride)
            return swapped.transpose(0, 1)[:, :, : kernel[0], : kernel[1], : kernel[2]]

        case("convWeightGrad", {**attributes, "kernel": list(kernel)}, [x, dy], weight_grad)


EPS = 1e-5


def moments(x):
    flat = x.flatten(2)
    return torch.stack([flat.mean(2), (flat.var(2, unbiased=False) + EPS).rsqrt()])


def wide(values, x):
    return values.reshape(*values.shape, *[1] * (x.dim() - 2))


def normalise(x, m, scale, shift):
    affine = scale.reshape(1, -1, *[1] * (x.dim() - 2)), shift.reshape(1, -1, *[1] * (x.dim() - 2))
    return (x - wide(m[0], x)) * wide(m[1], x) * affine[0] + affine[1]


def normalisation():
    for shape in ((2, 3, 4, 5, 3), (1, 5, 2, 3, 4), (2, 3, 7)):
        x = (2 * normal(*shape) + 0.5).float().double()
        channels = shape[1]
        scale, shift, dy = positive(channels), normal(channels), normal(*shape)
        m = moments(x).float().double()
        case("moments", {"eps": EPS}, [x], moments)
        case("normalise", {}, [x, m, scale, shift], normalise)

        def sums(x, m, dy):
            normalised = (x - wide(m[0], x)) * wide(m[1], x)
            return torch.stack([dy.flatten(2).sum(2), (dy * normalised).flatten(2).sum(2)])

        case("normaliseSums", {}, [x, m, dy], sums, gradients=False)

        def input_grad(x, m, scale, s, dy):
            leaf = x.clone().requires_grad_()
            return torch.autograd.grad((normalise(leaf, moments(leaf), scale, shift) * dy).sum(), leaf)[0]

        case(
            "normaliseInputGrad",
            {},
            [x, m, scale, sums(x, m, dy).float().double(), dy],
            input_grad,
            gradients=False,
        )


elementwise()
movement()
reductions()
convolutions()
normalisation()
write("primitives.json", __file__, {"cases": CASES})
