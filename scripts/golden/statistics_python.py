"""Reference values of scikit-learn, SciPy and NumPy for src/statistics.

Debian 12: apt-get install python3-sklearn python3-scipy
Run from the project's root: /usr/bin/python3 scripts/golden/statistics_python.py
"""

import json

import numpy as np
import scipy
import sklearn
from scipy import stats
from sklearn.metrics import brier_score_loss, mean_absolute_error, mean_squared_error, r2_score, roc_auc_score

SEED = 20261124
rng = np.random.default_rng(SEED)


def auc_case(n, prevalence, digits):
    positive = (np.arange(n) < round(n * prevalence)).astype(int)
    scores = np.round(rng.normal(size=n) + 0.8 * positive, digits)
    return {"positive": positive.tolist(), "scores": scores.tolist(), "auc": roc_auc_score(positive, scores)}


def spearman_case(n, slope, digits):
    x = np.round(rng.normal(size=n), digits)
    y = np.round(slope * x + rng.normal(size=n), digits)
    result = stats.spearmanr(x, y)
    return {
        "x": x.tolist(),
        "y": y.tolist(),
        "ranksX": stats.rankdata(x).tolist(),
        "rho": result.statistic,
        "p": result.pvalue,
    }


def two_sided_normal(z):
    return 2 * stats.norm.sf(abs(z))


predicted = np.round(rng.uniform(0, 4, 30), 2)
observed = np.round(predicted * 0.8 + rng.normal(size=30), 2)
probabilities = np.round(rng.uniform(0, 1, 30), 3)
outcomes = (rng.uniform(size=30) < probabilities).astype(int)

document = {
    "provenance": {
        "tool": "scikit-learn, SciPy, NumPy",
        "version": f"scikit-learn {sklearn.__version__}; SciPy {scipy.__version__}; NumPy {np.__version__}",
        "script": "scripts/golden/statistics_python.py",
        "seed": SEED,
    },
    "auc": [auc_case(41, 0.3, 6), auc_case(80, 0.5, 0), auc_case(200, 0.1, 1)],
    "spearman": [
        spearman_case(41, 0.6, 6),
        spearman_case(105, 0.5, 0),
        spearman_case(60, -0.7, 1),
        spearman_case(5, 0.2, 1),
        spearman_case(300, 2.0, 3),
    ],
    "errors": {
        "predicted": predicted.tolist(),
        "observed": observed.tolist(),
        "r2": r2_score(observed, predicted),
        "meanAbsoluteError": mean_absolute_error(observed, predicted),
        "rootMeanSquareError": float(np.sqrt(mean_squared_error(observed, predicted))),
    },
    "brier": {
        "probabilities": probabilities.tolist(),
        "positive": outcomes.tolist(),
        "score": brier_score_loss(outcomes, probabilities),
    },
    "quantiles": {
        "values": np.sort(np.round(rng.normal(size=23), 3)).tolist(),
        "probabilities": [0.0, 0.025, 0.3, 0.5, 0.975, 1.0],
    },
    "tails": {
        "z": [-30.0, -9.0, -1.959963984540054, 0.0, 3.3],
        "normal": [float(two_sided_normal(z)) for z in (-30.0, -9.0, -1.959963984540054, 0.0, 3.3)],
        "t": [-50.0, -4.5642, 0.5],
        "df": [10, 97, 3],
        "student": [float(2 * stats.t.sf(abs(t), df)) for t, df in ((-50.0, 10), (-4.5642, 97), (0.5, 3))],
    },
}
quantiles = document["quantiles"]
quantiles["quantiles"] = np.quantile(quantiles["values"], quantiles["probabilities"]).tolist()

with open("tests/golden/statistics/python.json", "w", encoding="utf-8") as file:
    json.dump(document, file)
    file.write("\n")
