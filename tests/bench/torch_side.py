"""PyTorch's time for one training step on the benchmark's workloads, as JSON.

conv: 1x28x28 -> conv 16 -> conv 32 (3x3, relu, 2x2 max pool each) -> linear 10, Adam
mlp:  64 -> 64 (relu) -> 10, Adam
pgd:  ten steps of PGD (Linf) on the conv net; the time is that of all ten

A group runs a step as often as fits its share of the seconds and yields the mean; min and median are over the groups.
"""

import argparse
import json
import statistics
import time

import torch
from torch import nn
from torch.nn import functional


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--channels-last", action="store_true", help="images in memory as NHWC")
    parser.add_argument("--groups", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0, help="per workload")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    layout = torch.channels_last if args.channels_last else torch.contiguous_format
    times = {}
    for name in args.workloads:
        torch.manual_seed(0)
        times[name] = timed(WORKLOADS[name](args.batch, layout), args.groups, args.seconds)
    settings = {key: getattr(args, key) for key in ("batch", "channels_last", "threads")}
    print(json.dumps({"torch": torch.__version__, **settings, "unit": "ms", "workloads": times}))


def conv(batch, layout):
    x, labels = images(batch, layout), torch.randint(0, 10, (batch,))
    return training(conv_net(layout), x, labels)


def mlp(batch, layout):
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    return training(net, torch.rand(batch, 64), torch.randint(0, 10, (batch,)))


def pgd(batch, layout):
    net, x, labels = conv_net(layout), images(batch, layout), torch.randint(0, 10, (batch,))
    eps, alpha, steps = 0.1, 0.01, 10

    def attack():
        adversarial = x.clone()
        for _ in range(steps):
            adversarial.requires_grad_()
            loss = functional.cross_entropy(net(adversarial), labels)
            (gradient,) = torch.autograd.grad(loss, adversarial)
            adversarial = adversarial.detach() + alpha * gradient.sign()
            adversarial = (x + (adversarial - x).clamp(-eps, eps)).clamp(0, 1)

    return attack


WORKLOADS = {"conv": conv, "mlp": mlp, "pgd": pgd}


def conv_net(layout):
    def block(inputs, outputs):
        return nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)

    net = nn.Sequential(*block(1, 16), *block(16, 32), nn.Flatten(), nn.Linear(32 * 7 * 7, 10))
    return net.to(memory_format=layout)


def images(batch, layout):
    return torch.rand(batch, 1, 28, 28).to(memory_format=layout)


def training(net, x, labels):
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)

    def step():
        optimizer.zero_grad()
        functional.cross_entropy(net(x), labels).backward()
        optimizer.step()

    return step


def timed(step, groups, seconds):
    for _ in range(5):
        step()
    once = clock(step, 1)
    repeats = max(1, int(seconds / groups / once))
    means = [1e3 * clock(step, repeats) / repeats for _ in range(groups)]
    return {"min": round(min(means), 4), "median": round(statistics.median(means), 4)}


def clock(step, repeats):
    start = time.perf_counter()
    for _ in range(repeats):
        step()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
