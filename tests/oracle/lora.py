"""LoRA and rank-stabilised LoRA by peft on a linear and a convolution: outputs beside the base and merged weights."""

import torch
from peft import LoraConfig, get_peft_model
from torch import nn

from golden import versions, write_tensors

LAYERS = {
    "conv": (lambda: nn.Conv2d(4, 6, 3, padding=1), [3, 4, 5, 7], {"r": 2, "lora_alpha": 4}),
    "linear": (lambda: nn.Linear(12, 7), [5, 12], {"r": 3, "lora_alpha": 5}),
}


def main():
    tensors, scales = {}, {}
    for seed, (layer, (make, shape, settings)) in enumerate(LAYERS.items()):
        for variant in ("lora", "rslora"):
            torch.manual_seed(seed)
            base = nn.Sequential(make())
            weight, bias, x = base[0].weight.detach().clone(), base[0].bias.detach().clone(), torch.randn(shape)
            config = LoraConfig(target_modules=["0"], use_rslora=variant == "rslora", **settings)
            model = get_peft_model(base, config).eval()
            wrapped = model.base_model.model[0]
            a, b = wrapped.lora_A["default"].weight, wrapped.lora_B["default"].weight
            nn.init.normal_(b, std=0.3)
            golden = {"A": a, "B": b, "weight": weight, "bias": bias, "x": x, "y": model(x)}
            golden = {key: tensor.detach().clone() for key, tensor in golden.items()}
            scale = wrapped.scaling["default"]
            merged = model.merge_and_unload()
            gap = (merged(x) - golden["y"]).abs().max().item()
            print(f"{layer} {variant}: scale {scale}, merged - unmerged output {gap:.2g}")
            golden["merged"] = merged[0].weight
            tensors |= {f"{layer}.{variant}.{key}": tensor for key, tensor in golden.items()}
            scales[f"{layer}.{variant}"] = {**settings, "scale": scale}
    write_tensors("lora.safetensors", tensors, {"cases": scales, "versions": versions("peft", "torch")})


if __name__ == "__main__":
    main()
