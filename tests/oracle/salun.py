"""SalUn's mask: the share k of all weights where the gradient of the forget loss is largest, by rank over the net.

As in the released code (OPTML-Group/Unlearn-Saliency, generate_mask.py), written afresh: gradients of the batches' mean
losses are added, the absolute values of all parameters joined in the net's order, and exactly int(count * k) kept.
"""

import torch
from torch import nn

from golden import versions, write_json
from nets import build

NET = {"kind": "mlp", "inputs": 4, "widths": [3], "classes": 3, "activation": "tanh"}
SHARES = [0.3, 0.5]


def main():
    torch.manual_seed(2)
    net, x, labels = build(**NET), torch.randn(10, 4), torch.randint(0, 3, [10])
    cases, named = [], lambda tensors: {name: tensor.tolist() for name, tensor in tensors.items()}
    # Ten rows in batches of four: the last batch's two rows weigh twice as much as the others.
    for batch in (10, 4):
        gradients = summed(net, x, labels, batch)
        for share in SHARES:
            values = joined(gradients)
            kept = mask(values, share)
            lowest, next_lower = values.sort(descending=True).values[len(kept) - 1 : len(kept) + 1]
            print(f"batch {batch}, k {share}: {len(kept)} kept, down to {lowest:.4g}; the next is {next_lower:.4g}")
            assert lowest > 1.001 * next_lower
            cases.append({"batch": batch, "k": share, "gradients": named(gradients), "kept": kept.tolist()})
    ties = torch.tensor([0.0, 2.0, 1.0, -1.0, 0.0, 1.0, 3.0, 0.0, -2.0, 0.0, 1.0, 0.0])
    tied = [{"k": share, "kept": mask(ties.abs(), share).tolist()} for share in [*SHARES, 0.7]]
    write_json(
        "salun.json",
        {
            "about": {"net": NET, "versions": versions("torch")},
            "weights": named(net.state_dict()),
            "x": x.tolist(),
            "labels": labels.tolist(),
            "cases": cases,
            "ties": {"gradients": ties.tolist(), "cases": tied},
        },
    )


def summed(net, x, labels, batch):
    """Sum over batches of the gradient of the batch's mean cross-entropy."""
    net.zero_grad()
    for rows in torch.arange(len(x)).split(batch):
        nn.functional.cross_entropy(net(x[rows]), labels[rows]).backward()
    return {name: weight.grad.clone() for name, weight in net.named_parameters()}


def joined(gradients):
    return torch.cat([gradient.flatten() for gradient in gradients.values()]).abs()


def mask(values, share):
    """Indices kept, ascending. Ties go to the first in order; the released code leaves them to an unstable sort."""
    return torch.argsort(-values, stable=True)[: int(len(values) * share)].sort().values


if __name__ == "__main__":
    main()
