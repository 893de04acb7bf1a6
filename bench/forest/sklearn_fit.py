"""Times the fit of scikit-learn's forest on one thread, for bench/forest/speed.ts.

Reads {"x": rows, "y": targets, "minLeafRows": n, "trees": n} from standard input; prints JSON.
"""

import json
import sys
import time

import numpy as np
import sklearn
from sklearn.ensemble import RandomForestRegressor

job = json.load(sys.stdin)
x, y = np.array(job["x"]), np.array(job["y"])
model = RandomForestRegressor(job["trees"], max_features=1 / 3, min_samples_leaf=job["minLeafRows"],
                              oob_score=True, n_jobs=1, random_state=0)
start = time.perf_counter()
model.fit(x, y)
print(json.dumps({"seconds": time.perf_counter() - start, "oobRSquared": model.oob_score_, "version": sklearn.__version__}))
