"""FGSM, BIM, PGD (Linf and L2) and targeted BIM by torchattacks and foolbox, on images where rounding cannot decide."""

from contextlib import ExitStack
from unittest import mock

import eagerpy
import foolbox
import torch
import torchattacks
from sklearn.datasets import load_digits
from torch import nn

from golden import versions, write_tensors
from nets import build

NET = {
    "kind": "cnn",
    "shape": [1, 8, 8],
    "channels": [8, 16],
    "kernel": 3,
    "norm": False,
    "hidden": [],
    "classes": 10,
    "activation": "tanh",
}
ATTACKS = {
    "bim": {"eps": 0.1, "alpha": 0.02, "steps": 10},
    "bim-targeted": {"eps": 0.1, "alpha": 0.02, "steps": 10},
    "fgsm": {"eps": 0.1},
    "pgd-l2": {"eps": 1.0, "alpha": 0.2, "steps": 10},
    "pgd-linf": {"eps": 0.2, "alpha": 0.04, "steps": 10},
}
# The product's chunk, and a power of two: the mean over it scales torchattacks' gradients without rounding.
COUNT = 64
# What an image must keep at every point that an attack visits, or it is left out.
LEAST = {"gradient": 1e-4, "margin": 1e-3, "pool": 1e-5}


def main():
    torch.manual_seed(7)
    x, labels = digits()
    net = build(**NET)
    train(net, x[:900], labels[:900])
    x, labels = x[900:], labels[900:]
    # Draws that make a start point out of an image, by the name of the tensor method that torchattacks calls.
    noise = {
        "pgd-l2": {"normal_": torch.randn_like(x), "uniform_": torch.rand(len(x), 1, 1, 1)},
        "pgd-linf": {"uniform_": torch.empty_like(x).uniform_(-ATTACKS["pgd-linf"]["eps"], ATTACKS["pgd-linf"]["eps"])},
    }

    case = Case(net, x, labels, (labels + 1) % 10, noise)
    for name in ATTACKS:
        case.success(name, case.torchattacks(name))
    steady = torch.stack([worst >= LEAST[key] for key, worst in case.worst().items()]).all(0)
    right = net(x).argmax(1) == labels
    chosen = (right & steady).nonzero()[:COUNT, 0]
    print(f"{len(x)} images, {int(right.sum())} answered rightly, {int((right & steady).sum())} of these steady")
    assert len(chosen) == COUNT

    case = case.of(chosen)
    double = case.double()
    tensors = {"x": case.x, "labels": case.labels, "targets": case.targets}
    for name in ATTACKS:
        first = len(case.net.points)
        ours = case.torchattacks(name)
        start = case.net.points[first][0]
        theirs = case.foolbox(name, start)
        exact = double.torchattacks(name)
        success = case.success(name, ours)
        assert torch.equal(success, case.success(name, theirs)) and torch.equal(success, double.success(name, exact))
        tensors |= {f"torchattacks.{name}": ours, f"foolbox.{name}": theirs, f"success.{name}": success}
        if name in noise:
            tensors[f"start.{name}"] = start
        print(
            f"{name}: torchattacks - foolbox {gap(ours, theirs)}; f32 - f64 {gap(ours, exact)}; "
            f"{int(success.sum())} of {COUNT} fooled"
        )
    for key, worst in case.worst().items():
        print(f"least {key} at all points visited: {worst.min():.2g}")
    about = {"net": NET, "attacks": ATTACKS, "versions": versions("foolbox", "scikit-learn", "torch", "torchattacks")}
    golden = {f"golden.{key}": tensor.float() for key, tensor in tensors.items()}
    write_tensors("attacks.safetensors", {**net.state_dict(), **golden}, about)


