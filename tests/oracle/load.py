"""Loads a file that the product wrote, strictly: load.py FILE '{"kind": "mlp", "inputs": 64, ...}'

The settings may be left out where the file's "about" holds them. Where the file has golden.x and golden.logits, the
logits are compared and the largest difference is printed.
"""

import json
import sys

import torch
from safetensors import safe_open

from nets import build


def main(path, settings=None):
    with safe_open(path, "pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}
        settings = json.loads(settings) if settings else json.loads(file.metadata()["about"])["net"]
    net = build(**settings).eval()
    weights = {key: tensor for key, tensor in tensors.items() if not key.startswith("golden.")}
    net.load_state_dict(weights, strict=True)
    print(f"loaded {len(weights)} tensors")
    if "golden.logits" in tensors:
        with torch.no_grad():
            difference = (net(tensors["golden.x"]) - tensors["golden.logits"]).abs().max().item()
        print(f"largest difference of the logits: {difference:.3g}")


if __name__ == "__main__":
    main(*sys.argv[1:])
