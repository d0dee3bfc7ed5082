"""Networks of 16 and 64 bits as safetensors.torch saves them from PyTorch's wrappers, and their values in float32."""

import torch
from safetensors.torch import save_file
from torch import nn

from golden import GOLDENS, versions, write_tensors

# The smallest, the largest and the subnormal values of each type, zero below, and 1/3; for float64 also ties of rounding.
BITS = {
    "f16": (torch.float16, torch.int16, [0x0001, 0x03FF, 0x0400, 0x7BFF, -0x8000, -0x7FFF, -0x0401, 0x3555]),
    "bf16": (torch.bfloat16, torch.int16, [0x0001, 0x007F, 0x0080, 0x7F7F, -0x8000, -0x7FFF, -0x0081, 0x3EAB]),
}
DOUBLES = [1 + 2.0**-24, 1 + 3 * 2.0**-24, 1 + 2.0**-24 + 2.0**-40, 1e-46, 1.5 * 2.0**-149, 3.4028235e38, -0.0, 1 / 3]

WRAPPERS = {
    "f16": lambda net: nn.DataParallel(torch.compile(net)),
    "bf16": lambda net: torch.compile(nn.DataParallel(net)),
    "f64": nn.DataParallel,
}


class Linear(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(8, 4)


def main():
    goldens = {}
    for seed, (name, wrap) in enumerate(WRAPPERS.items()):
        torch.manual_seed(seed)
        if name == "f64":
            dtype, special = torch.float64, torch.tensor(DOUBLES, dtype=torch.float64)
        else:
            dtype, bits, values = BITS[name]
            special = torch.tensor(values, dtype=bits).view(dtype)
        net = Linear().to(dtype)
        net.head.weight.data[0] = special
        state = wrap(net).state_dict()
        save_file({key: value.contiguous() for key, value in state.items()}, GOLDENS / f"wrapped-{name}.safetensors")
        print(f"wrapped-{name}: {', '.join(state)}")
        for key, value in net.state_dict().items():
            goldens[f"{name}.{key}"] = value.float()
    write_tensors("wrapped.safetensors", goldens, {"versions": versions("torch", "safetensors")})


if __name__ == "__main__":
    main()