class Case:
    """A net, its images [n, 1, 8, 8], and the attacks of both libraries on them."""

    def __init__(self, net, x, labels, targets, noise):
        self.net, self.x, self.labels, self.targets, self.noise = Visited(net).eval(), x, labels, targets, noise

    def of(self, rows):
        noise = {name: {call: draw[rows] for call, draw in draws.items()} for name, draws in self.noise.items()}
        return Case(self.net.net, self.x[rows], self.labels[rows], self.targets[rows], noise)

    def double(self):
        net = build(**NET).double()
        net.load_state_dict(self.net.net.state_dict())
        return Case(net, self.x.double(), self.labels, self.targets, self.noise)

    def torchattacks(self, name):
        """The library's own code; only its random draws are replaced by ours."""
        kind = {"fgsm": "FGSM", "pgd-l2": "PGDL2", "pgd-linf": "PGD"}.get(name, "BIM")
        attack = getattr(torchattacks, kind)(self.net, **ATTACKS[name])
        if is_targeted(name):
            attack.set_mode_targeted_by_label(quiet=True)
        self.net.aim = self.aim(name)
        with ExitStack() as patches:
            for call, draw in self.noise.get(name, {}).items():
                replay = lambda tensor, *_, draw=draw: tensor.copy_(draw)
                patches.enter_context(mock.patch.object(torch.Tensor, call, replay))
            return attack(self.x, self.aim(name))

    def foolbox(self, name, start):
        """The library's relative step sizes are replaced by the absolute ones."""
        kind, random_start = {
            "fgsm": (foolbox.attacks.LinfFastGradientAttack, False),
            "pgd-l2": (foolbox.attacks.L2ProjectedGradientDescentAttack, True),
            "pgd-linf": (foolbox.attacks.LinfProjectedGradientDescentAttack, True),
        }.get(name, (foolbox.attacks.LinfBasicIterativeAttack, False))
        kind = type("Started", (kind,), {"get_random_start": lambda self, x0, epsilon: eagerpy.astensor(start)})
        settings = dict(ATTACKS[name])
        eps = settings.pop("eps")
        if name != "fgsm":
            settings = {"abs_stepsize": settings["alpha"], "steps": settings["steps"]}
        criterion = ("Targeted" if is_targeted(name) else "") + "Misclassification"
        criterion = getattr(foolbox.criteria, criterion)(self.aim(name))
        self.net.aim = self.aim(name)
        model = foolbox.PyTorchModel(self.net, bounds=(0, 1))
        return kind(random_start=random_start, **settings).run(model, self.x, criterion, epsilon=eps)

    def success(self, name, adversarial):
        return (self.net(adversarial).argmax(1) == self.aim(name)) == is_targeted(name)

    def aim(self, name):
        """The classes whose cross-entropy the attack raises, or lowers where it is targeted."""
        return self.targets if is_targeted(name) else self.labels

    def worst(self):
        """Per image, over all points visited: smallest gradient entry relative to the largest, lead of the first logit
        over the second, lead of the first value over the second in the closest max pool."""
        worst = {key: torch.full([len(self.x)], torch.inf) for key in LEAST}
        for x, aim in self.net.points:
            x.requires_grad_()
            logits = self.net.net(x)
            loss = nn.functional.cross_entropy(logits, aim, reduction="sum")
            gradient = torch.autograd.grad(loss, x)[0].abs().flatten(1)
            pool = pool_lead(self.net.net, x)
            seen = {"gradient": gradient.amin(1) / gradient.amax(1), "margin": lead(logits), "pool": pool}
            worst = {key: torch.minimum(worst[key], seen[key].detach()) for key in worst}
        return worst


class Visited(nn.Module):
    """Remembers every batch that it is asked about, with the classes that the attack aims at."""

    def __init__(self, net):
        super().__init__()
        self.net, self.points, self.aim = net, [], None

    def forward(self, x):
        self.points.append((x.detach().clone(), self.aim))
        return self.net(x)


def is_targeted(name):
    return name.endswith("targeted")


def digits():
    """Faint noise on every pixel: a flat background would tie in the max pool, and a tie has no single gradient."""
    data = load_digits()
    x = torch.tensor(data.images, dtype=torch.float32)[:, None] / 16
    return 0.92 * x + 0.08 * torch.rand_like(x), torch.tensor(data.target)


def train(net, x, labels):
    """Stops early: a saturated softmax has no figures left in its gradient."""
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    for _ in range(10):
        for rows in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x[rows]), labels[rows]).backward()
            optimizer.step()


def lead(values):
    first, second = values.topk(2, dim=1).values.unbind(1)
    return first - second


def pool_lead(net, x):
    least = torch.full([len(x)], torch.inf)
    for conv in net.convs:
        x = conv(x)
        windows = nn.functional.unfold(x.flatten(0, 1)[:, None], 2, stride=2)
        least = torch.minimum(least, lead(windows).unflatten(0, x.shape[:2]).amin((1, 2)))
        x = net.activation(net.pool(x))
    return least


def gap(a, b):
    difference = (a - b).abs().flatten(1)
    share = (difference <= 2e-6).double().mean(1).min()
    return f"{difference.max():.2g} (within 2e-6: {100 * share:.1f} % of the worst image's pixels)"


if __name__ == "__main__":
    main()
