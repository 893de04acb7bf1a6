"""Intraclass correlations by pingouin, for src/statistics/intraclass.ts. Needs: pip install pingouin."""

import json
import pathlib

import numpy as np
import pandas as pd
import pingouin

SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def icc21(table: np.ndarray) -> float:
    rows, columns = table.shape
    long = pd.DataFrame(
        {
            "subject": np.repeat(np.arange(rows), columns),
            "condition": np.tile(np.arange(columns), rows),
            "value": table.ravel(),
        }
    )
    found = pingouin.intraclass_corr(long, targets="subject", raters="condition", ratings="value")
    name = "ICC2" if (found["Type"] == "ICC2").any() else "ICC(A,1)"
    return float(found.loc[found["Type"] == name, "ICC"].iloc[0])


rng = np.random.default_rng(11)
tables = {"Shrout & Fleiss 1979, table 2": np.array(SHROUT_FLEISS, float)}
for name, rows, columns, noise, bias in [
    ("stable", 30, 4, 0.1, 0.0),
    ("biased", 25, 4, 0.1, 1.5),
    ("noise", 12, 3, 3.0, 0.2),
    ("far from zero", 8, 2, 0.4, 0.1),
]:
    subject = rng.normal(size=(rows, 1)) + (1e4 if name == "far from zero" else 0)
    condition = bias * rng.normal(size=(1, columns))
    tables[name] = np.round(subject + condition + noise * rng.normal(size=(rows, columns)), 6)

cases = [{"name": name, "table": t.tolist(), "icc": icc21(t)} for name, t in tables.items()]
out = {
    "tool": "pingouin",
    "version": pingouin.__version__,
    "script": "scripts/golden/features_icc.py",
    "cases": cases,
}
target = pathlib.Path(__file__).parents[2] / "tests/golden/features/icc.json"
target.write_text(json.dumps(out) + "\n")
