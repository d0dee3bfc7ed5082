"""PyTorch's time for one step of the benchmark's workloads, as JSON. The networks are those of the run files here.

conv: 1x28x28 -> conv 16 -> conv 32 (3x3, 2x2 max pool, relu each) -> linear 10, Adam
mlp:  64 -> 64 (relu) -> 10, Adam
pgd:  one step of PGD (Linf) on the conv net
resnet: 3x32x32 -> 8 layers of 16, 32 and 64 channels with batch norm -> 10, Adam
vit:  3x32x32 -> 64 patches, width 64, 4 blocks of attention (4 heads) and an MLP of 256 -> 10, Adam

Under "channels_last" are the image workloads again, with images and weights in memory as NHWC. A step runs as often as
fits a tenth of a second and yields the mean; min and median are over these means.
"""

import argparse
import json
import statistics
import time

import torch
from torch import nn
from torch.nn import functional

# Seconds that are not measured, and those that are; as in the browser (steps.bench.js) and natively (step.rs).
WARM, MEASURED = 1.0, 5.0
GROUP = 0.1
BATCH = 64


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    plain, channels_last = torch.contiguous_format, torch.channels_last
    every = {"conv": conv, "mlp": mlp, "pgd": pgd, "resnet": resnet, "vit": vit}
    times = {name: timed(make(plain)) for name, make in every.items()}
    image_times = {name: timed(make(channels_last)) for name, make in every.items() if name not in ("mlp", "vit")}
    about = {"torch": torch.__version__, "threads": args.threads, "batch": BATCH, "unit": "ms"}
    print(json.dumps({**about, "workloads": times, "channels_last": image_times}))


def conv(layout):
    return training(conv_net(layout), images(layout))


def mlp(_layout):
    return training(nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)), torch.rand(BATCH, 64))


def pgd(layout):
    net, x, labels = conv_net(layout), images(layout), labels_of(BATCH)
    eps, alpha = 0.1, 0.01
    adversarial = x.clone()

    def step():
        nonlocal adversarial
        adversarial.requires_grad_()
        loss = functional.cross_entropy(net(adversarial), labels)
        (gradient,) = torch.autograd.grad(loss, adversarial)
        adversarial = adversarial.detach() + alpha * gradient.sign()
        adversarial = (x + (adversarial - x).clamp(-eps, eps)).clamp(0, 1)

    return step


def resnet(layout):
    net = Residual().to(memory_format=layout)
    return training(net, images(layout, 3, 32))


def vit(layout):
    return training(Transformer(), images(layout, 3, 32))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        around = nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential(*around) if stride > 1 else nn.Identity()

    def forward(self, x):
        y = functional.relu(self.norm1(self.conv1(x)))
        return functional.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        stem = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()
        self.layers = nn.Sequential(*stem, Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2))
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        return self.head(self.layers(x).mean((2, 3)))


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.qkv, self.proj = nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.norm2, self.fc1, self.fc2 = nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        n, tokens, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(n, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, tokens, width)
        x = x + self.proj(y)
        return x + self.fc2(functional.gelu(self.fc1(self.norm2(x))))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.positions = nn.Linear(48, 64), nn.Parameter(torch.randn(64, 64) * 0.02)
        self.blocks = nn.Sequential(*(Attention(64, 4) for _ in range(4)))
        self.norm, self.head = nn.LayerNorm(64), nn.Linear(64, 10)

    def forward(self, x):
        x = x.view(-1, 3, 8, 4, 8, 4).permute(0, 2, 4, 1, 3, 5).reshape(-1, 64, 48)
        return self.head(self.norm(self.blocks(self.embed(x) + self.positions)).mean(1))


def conv_net(layout):
    def block(inputs, outputs):
        return nn.Conv2d(inputs, outputs, 3, padding=1), nn.MaxPool2d(2), nn.ReLU()

    net = nn.Sequential(*block(1, 16), *block(16, 32), nn.Flatten(), nn.Linear(32 * 7 * 7, 10))
    return net.to(memory_format=layout)


def images(layout, channels=1, side=28):
    return torch.rand(BATCH, channels, side, side).to(memory_format=layout)


def labels_of(count):
    return torch.randint(0, 10, (count,))


def training(net, x):
    labels = labels_of(len(x))
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)

    def step():
        optimizer.zero_grad()
        functional.cross_entropy(net(x), labels).backward()
        optimizer.step()

    return step


def timed(step):
    begun, means = time.perf_counter(), []
    while (start := time.perf_counter()) < begun + WARM + MEASURED:
        steps = 0
        while (passed := time.perf_counter() - start) < GROUP:
            step()
            steps += 1
        if start >= begun + WARM:
            means.append(1e3 * passed / steps)
    return {"min": min(means), "median": statistics.median(means)}


if __name__ == "__main__":
    main()
