"""Membership inference from confidence, as in SalUn's tables: an RBF support vector machine on one feature."""

import numpy as np
from sklearn.svm import SVC

from golden import versions, write_json

MEMBERS, FORGET = 360, 150
SETTINGS = {"C": 3, "gamma": "auto", "kernel": "rbf"}


def main():
    rng = np.random.default_rng(5)
    cases = {name: case(name, draw(rng)) for name, draw in CASES.items()}
    about = {**SETTINGS, "gamma_value": 1.0, "versions": versions("numpy", "scikit-learn")}
    write_json("mia.json", {"about": about, "cases": cases})


def confidence(rng, count, mean, spread):
    """Softmax probability of the true class: the logistic function of a normal margin."""
    return 1 / (1 + np.exp(-rng.normal(mean, spread, count)))


# Members, non-members, forget set.
CASES = {
    "overlap": lambda rng: (
        confidence(rng, MEMBERS, 3, 1.5),
        confidence(rng, MEMBERS, 1.5, 2),
        np.concatenate([confidence(rng, 75, 3, 1.5), confidence(rng, 75, 1.5, 2)]),
    ),
    "overtrained": lambda rng: (
        confidence(rng, MEMBERS, 9, 2),
        confidence(rng, MEMBERS, 3, 3),
        confidence(rng, FORGET, 4, 3),
    ),
    "same": lambda rng: tuple(confidence(rng, count, 2.5, 2) for count in (MEMBERS, MEMBERS, FORGET)),
    # A net without answer: nothing to separate.
    "constant": lambda rng: tuple(np.full(count, 0.1) for count in (MEMBERS, MEMBERS, FORGET)),
}


def case(name, sets):
    # Six decimals: the text of the file and its binary value are then the same number everywhere.
    members, others, forget = (values.round(6) for values in sets)
    x, y = np.concatenate([members, others])[:, None], np.repeat([1, 0], MEMBERS)
    # The default stops at 1e-3: two right solvers may differ by that much, hence a second, tight one.
    default, tight = (SVC(**SETTINGS, tol=tol).fit(x, y) for tol in (1e-3, 1e-10))
    predictions = default.predict(forget[:, None])
    decision, decision_tight = (svc.decision_function(forget[:, None]) for svc in (default, tight))
    print(
        f"{name}: mia {100 * (1 - predictions.mean()):.2f}, {len(default.support_)} support vectors, "
        f"default - tight {np.abs(decision - decision_tight).max():.2g}, "
        f"smallest |decision| {np.abs(decision).min():.2g} and {np.abs(decision_tight).min():.2g}, "
        f"{int((predictions != tight.predict(forget[:, None])).sum())} predictions differ"
    )
    return {
        "members": members.tolist(),
        "others": others.tolist(),
        "forget": forget.tolist(),
        "decision": decision.tolist(),
        "decision_tight": decision_tight.tolist(),
        "predictions": predictions.tolist(),
        "mia": 100 * (1 - predictions.mean()),
    }


if __name__ == "__main__":
    main()
