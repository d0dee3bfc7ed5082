"""Where goldens lie, how they are written and which versions made them."""

import json
from importlib.metadata import version
from pathlib import Path

import torch

GOLDENS = Path(__file__).resolve().parent.parent / "goldens"

# One thread and deterministic kernels: a second run writes the same bytes.
torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)


def versions(*packages):
    return {package: version(package) for package in packages}


def write_tensors(name, tensors, about):
    """Writes safetensors by hand, because the library orders its metadata differently in every run."""
    names = {torch.float32: "F32", torch.int64: "I64"}
    header = {"__metadata__": {"about": json.dumps(about), "format": "pt"}}
    body = b""
    # Widest type first keeps every tensor aligned.
    for key in sorted(tensors, key=lambda key: (tensors[key].dtype != torch.int64, key)):
        data = tensors[key].detach().contiguous().numpy().tobytes()
        offsets = [len(body), len(body) + len(data)]
        header[key] = {"dtype": names[tensors[key].dtype], "shape": list(tensors[key].shape), "data_offsets": offsets}
        body += data
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    (GOLDENS / name).write_bytes(len(head).to_bytes(8, "little") + head + body)
    print(f"{name}: {len(tensors)} tensors, {8 + len(head) + len(body)} bytes")


def write_json(name, value):
    text = json.dumps(value, separators=(",", ":")) + "\n"
    (GOLDENS / name).write_text(text)
    print(f"{name}: {len(text)} bytes")
