"""Boosted trees with `MarcelleCallback`: every round shows in dashboards as it ends.

    marcelle-rt backend                     # in another terminal, if you have no backend yet
    python examples/xgboost_cancer.py [ROUNDS]

Needs xgboost and scikit-learn. The backend is $MARCELLE_BACKEND, or else http://localhost:3030; without one the
run is kept in ./marcelle-logs, and `marcelle-rt upload` sends it later.
"""

from __future__ import annotations

import sys

import xgboost
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from marcelle_rt.callbacks.xgboost import MarcelleCallback

rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 50
x_train, x_test, y_train, y_test = train_test_split(*load_breast_cancer(return_X_y=True), random_state=0)
params = {"objective": "binary:logistic", "eval_metric": ["auc", "logloss"], "max_depth": 3, "eta": 0.1}
train, test = xgboost.DMatrix(x_train, y_train), xgboost.DMatrix(x_test, y_test)
callback = MarcelleCallback("cancer", run_params=params, rounds=rounds)
xgboost.train(
    params,
    train,
    rounds,
    evals=[(train, "train"), (test, "test")],
    early_stopping_rounds=10,
    verbose_eval=False,
    callbacks=[callback],
)
