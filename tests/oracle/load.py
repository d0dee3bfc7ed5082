"""Loads a network that the product wrote into its twin in nets.py, strictly: load.py MODEL

--adapter FOLDER puts a LoRA adapter that the product wrote on top, as PEFT does. --logits FILE names a file that
`--save logits` wrote: inputs `x` and the product's answers to them, `logits`. The largest difference is printed last.
"""

import argparse
import json

import torch
from safetensors import safe_open
from safetensors.torch import load_file

from nets import build


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--adapter", metavar="FOLDER")
    parser.add_argument("--logits", metavar="FILE")
    args = parser.parse_args()

    with safe_open(args.model, "pt") as file:
        about = json.loads(file.metadata()["palimpsest"])
    settings = about["net"]
    kind = settings.pop("id")
    flat = kind in ("linear", "mlp")
    shape = {"inputs": torch.Size(about["shape"]).numel()} if flat else {"shape": about["shape"]}
    net = build(kind, **shape, **settings, classes=about["classes"])
    weights = load_file(args.model)
    net.load_state_dict(weights, strict=True)
    if args.adapter:
        from peft import PeftModel

        net = PeftModel.from_pretrained(net, args.adapter)
    print(f"{len(weights)} tensors loaded")
    if args.logits:
        answers = load_file(args.logits)
        with torch.no_grad():
            difference = (net.eval()(answers["x"]) - answers["logits"]).abs().max().item()
        print(f"largest difference of a logit: {difference:.3g}")


if __name__ == "__main__":
    main()
