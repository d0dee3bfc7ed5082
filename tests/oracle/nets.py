"""The kinds of network with the names and defaults of the product, and their goldens."""

import argparse
from collections import OrderedDict
from functools import partial

import torch
from torch import nn
from torch.nn import functional

from golden import versions, write_tensors

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}


class Linear(nn.Module):
    """Logits of the flattened input, [n, ...] -> [n, classes]."""

    def __init__(self, inputs, classes):
        super().__init__()
        self.head = nn.Linear(inputs, classes)

    def forward(self, x):
        return self.head(x.flatten(1))


class Mlp(nn.Module):
    def __init__(self, inputs, classes, widths=(64,), activation="relu"):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in zip([inputs, *widths], widths))
        self.head = nn.Linear([inputs, *widths][-1], classes)
        self.activation = ACTIVATIONS[activation]()

    def forward(self, x):
        x = x.flatten(1)
        for layer in self.layers:
            x = self.activation(layer(x))
        return self.head(x)


class Cnn(nn.Module):
    """Blocks of convolution, batch norm if asked for, 2x2 max pool and activation; then an mlp over [c, h, w]."""

    def __init__(self, shape, classes, channels=(16, 32), kernel=3, norm=False, hidden=(), activation="relu"):
        super().__init__()
        depth, height, width = shape
        pairs = zip([depth, *channels], channels)
        self.convs = nn.ModuleList(nn.Conv2d(*pair, kernel, padding=kernel // 2, bias=not norm) for pair in pairs)
        self.norms = nn.ModuleList(nn.BatchNorm2d(count) for count in channels if norm)
        scale = 2 ** len(channels)
        widths = [channels[-1] * (height // scale) * (width // scale), *hidden]
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in zip(widths, hidden))
        self.head = nn.Linear(widths[-1], classes)
        self.pool = nn.MaxPool2d(2)
        self.activation = ACTIVATIONS[activation]()

    def forward(self, x):
        for i, conv in enumerate(self.convs):
            x = conv(x)
            if self.norms:
                x = self.norms[i](x)
            x = self.activation(self.pool(x))
        x = x.flatten(1)
        for layer in self.layers:
            x = self.activation(layer(x))
        return self.head(x)


class Block(nn.Module):
    """Two 3x3 convolutions with norms, and x or a strided 1x1 convolution of it around them."""

    def __init__(self, inputs, outputs, stride, norm):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.norm1 = norm(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = norm(outputs)
        self.shortcut = nn.Identity()
        if stride > 1:
            self.shortcut = normed(nn.Conv2d(inputs, outputs, 1, stride, bias=False), norm)

    def forward(self, x):
        y = functional.relu(self.norm1(self.conv1(x)))
        return functional.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class Resnet(nn.Module):
    """The form for small images: a 3x3 convolution, stages of blocks, the mean over all pixels, one linear layer."""

    def __init__(self, shape, classes, width=16, blocks=(1, 1, 1), norm="batch", groups=4):
        super().__init__()
        norm = {"batch": nn.BatchNorm2d, "group": partial(nn.GroupNorm, groups)}[norm]
        self.stem = normed(nn.Conv2d(shape[0], width, 3, padding=1, bias=False), norm)
        self.blocks = nn.ModuleList()
        for stage, count in enumerate(blocks):
            outputs = width * 2**stage
            for at in range(count):
                halves = stage > 0 and at == 0
                sizes = (outputs // 2, outputs, 2) if halves else (outputs, outputs, 1)
                self.blocks.append(Block(*sizes, norm))
        self.head = nn.Linear(outputs, classes)

    def forward(self, x):
        x = functional.relu(self.stem(x))
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean((2, 3)))


def normed(conv, norm):
    return nn.Sequential(OrderedDict(conv=conv, norm=norm(conv.out_channels)))


class Attending(nn.Module):
    def __init__(self, width, heads, mlp_ratio):
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, mlp_ratio * width)
        self.fc2 = nn.Linear(mlp_ratio * width, width)
        self.heads = heads

    def forward(self, x):
        n, t, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(n, t, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        x = x + self.proj(functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, t, width))
        return x + self.fc2(functional.gelu(self.fc1(self.norm2(x))))


class Vit(nn.Module):
    """A linear layer over patches, learned positions, blocks of attention, the mean over all patches."""

    def __init__(self, shape, classes, patch=4, width=64, depth=4, heads=4, mlp_ratio=4):
        super().__init__()
        channels, high, wide = shape
        self.embed = nn.Linear(channels * patch**2, width)
        self.positions = nn.Embedding(high // patch * (wide // patch), width)
        nn.init.normal_(self.positions.weight, std=0.02)
        self.blocks = nn.ModuleList(Attending(width, heads, mlp_ratio) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)
        self.patch = patch

    def forward(self, x):
        patches = functional.unfold(x, self.patch, stride=self.patch).transpose(1, 2)
        x = self.embed(patches) + self.positions.weight
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x).mean(1))


KINDS = {"cnn": Cnn, "linear": Linear, "mlp": Mlp, "resnet": Resnet, "vit": Vit}


def build(kind, **settings):
    return KINDS[kind](**settings)


IMAGE = {"shape": [1, 8, 8], "kernel": 3, "classes": 10}
GOLDEN_NETS = {
    "linear": {"kind": "linear", "inputs": 64, "classes": 10},
    "mlp": {"kind": "mlp", "inputs": 64, "widths": [64], "classes": 10, "activation": "relu"},
    # Every weight is square: a forgotten transposition fits, and only the figures tell.
    "mlp-square": {"kind": "mlp", "inputs": 16, "widths": [16, 16], "classes": 16, "activation": "tanh"},
    "cnn": {"kind": "cnn", **IMAGE, "channels": [4, 6], "norm": False, "hidden": [12], "activation": "relu"},
    "cnn-norm": {"kind": "cnn", **IMAGE, "channels": [4, 6], "norm": True, "hidden": [], "activation": "relu"},
    # Odd sides (the pool drops a row and a column), three channels, another kernel.
    "cnn-odd": {
        "kind": "cnn",
        "shape": [3, 9, 7],
        "channels": [5, 4],
        "kernel": 5,
        "norm": True,
        "hidden": [7, 6],
        "classes": 3,
        "activation": "tanh",
    },
    # Odd sides, so that a halving rounds up; a second block of one stage.
    "resnet": {"kind": "resnet", "shape": [2, 7, 5], "width": 3, "blocks": [1, 2, 1], "norm": "batch", "classes": 4},
    "resnet-group": {
        "kind": "resnet",
        "shape": [1, 8, 8],
        "width": 4,
        "blocks": [1, 1, 1],
        "norm": "group",
        "groups": 2,
        "classes": 4,
    },
    # Two by three patches, three channels.
    "vit": {
        "kind": "vit",
        "shape": [3, 4, 6],
        "patch": 2,
        "width": 12,
        "depth": 2,
        "heads": 3,
        "mlp_ratio": 2,
        "classes": 4,
    },
}
NORMS = (nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a golden net; without names all are written")
    names = parser.parse_args().names
    for seed, (name, settings) in enumerate(GOLDEN_NETS.items()):
        if names and name not in names:
            continue
        torch.manual_seed(seed)
        net = build(**settings).eval()
        batch_norm = False
        for norm in (layer for layer in net.modules() if isinstance(layer, NORMS)):
            gathers = isinstance(norm, nn.BatchNorm2d)
            batch_norm |= gathers
            for tensor in (norm.weight, norm.running_var) if gathers else (norm.weight,):
                nn.init.uniform_(tensor, 0.5, 2.0)
            for tensor in (norm.bias, norm.running_mean) if gathers else (norm.bias,):
                nn.init.normal_(tensor, std=0.5)
            if gathers:
                norm.num_batches_tracked += 7
        x = torch.rand(6, *settings.get("shape", [settings.get("inputs")]))
        state = {key: tensor.clone() for key, tensor in net.state_dict().items()}
        tensors = {**state, "golden.x": x, "golden.logits": net(x)}
        if batch_norm:
            tensors["golden.train_logits"] = net.train()(x)
            after = {key: tensor for key, tensor in net.state_dict().items() if not torch.equal(tensor, state[key])}
            tensors |= {f"golden.after.{key}": tensor.clone() for key, tensor in after.items()}
        if settings["kind"] in ("resnet", "vit"):
            x.requires_grad_()
            functional.cross_entropy(net(x), torch.arange(len(x)) % settings["classes"]).backward()
            tensors |= {f"golden.gradient.{key}": weight.grad for key, weight in [("x", x), *net.named_parameters()]}
        write_tensors(f"nets-{name}.safetensors", tensors, {"net": settings, "versions": versions("torch")})


if __name__ == "__main__":
    main()
