"""The three kinds of network with the names and defaults of the product, and their goldens."""

import torch
from torch import nn

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


def build(kind, **settings):
    return {"cnn": Cnn, "linear": Linear, "mlp": Mlp}[kind](**settings)


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
}


def main():
    for seed, (name, settings) in enumerate(GOLDEN_NETS.items()):
        torch.manual_seed(seed)
        net = build(**settings).eval()
        for norm in getattr(net, "norms", []):
            for tensor in (norm.weight, norm.running_var):
                nn.init.uniform_(tensor, 0.5, 2.0)
            for tensor in (norm.bias, norm.running_mean):
                nn.init.normal_(tensor, std=0.5)
            norm.num_batches_tracked += 7
        x = torch.rand(6, *settings.get("shape", [settings.get("inputs")]))
        state = {key: tensor.clone() for key, tensor in net.state_dict().items()}
        tensors = {**state, "golden.x": x, "golden.logits": net(x)}
        if settings.get("norm"):
            tensors["golden.train_logits"] = net.train()(x)
            after = {key: tensor for key, tensor in net.state_dict().items() if not torch.equal(tensor, state[key])}
            tensors |= {f"golden.after.{key}": tensor for key, tensor in after.items()}
        write_tensors(f"nets-{name}.safetensors", tensors, {"net": settings, "versions": versions("torch")})


if __name__ == "__main__":
    main()
