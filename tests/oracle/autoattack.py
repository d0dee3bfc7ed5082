"""Auto-PGD and the Square Attack by torchattacks, which has them from their authors, on net and images of attacks.py.

APGD is compared image by image from the library's own random starts, and by how much is left standing over seeds on
images that the net has not learned. Square is compared by shares over seeds: the
library draws one square for a whole batch, so it is run image by image here, and its random numbers are others. It
never draws the last row or column; here it does, as in the paper.
"""

import json

import numpy
import torch
import torchattacks
from safetensors import safe_open
from safetensors.torch import load_file

from golden import GOLDENS, versions, write_json, write_tensors
from nets import build

APGD = {
    "linf-ce": {"norm": "Linf", "eps": 0.05, "loss": "ce"},
    "linf-dlr": {"norm": "Linf", "eps": 0.05, "loss": "dlr"},
    "l2-ce": {"norm": "L2", "eps": 0.3, "loss": "ce"},
}
# Budgets at which some images fall at some starts only.
STANDING = {
    "linf-ce": {"norm": "Linf", "eps": 0.1, "loss": "ce"},
    "l2-dlr": {"norm": "L2", "eps": 0.5, "loss": "dlr"},
}
# Rows of static/data/digits.bin; attacks.py has trained on those before.
ROWS = [900, 1156]
STARTS = 60
# The one number of steps whose checkpoints by the paper's rule are the library's.
STEPS = 100
SQUARE = {"eps": 0.1, "n_queries": 200}
SEEDS = 20


def main():
    golden = load_file(GOLDENS / "attacks.safetensors")
    with safe_open(GOLDENS / "attacks.safetensors", "pt") as file:
        net = build(**json.loads(file.metadata()["about"])["net"]).eval()
    net.load_state_dict({key: value for key, value in golden.items() if not key.startswith("golden.")})
    x, labels = golden["golden.x"], golden["golden.labels"].long()

    tensors = {}
    torch.manual_seed(11)
    for name, settings in APGD.items():
        ours = run(net, x, labels, settings)
        exact = run(net.double(), x.double(), labels, settings, start=ours["start"].double())
        net.float()
        tensors |= {f"golden.{name}.{key}": value.float() for key, value in ours.items()}
        off = ((ours["loss"] - exact["loss"]).abs() / exact["loss"].abs().clamp(min=0.1)).sort().values
        others = int((ours["won"] != exact["won"]).sum())
        print(
            f"{name}: {int(ours['won'].sum())} of {len(x)} fooled ({others} others in f64), {int(ours['same'].sum())} "
            f"decided as by the paper; loss reached, f32 - f64: median {off[len(off) // 2]:.1g}, largest {off[-1]:.1g}"
        )
    about = {"apgd": APGD, "steps": STEPS, "versions": versions("torch", "torchattacks")}
    write_tensors("apgd.safetensors", tensors, about)
    write_json("apgd-seeds.json", standing(net))

    shares, queries = [], []
    for seed in range(SEEDS):
        attack = Counting(net, **SQUARE, seed=seed)
        won = torch.cat([net(attack(x[at : at + 1], labels[at : at + 1])).argmax(1) for at in range(len(x))]) != labels
        shares.append(won.double().mean().item())
        queries.append(sum(attack.asked) / len(attack.asked))
    print(f"square: {100 * sum(shares) / SEEDS:.2f} % fooled, {sum(queries) / SEEDS:.2f} queries")
    square = {"settings": SQUARE, "fooled": shares, "queries": queries, **versions("torch", "torchattacks")}
    write_json("square.json", square)


def standing(net):
    """How many images are answered rightly after each attack, by seed."""
    data = numpy.fromfile(GOLDENS.parents[1] / "static/data/digits.bin", dtype=numpy.uint8)
    pixels, labels = data[: 64 * 1797].reshape(64, 1797).T, data[64 * 1797 :]
    x = torch.tensor(pixels[slice(*ROWS)] / 16, dtype=torch.float32).reshape(-1, 1, 8, 8)
    labels = torch.tensor(labels[slice(*ROWS)].astype(numpy.int64))
    cases = {}
    for name, settings in STANDING.items():
        attacks = [torchattacks.APGD(net, steps=STEPS, n_restarts=1, seed=seed, **settings) for seed in range(STARTS)]
        left = [attack.perturb(x, labels)[0].sum().item() for attack in attacks]
        print(f"{name}: {100 * sum(left) / STARTS / len(x):.2f} % left of {len(x)} images, mean of {STARTS} seeds")
        cases[name] = {**settings, "left": left}
    return {"rows": ROWS, "steps": STEPS, "cases": cases, **versions("torch", "torchattacks")}


def run(net, x, labels, settings, start=None):
    attack = Watched(net, steps=STEPS, **settings)
    attack.begin(x, labels, start)
    best, _, _, winner = attack.attack_single_run(x, labels)
    won = net(winner).argmax(1) != labels
    # What the product returns: the last iterate that won, else the one of highest loss.
    found = torch.where(won[:, None, None, None], winner, best)
    loss = attack.criterion()(net(found), labels).detach()
    return {"start": attack.start, "loss": loss, "won": won, "same": ~attack.differs}


class Watched(torchattacks.APGD):
    """Remembers the start, and which images a condition decides otherwise than the paper's equations would."""

    def begin(self, x, labels, start):
        self.start, self.differs, self.given = None, torch.zeros(len(x), dtype=torch.bool), start

    def get_logits(self, x):
        if self.start is None:
            if self.given is not None:
                # In place: the tensor is the library's own iterate.
                x.data.copy_(self.given)
            self.start = x.detach().clone()
            self.first = None
        logits = super().get_logits(x)
        if self.first is None:
            self.first = logits.detach()
        return logits

    def check_oscillation(self, x, j, k, y5, k3=0.75):
        theirs = super().check_oscillation(x, j, k, y5, k3)
        rises = sum((x[j - at] > x[j - at - 1]).astype(int) for at in range(k - 1))
        before = self.of_start() if j == k - 1 else x[j - k]
        rises = rises + (x[j - k + 1] > before).astype(int)
        paper = rises < k * k3
        if j == k - 1:
            # The second condition, which the library leaves out at its first checkpoint.
            paper |= y5 == self.of_start()
        self.differs |= torch.tensor(paper != theirs)
        return theirs

    def criterion(self):
        return torch.nn.CrossEntropyLoss(reduction="none") if self.loss == "ce" else self.dlr_loss

    def of_start(self):
        return self.criterion()(self.first, self.labels).numpy()

    def attack_single_run(self, x, labels):
        self.labels = labels
        return super().attack_single_run(x, labels)


class Counting(torchattacks.Square):
    """Counts the queries of every image; once an image is fooled the library asks no more."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.asked = []

    def random_int(self, low=0, high=1, shape=[1]):
        return super().random_int(low, high + 1, shape)

    def perturb(self, x, labels):
        # The library's own loop around a run first leaves out what is answered wrongly; here nothing is.
        torch.manual_seed(self.seed * 1000 + len(self.asked))
        self.init_hyperparam(x)
        queries, found = self.attack_single_run(x, labels)
        self.asked.append(queries.item())
        return found


if __name__ == "__main__":
    main()
