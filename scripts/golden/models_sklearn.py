"""Reference values of decision trees, random forests and principal components from scikit-learn.

    python3 scripts/golden/models_sklearn.py        # writes tests/golden/models/*.json

All inputs are whole multiples of 1/1024, since scikit-learn keeps inputs of trees as 32-bit floats.
"""

import json
import pathlib
import platform

import numpy as np
import sklearn
from sklearn.decomposition import PCA
from sklearn.ensemble import ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.inspection import permutation_importance
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

OUT = pathlib.Path(__file__).parents[2] / "tests" / "golden" / "models"
SEEDS = 30
TREES = 200


def friedman(rng, n, p):
    """Friedman 1991, first function, on a grid of 1/1024."""
    x = rng.integers(0, 1025, size=(n, p)) / 1024
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    return x, np.round(y + rng.normal(size=n), 4)


def zero_inflated(rng, n, p):
    """A score that is exactly 0 for about a third of the rows and starts at 0.55 otherwise, as RCB does."""
    x = np.round(rng.normal(size=(n, p)) * 1024) / 1024
    latent = x[:, 0] + 0.7 * x[:, 1] + rng.normal(size=n)
    return x, np.round(np.where(latent < -0.6, 0, 0.55 + 1.2 * (latent + 0.6)), 4)


def is_unique(model, x, y, weights):
    """Whether the tree is the same for any seed: equally good splits are chosen at random."""
    first = model.fit(x, y, sample_weight=weights).tree_
    others = (sklearn.clone(model).set_params(random_state=s).fit(x, y, sample_weight=weights).tree_ for s in range(1, 30))
    return all(np.array_equal(t.feature, first.feature) and np.array_equal(t.threshold, first.threshold) for t in others)


def tree_case(name, rng, make_data, model, bootstrap):
    n = 60
    while True:
        x, y = make_data(rng, n, 6)
        counts = np.bincount(rng.integers(0, n, n), minlength=n).astype(float) if bootstrap else np.ones(n)
        weights = counts * np.round(rng.uniform(0.25, 4, n), 2) if bootstrap == "weighted" else counts
        if is_unique(model, x, y, weights):
            break
    x_test = make_data(rng, 25, 6)[0]
    model.fit(x, y, sample_weight=weights)
    t = model.tree_
    is_class = isinstance(model, DecisionTreeClassifier)
    return {
        "name": name,
        "options": {"minLeafRows": model.min_samples_leaf, "maxDepth": model.max_depth},
        "x": x.tolist(), "y": y.tolist(), "weights": weights.tolist(),
        "feature": [int(f) if f >= 0 else -1 for f in t.feature],
        "threshold": [float(v) if f >= 0 else 0 for f, v in zip(t.feature, t.threshold)],
        "value": [float(v[0, 1] if is_class else v[0, 0]) for v in t.value],
        "importance": model.feature_importances_.tolist(),
        "xTest": x_test.tolist(),
        "predictions": (model.predict_proba(x_test)[:, 1] if is_class else model.predict(x_test)).tolist(),
    }


def with_disease(rng, n, p):
    x, y = zero_inflated(rng, n, p)
    return x, (y > 0).astype(float)


def trees():
    rng = np.random.default_rng(7)
    return [
        tree_case("regression, leaves of 5", rng, friedman, DecisionTreeRegressor(min_samples_leaf=5, random_state=0), False),
        tree_case("regression on a bootstrap, leaves of 5", rng, friedman, DecisionTreeRegressor(min_samples_leaf=5, random_state=0), True),
        tree_case("regression of depth 3", rng, friedman, DecisionTreeRegressor(max_depth=3, random_state=0), False),
        tree_case("zero-inflated regression on a bootstrap", rng, zero_inflated, DecisionTreeRegressor(min_samples_leaf=4, random_state=0), True),
        tree_case("two classes by Gini impurity", rng, with_disease, DecisionTreeClassifier(min_samples_leaf=6, random_state=0), True),
        tree_case("regression on a bootstrap of weighted rows", rng, friedman, DecisionTreeRegressor(min_samples_leaf=4, random_state=0), "weighted"),
    ]


