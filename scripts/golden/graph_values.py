"""What the graph_*.py scripts share: tensors as base64 of little-endian fp32 or i32, and provenance."""

import base64
import json
import pathlib

import numpy
import torch

OUTPUT = pathlib.Path(__file__).parents[2] / "tests" / "golden" / "graph"


def tensor(values):
    """A tensor as {"shape", "dtype", "base64"}; integers are i32, all else f32."""
    array = values.detach().numpy() if isinstance(values, torch.Tensor) else numpy.asarray(values)
    integer = numpy.issubdtype(array.dtype, numpy.integer)
    raw = numpy.ascontiguousarray(array.astype("<i4" if integer else "<f4"))
    return {
        "shape": list(array.shape),
        "dtype": "i32" if integer else "f32",
        "base64": base64.b64encode(raw.tobytes()).decode(),
    }


def write(name, script, content):
    OUTPUT.mkdir(parents=True, exist_ok=True)
    document = {
        "tool": "torch",
        "version": torch.__version__,
        "script": f"scripts/golden/{pathlib.Path(script).name}",
        "precision": "computed in fp64 from fp32 operands, stored as fp32",
        **content,
    }
    (OUTPUT / name).write_text(json.dumps(document, indent=1) + "\n")
