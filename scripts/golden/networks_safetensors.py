"""A file that the safetensors library itself wrote, with the metadata of a Residua checkpoint, in base64.

Run: python scripts/golden/networks_safetensors.py > tests/golden/networks/safetensors.json
Needs: pip install safetensors numpy
"""

import base64
import json
import sys
from importlib.metadata import version

import numpy as np
from safetensors.numpy import save

tensors = {
    "encoder.0.weight": np.array([[1.5, -2.25, 3e-7], [np.float32(np.pi), -0.0, 1e30]], dtype=np.float32),
    "scalar": np.array(0.125, dtype=np.float32),
}
metadata = {"format": "residua-checkpoint", "version": "1", "metadata": json.dumps({"step": 12})}
foreign = save({"weight": np.zeros(3, dtype=np.float32)})
json.dump(
    {
        "tool": "safetensors",
        "version": version("safetensors"),
        "script": "scripts/golden/networks_safetensors.py",
        "tensors": {name: {"shape": list(t.shape), "values": [float(v) for v in t.ravel()]} for name, t in tensors.items()},
        "metadata": {"step": 12},
        "file": base64.b64encode(save(tensors, metadata)).decode(),
        "foreignFile": base64.b64encode(foreign).decode(),
    },
    sys.stdout,
    indent=1,
)
