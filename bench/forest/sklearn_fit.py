"""Times the fit of scikit-learn's forest on one thread, for bench/forest/speed.ts.

Reads one line of JSON {"rows", "columns", "trees", "minLeafRows"}, then x row-major and y as 64-bit floats, from
standard input; prints JSON.
"""

import json
import sys
import time

import numpy as np
import sklearn
from sklearn.ensemble import RandomForestRegressor

job = json.loads(sys.stdin.buffer.readline())
data = np.frombuffer(sys.stdin.buffer.read(), dtype="<f8")
x = data[: job["rows"] * job["columns"]].reshape(job["rows"], job["columns"])
y = data[job["rows"] * job["columns"] :]
model = RandomForestRegressor(job["trees"], max_features=1 / 3, min_samples_leaf=job["minLeafRows"],
                              oob_score=True, n_jobs=1, random_state=0)
wall, processor = time.perf_counter(), time.process_time()
model.fit(x, y)
print(json.dumps({"seconds": time.perf_counter() - wall, "processorSeconds": time.process_time() - processor,
                  "oobRSquared": model.oob_score_, "version": sklearn.__version__}))
