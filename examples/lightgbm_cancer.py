"""Boosted trees of LightGBM with `marcelle_callback`: every round shows in dashboards as it ends.

    marcelle-rt backend                     # in another terminal, if you have no backend yet
    python examples/lightgbm_cancer.py [ROUNDS]

Needs lightgbm and scikit-learn. The backend is $MARCELLE_BACKEND, or else http://localhost:3030; without one the run is
kept in ./marcelle-logs, and `marcelle-rt upload` sends it later.
"""

from __future__ import annotations

import sys

import lightgbm
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from marcelle_rt.callbacks.lightgbm import marcelle_callback

rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 50
x_train, x_test, y_train, y_test = train_test_split(*load_breast_cancer(return_X_y=True), random_state=0)
params = {"objective": "binary", "metric": ["binary_logloss", "auc"], "max_depth": 3, "verbosity": -1}
train = lightgbm.Dataset(x_train, y_train)
test = lightgbm.Dataset(x_test, y_test, reference=train)
with marcelle_callback("cancer-lightgbm", run_params=params) as callback:
    lightgbm.train(
        params,
        train,
        rounds,
        valid_sets=[train, test],
        callbacks=[callback, lightgbm.early_stopping(10, verbose=False)],
    )
