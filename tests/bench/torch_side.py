"""PyTorch's time for one step of the benchmark's workloads, as JSON. The networks are those of the run files here.

conv: 1x28x28 -> conv 16 -> conv 32 (3x3, 2x2 max pool, relu each) -> linear 10, Adam
mlp:  64 -> 64 (relu) -> 10, Adam
pgd:  one step of PGD (Linf) on the conv net

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
    times = {name: timed(make(plain)) for name, make in {"conv": conv, "mlp": mlp, "pgd": pgd}.items()}
    image_times = {name: timed(make(channels_last)) for name, make in {"conv": conv, "pgd": pgd}.items()}
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


def conv_net(layout):
    def block(inputs, outputs):
        return nn.Conv2d(inputs, outputs, 3, padding=1), nn.MaxPool2d(2), nn.ReLU()

    net = nn.Sequential(*block(1, 16), *block(16, 32), nn.Flatten(), nn.Linear(32 * 7 * 7, 10))
    return net.to(memory_format=layout)


def images(layout):
    return torch.rand(BATCH, 1, 28, 28).to(memory_format=layout)


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
