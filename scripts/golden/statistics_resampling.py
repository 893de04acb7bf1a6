"""Reference values of SciPy and dcurves for src/statistics: correlations, BCa intervals, proportions, decision curves.

pip install scipy==1.17.1 dcurves
Run from the project's root: python scripts/golden/statistics_resampling.py
"""

import json
import warnings
from importlib.metadata import version

import numpy as np
import pandas as pd
import scipy
from dcurves import dca
from scipy import stats

warnings.filterwarnings("ignore")
SEED = 20261124
rng = np.random.default_rng(SEED)


def interval(result):
    return [float(result.low), float(result.high)]


def correlation_case(n, slope, digits):
    x = np.round(rng.normal(size=n), digits)
    y = np.round(slope * x + rng.normal(size=n), digits)
    r = stats.pearsonr(x, y)
    tau = stats.kendalltau(x, y, method="asymptotic")
    return {
        "x": x.tolist(),
        "y": y.tolist(),
        "pearson": {"r": r.statistic, "p": r.pvalue, "ci": interval(r.confidence_interval())},
        "kendall": {"tau": tau.statistic, "p": tau.pvalue},
    }


def bca_case(n):
    x = np.round(rng.lognormal(size=n), 4)
    result = stats.bootstrap((x,), np.mean, n_resamples=500, method="BCa", rng=rng)
    resampled = np.round(result.bootstrap_distribution, 6)
    again = type(result)(result.confidence_interval, resampled, result.standard_error)
    exact = stats.bootstrap((x,), np.mean, n_resamples=0, method="BCa", bootstrap_result=again, rng=rng)
    return {"values": x.tolist(), "resampled": resampled.tolist(), "ci": interval(exact.confidence_interval)}


def proportion_case(successes, n):
    ci = stats.binomtest(successes, n).proportion_ci(method="wilson")
    return {"successes": successes, "n": n, "ci": interval(ci)}


def decision_case():
    p = np.round(rng.uniform(0.01, 0.99, size=60), 3)
    outcome = (rng.uniform(size=60) < p).astype(int)
    thresholds = [0.1, 0.25, 0.5, 0.75]
    table = dca(
        data=pd.DataFrame({"outcome": outcome, "p": p}), outcome="outcome", modelnames=["p"], thresholds=thresholds
    )
    benefit = {name: table[table.model == name].net_benefit.tolist() for name in ("p", "all")}
    return {"probabilities": p.tolist(), "outcome": outcome.tolist(), "thresholds": thresholds, **benefit}


golden = {
    "provenance": {
        "tool": "SciPy, dcurves",
        "version": f"SciPy {scipy.__version__}, dcurves {version('dcurves')}",
        "script": "scripts/golden/statistics_resampling.py",
        "seed": SEED,
    },
    "correlations": [correlation_case(41, 0.6, 6), correlation_case(105, 0.3, 0), correlation_case(12, -0.8, 1)],
    "bca": [bca_case(15), bca_case(41)],
    "proportions": [proportion_case(0, 12), proportion_case(9, 12), proportion_case(29, 29), proportion_case(30, 105)],
    "decision": decision_case(),
}
with open("tests/golden/statistics/resampling.json", "w") as file:
    json.dump(golden, file, indent=1)
    file.write("\n")
