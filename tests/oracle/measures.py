"""Figures of measures on drawn logits and features: scikit-learn, scipy, and numpy in double precision."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.spatial.distance import jensenshannon
from scipy.special import log_softmax, logsumexp, softmax
from sklearn.covariance import EmpiricalCovariance
from sklearn.metrics import roc_auc_score, roc_curve

from golden import versions, write_json

N, CLASSES, WIDTH = 90, 5, 6


def main():
    rng = np.random.default_rng(11)
    # Rounded to single precision, as the product reads them.
    logits = rng.normal(0, 2.5, (N, CLASSES)).astype(np.float32)
    others = rng.normal(0, 1.5, (N, CLASSES)).astype(np.float32)
    labels = np.where(rng.random(N) < 0.7, logits.argmax(1), rng.integers(0, CLASSES, N))
    features = rng.normal(0, 1, (N, WIDTH)).astype(np.float32)
    features[:, 0] += labels
    far = (features[:40] + rng.normal(1.5, 1, (40, WIDTH))).astype(np.float32)
    wide = rng.normal(0, 1, (N, 3)).astype(np.float32)
    about = {"versions": versions("numpy", "scikit-learn", "scipy")}
    values = {
        "logits": logits.ravel().tolist(),
        "others": others.ravel().tolist(),
        "labels": labels.tolist(),
        "features": features.ravel().tolist(),
        "far": far.ravel().tolist(),
        "wide": wide.ravel().tolist(),
    }
    golden = calibration(logits, labels) | scores(logits, others) | gaussian(features, far, labels)
    golden |= answers(logits, others, labels) | {"cka": cka(features, wide), "temperature": temperature(logits, labels)}
    write_json("measures.json", {"about": about, "given": values, "golden": golden})


def calibration(logits, labels):
    """Over 15 bins of equal width, closed on the right, and over 7 of equal mass."""
    p = softmax(logits.astype(np.float64), axis=1)
    confidence, right = p.max(1), p.argmax(1) == labels
    edges = np.clip(np.ceil(confidence * 15).astype(int) - 1, 0, 14)
    order = np.argsort(confidence, kind="stable")
    mass = np.empty(N, int)
    for bin in range(7):
        mass[order[bin * N // 7 : (bin + 1) * N // 7]] = bin

    def distances(bins):
        of = [(np.mean(bins == b), abs(right[bins == b].mean() - confidence[bins == b].mean())) for b in np.unique(bins)]
        return np.array(of).T

    (share, distance), (mass_share, mass_distance) = distances(edges), distances(mass)
    truth = np.eye(CLASSES)[labels]
    return {
        "ece": float((share * distance).sum()),
        "mce": float(distance.max()),
        "rmsce": float(np.sqrt((share * distance**2).sum())),
        "adaptive_ece": float((mass_share * mass_distance).sum()),
        "overconfidence": float(confidence.mean() - right.mean()),
        "brier": float(((p - truth) ** 2).sum(1).mean()),
        "nll": float(-log_softmax(logits.astype(np.float64), axis=1)[np.arange(N), labels].mean()),
    }


def scores(logits, others):
    """How well the energy (T = 2) and the largest probability tell `others` from `logits`."""
    found = {}
    energy = [-2 * logsumexp(z.astype(np.float64) / 2, axis=1) for z in (logits, others)]
    probability = [-softmax(z.astype(np.float64), axis=1).max(1) for z in (logits, others)]
    for name, (inside, outside) in {"energy": energy, "msp": probability}.items():
        truth, score = np.repeat([0, 1], N), np.concatenate([inside, outside])
        fpr, tpr, _ = roc_curve(truth, score, drop_intermediate=False)
        # The task's own samples are the positive class where 95 % of them are taken.
        own_fpr, own_tpr, _ = roc_curve(1 - truth, -score, drop_intermediate=False)
        found[name] = {
            "auroc": float(roc_auc_score(truth, score)),
            "tpr_at_5": float(tpr[fpr <= 0.05].max()),
            "fpr_at_95": float(own_fpr[own_tpr >= 0.95].min()),
        }
    return found


def gaussian(features, far, labels):
    """Squared distances of `far` from the nearest class, the covariance shrunk by 0.1."""
    x = features.astype(np.float64)
    means = np.array([x[labels == c].mean(0) for c in range(CLASSES)])
    fit = EmpiricalCovariance(assume_centered=True).fit(x - means[labels])
    shrunk = 0.9 * fit.covariance_ + 0.1 * np.trace(fit.covariance_) / WIDTH * np.eye(WIDTH)
    rest = far.astype(np.float64)[:, None, :] - means[None]
    squared = np.einsum("ncd,de,nce->nc", rest, np.linalg.inv(shrunk), rest)
    return {"mahalanobis": squared.min(1).tolist()}


def answers(logits, others, labels):
    """Entropies of the answers, and how two networks' answers on the same samples differ."""
    p, q = (softmax(z.astype(np.float64), axis=1) for z in (logits, others))
    own = p[np.arange(N), labels]
    rest = -(p * np.log(1 - p)).sum(1) + own * np.log(1 - own)
    m = (p + q) / 2
    return {
        "entropy": (-(p * np.log(p)).sum(1)).tolist(),
        "modified_entropy": (-(1 - own) * np.log(own) + rest).tolist(),
        "jensen_shannon": (jensenshannon(p, q, axis=1) ** 2).tolist(),
        "jensen_shannon_of_code": float((0.5 * (m * (np.log(m) - np.log(p)) + m * (np.log(m) - np.log(q)))).mean()),
        "distance": float(np.linalg.norm(p - q, axis=1).mean()),
        "overlap": float((p.argmax(1) == q.argmax(1)).mean()),
    }


def cka(x, y):
    x, y = (z.astype(np.float64) - z.astype(np.float64).mean(0) for z in (x, y))
    return float(np.linalg.norm(x.T @ y) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)))


def temperature(logits, labels):
    def loss(beta):
        return -log_softmax(beta * logits.astype(np.float64), axis=1)[np.arange(N), labels].mean()

    found = minimize_scalar(loss, bounds=(0.01, 100), method="bounded", options={"xatol": 1e-12})
    return {"value": float(1 / found.x), "loss": float(found.fun)}


if __name__ == "__main__":
    main()
