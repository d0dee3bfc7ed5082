"""Eight full-batch steps of torch.optim on a small mlp, and learning rates of the schedules."""

import copy

import torch
from torch import nn, optim

from golden import versions, write_json, write_tensors
from nets import build

NET = {"kind": "mlp", "inputs": 8, "widths": [5], "classes": 3, "activation": "tanh"}
STEPS = 8
CASES = {
    "adam": (optim.Adam, {"lr": 1e-2, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.01}),
    "adamw": (optim.AdamW, {"lr": 1e-2, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.01}),
    "sgd": (optim.SGD, {"lr": 0.1}),
    "sgd-momentum": (optim.SGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}),
}
RATE, TOTAL, WARMUP = 0.1, 20, 5


def main():
    torch.manual_seed(3)
    start, x, labels = build(**NET), torch.randn(16, 8), torch.randint(0, 3, [16])
    tensors = {"x": x, "labels": labels.float()} | {f"start.{key}": value for key, value in start.state_dict().items()}
    cases = {}
    for name, (rule, settings) in CASES.items():
        net, losses = run(copy.deepcopy(start), rule, settings, x, labels)
        exact, _ = run(copy.deepcopy(start).double(), rule, settings, x.double(), labels)
        pairs = zip(net.parameters(), exact.parameters())
        print(f"{name}: f32 - f64 {max((a - b).abs().max().item() for a, b in pairs):.2g}")
        tensors |= {f"{name}.{key}": value for key, value in net.state_dict().items()}
        cases[name] = {**settings, "losses": losses}
    about = {"net": NET, "steps": STEPS, "versions": versions("torch")}
    write_tensors("optim.safetensors", tensors, about)
    write_json("optim.json", {"about": about, "cases": cases, "schedules": schedules()})


def run(net, rule, settings, x, labels):
    """The losses are those before each step."""
    optimizer, losses = rule(net.parameters(), **settings), []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return net, losses


def schedules():
    """The learning rate of each step, the first included."""
    made = {
        "cosine": ({"T_max": TOTAL}, optim.lr_scheduler.CosineAnnealingLR),
        "cosine-floor": ({"T_max": TOTAL, "eta_min": 0.01}, optim.lr_scheduler.CosineAnnealingLR),
        "step": ({"step_size": 6, "gamma": 0.5}, optim.lr_scheduler.StepLR),
        # The first step has 1 / WARMUP of the rate, step WARMUP the whole.
        "warmup": ({"start_factor": 1 / WARMUP, "total_iters": WARMUP - 1}, optim.lr_scheduler.LinearLR),
        "warmup-cosine": ({"warmup": WARMUP, "T_max": TOTAL - WARMUP}, warmup_cosine),
    }
    return {name: {**settings, "lr": rates(make, settings)} for name, (settings, make) in made.items()}


def warmup_cosine(optimizer, warmup, T_max):
    linear = optim.lr_scheduler.LinearLR(optimizer, start_factor=1 / warmup, total_iters=warmup - 1)
    cosine = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max)
    return optim.lr_scheduler.SequentialLR(optimizer, [linear, cosine], [warmup])


def rates(make, settings):
    optimizer = optim.SGD([nn.Parameter(torch.zeros(1))], RATE)
    schedule, rates = make(optimizer, **settings), []
    for _ in range(TOTAL):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    return rates


if __name__ == "__main__":
    main()