def forest_case(name, options, make, x, y, x_test, y_test):
    is_class = make(0).__class__.__name__.endswith("Classifier")
    runs = []
    for seed in range(SEEDS):
        model = make(seed).fit(x, y)
        predictions = model.predict_proba(x_test)[:, 1] if is_class else model.predict(x_test)
        cost = permutation_importance(model, x_test, y_test, scoring="neg_mean_squared_error", n_repeats=4, random_state=seed)
        run = {"testMse": float(np.mean((predictions - y_test) ** 2)), "importance": model.feature_importances_, "predictions": predictions,
               "permutation": cost.importances_mean}
        if model.bootstrap:
            oob = model.oob_decision_function_[:, 1] if is_class else model.oob_prediction_
            run["oobMse"] = float(np.mean((oob - y) ** 2))
        runs.append(run)

    def summary(key):
        values = np.array([run[key] for run in runs])
        return {"mean": np.round(values.mean(0), 7).tolist(), "sd": np.round(values.std(0, ddof=1), 7).tolist()}

    case = {"name": name, "options": options, "x": x.tolist(), "y": y.tolist(), "xTest": x_test.tolist(), "yTest": y_test.tolist(),
            "testMse": summary("testMse"), "importance": summary("importance"), "predictions": summary("predictions")}
    if name.startswith("third"):
        case["permutation"] = summary("permutation")
    if "oobMse" in runs[0]:
        case["oobMse"] = summary("oobMse")
    return case


def forests():
    rng = np.random.default_rng(11)
    x, y = friedman(rng, 105, 9)
    x_test, y_test = friedman(rng, 40, 9)
    zx, zy = zero_inflated(rng, 105, 9)
    zx_test, zy_test = zero_inflated(rng, 40, 9)
    common = {"n_estimators": TREES, "n_jobs": 2}
    return [
        forest_case("third of the columns, leaves of 5", {"featuresPerSplit": "third", "minLeafRows": 5},
                    lambda s: RandomForestRegressor(max_features=3, min_samples_leaf=5, oob_score=True, random_state=s, **common), x, y, x_test, y_test),
        forest_case("all columns, leaves of 1", {"featuresPerSplit": "all", "minLeafRows": 1},
                    lambda s: RandomForestRegressor(oob_score=True, random_state=s, **common), x, y, x_test, y_test),
        forest_case("zero-inflated score, leaves of 3", {"featuresPerSplit": "third", "minLeafRows": 3},
                    lambda s: RandomForestRegressor(max_features=3, min_samples_leaf=3, oob_score=True, random_state=s, **common), zx, zy, zx_test, zy_test),
        forest_case("extremely randomised trees", {"featuresPerSplit": "third", "minLeafRows": 2, "splitter": "random", "bootstrap": False},
                    lambda s: ExtraTreesRegressor(max_features=3, min_samples_leaf=2, random_state=s, **common), x, y, x_test, y_test),
        forest_case("two classes by Gini impurity", {"featuresPerSplit": "square-root", "minLeafRows": 2},
                    lambda s: RandomForestClassifier(min_samples_leaf=2, oob_score=True, random_state=s, **common), zx, (zy > 0).astype(float), zx_test, (zy_test > 0).astype(float)),
    ]


def components():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(12, 3)) @ rng.normal(size=(3, 20)) + 0.3 * rng.normal(size=(12, 20))
    x = np.round(x, 4)
    z = (x - x.mean(0)) / x.std(0, ddof=1)
    pca = PCA(n_components=4, svd_solver="full").fit(z)
    sign = np.sign([row[np.argmax(np.abs(row))] for row in pca.components_])
    return [{"name": "four components of standardised columns", "x": x.tolist(),
             "scores": (pca.transform(z) * sign).tolist(), "explained": pca.explained_variance_ratio_.tolist()}]


def write(name, cases, **more):
    provenance = {"tool": "scikit-learn", "version": sklearn.__version__, "numpy": np.__version__,
                  "python": platform.python_version(), "script": "scripts/golden/models_sklearn.py"}
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.json").write_text(json.dumps({"provenance": provenance, **more, "cases": cases}, separators=(",", ":")) + "\n")


write("trees", trees())
write("forests", forests(), seeds=SEEDS, trees=TREES)
write("components", components())
