"""Classifiers of scikit-learn, XGBoost, LightGBM and CatBoost answer in a page with the names of their labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import google.protobuf
import numpy as np
import onnx
import pytest
import xgboost
from catboost import CatBoostClassifier
from lightgbm import LGBMClassifier
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from xgboost import XGBClassifier, XGBRegressor

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.models.onnx_files.classes import PROBABILITIES
from marcelle_rt.models.onnx_files.running import run
from tests.support.models.onnx_page import RUNTIMES, OnnxPage, onnx_page
from tests.support.writers import document, said

if TYPE_CHECKING:
    from playwright.sync_api import Browser

X, NUMBERS = load_iris(return_X_y=True)
X = X.astype("float32")
NAMES = ["setosa", "versicolor", "virginica"]
TEXTS = np.array(NAMES)[NUMBERS]
YEARS = NUMBERS * 10 + 1990

Pages = dict[str, OnnxPage]


@pytest.fixture(scope="module")
def pages(browser: Browser, backend: Backend) -> Iterator[Pages]:
    with ExitStack() as stack:
        yield {runtime: stack.enter_context(onnx_page(browser, backend.url, runtime)) for runtime in RUNTIMES}


@pytest.fixture
def checkpoint(backend: Backend, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Saves an estimator in a run, and gives the run's entry for it."""

    def save(estimator: Any, **usage: Any) -> dict[str, Any]:
        with Writer("estimator", backend.url, base_log_dir=tmp_path) as writer:
            writer.create_run(estimator, **usage)
            writer.save_epoch(1, {"accuracy": 1.0}, save_checkpoint=True)
        with DataStore(backend.url) as store:
            (entry,) = store.service("runs").get(writer.run_id)["checkpoints"]
        return dict(entry)

    return save


KINDS: dict[str, tuple[Callable[[], Any], Any]] = {
    "a linear classifier, fitted on texts": (lambda: SGDClassifier(loss="log_loss", random_state=0), TEXTS),
    "a pipeline with a forest, fitted on texts": (
        lambda: make_pipeline(StandardScaler(), RandomForestClassifier(10, random_state=0)),
        TEXTS,
    ),
    "a logistic regression, fitted on years": (lambda: LogisticRegression(max_iter=500), YEARS),
    "a network, fitted on texts": (lambda: MLPClassifier(max_iter=300, random_state=0), TEXTS),
    "neighbors, fitted on texts": (lambda: KNeighborsClassifier(3), TEXTS),
    "XGBoost": (lambda: XGBClassifier(n_estimators=5), NUMBERS),
    "LightGBM, fitted on texts": (lambda: LGBMClassifier(n_estimators=5, verbose=-1), TEXTS),
    "CatBoost, fitted on texts": (
        lambda: CatBoostClassifier(iterations=5, verbose=False, allow_writing_files=False),
        TEXTS,
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_classifier_answers_with_the_names_of_its_labels(
    kind: str, checkpoint: Callable[..., dict[str, Any]], pages: Pages
) -> None:
    build, labels = KINDS[kind]
    estimator = build().fit(X, labels)
    named = {"labels": NAMES} if labels is NUMBERS else {}
    entry = checkpoint(estimator, example=X, **named)
    samples = X[[3, 60, 140]]
    names = NAMES if labels is not YEARS else ["1990", "2000", "2010"]

    assert (entry["service"], entry["metadata"]["labels"]) == ("onnx-models", names)
    expected = [dict(zip(names, row, strict=True)) for row in estimator.predict_proba(samples).tolist()]
    for page in pages.values():
        answers = page.predict(entry["id"], samples, "classification")
        assert [answer["label"] for answer in answers] == [max(row, key=row.__getitem__) for row in expected]
        for answer, row in zip(answers, expected, strict=True):
            assert answer["confidences"] == pytest.approx(row, abs=1e-4)


@pytest.mark.parametrize("build", [LinearRegression, lambda: XGBRegressor(n_estimators=5)], ids=["linear", "XGBoost"])
def test_a_regressor_answers_with_its_number(
    build: Callable[[], Any], checkpoint: Callable[..., dict[str, Any]], pages: Pages
) -> None:
    regressor = build().fit(X[:, :3], X[:, 3])
    entry = checkpoint(regressor)

    assert entry["metadata"]["inputShape"] == [1, 3]
    for page in pages.values():
        answers = page.predict(entry["id"], X[:4, :3])
        found = [next(iter(answer.values()))[0] for answer in answers]
        assert found == pytest.approx(regressor.predict(X[:4, :3]).tolist(), abs=1e-4)


@pytest.mark.parametrize("build", [LinearSVC, RidgeClassifier], ids=["with texts and margins", "with one margin"])
def test_a_label_is_the_one_that_is_predicted_also_where_another_has_the_higher_score(
    build: Callable[[], Any], checkpoint: Callable[..., dict[str, Any]], pages: Pages
) -> None:
    two = NUMBERS > 0  # versicolor and virginica
    estimator = build().fit(X[two], TEXTS[two])
    entry = checkpoint(estimator, example=X[two])
    samples = X[two][::11]

    for page in pages.values():
        answers = page.predict(entry["id"], samples, "classification")
        assert [answer["label"] for answer in answers] == estimator.predict(samples).tolist()


@pytest.mark.parametrize(
    "estimator",
    [KMeans(3, n_init=1, random_state=0), PCA(2)],
    ids=["of clusters", "of components"],
)
def test_what_is_neither_a_classifier_nor_a_regressor_answers_too(estimator: Any, writer: Writer) -> None:
    writer.create_run(estimator.fit(X.astype("float64")))

    assert said(lambda: writer.save_checkpoint(1)) == []
    assert len(document(writer)["checkpoints"]) == 1


def test_labels_in_another_order_than_the_classes_are_put_into_that(writer: Writer) -> None:
    writer.create_run(GaussianNB().fit(X, TEXTS), labels=NAMES[::-1])

    (text,) = said(lambda: writer.save_checkpoint(1))
    assert text.endswith(f"are put into that: {', '.join(NAMES)}.")
    assert document(writer)["checkpoints"][0]["metadata"]["labels"] == NAMES


@pytest.mark.parametrize("objective", ["multi:softmax", "multi:softprob", "binary:logistic"])
def test_a_booster_answers_with_probabilities_whatever_it_was_trained_for(objective: str, writer: Writer) -> None:
    many = objective.startswith("multi")
    booster = xgboost.train(
        {"objective": objective, **({"num_class": 3} if many else {})},
        xgboost.DMatrix(X, NUMBERS if many else NUMBERS > 0),
        3,
    )
    margins = booster.predict(xgboost.DMatrix(X), output_margin=True)
    powers = np.exp(margins if many else np.stack([np.zeros_like(margins), margins], axis=1))
    writer.create_run(booster, example=X)

    assert said(lambda: writer.save_checkpoint(1)) == []
    assert writer.run_directory is not None
    answer = run(onnx.load(writer.run_directory / "model_checkpoint_epoch=1.onnx"), X)[PROBABILITIES]
    np.testing.assert_allclose(answer, powers / powers.sum(axis=1, keepdims=True), atol=1e-5)


def test_trees_of_histograms_are_converted_or_the_package_that_hinders_is_named(writer: Writer) -> None:
    writer.create_run(HistGradientBoostingClassifier(max_iter=3).fit(X, NUMBERS), example=X)

    texts = said(lambda: writer.save_checkpoint(1))
    if google.protobuf.__version__ >= "7":
        assert len(texts) == 1
        assert "pip install 'protobuf<7'. The training" in texts[0]
    else:
        assert texts == []


def test_what_finds_outliers_is_said_to_have_no_probabilities(writer: Writer) -> None:
    writer.create_run(IsolationForest(n_estimators=5, random_state=0).fit(X), example=X)

    assert [text for text in said(lambda: writer.save_checkpoint(1)) if "taskType 'generic'" in text]


def test_labels_that_are_too_few_are_said(writer: Writer) -> None:
    writer.create_run(LogisticRegression(max_iter=500).fit(X, NUMBERS), labels=["setosa"])

    assert said(lambda: writer.save_checkpoint(1)) == [
        "The LogisticRegression tells 3 classes apart, and has 1 labels."
    ]


def test_columns_with_names_are_taken_by_their_places(checkpoint: Callable[..., dict[str, Any]]) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["sepal length", "sepal width", "petal length", "petal width"])
    estimator = XGBClassifier(n_estimators=3).fit(frame, NUMBERS)
    entry = checkpoint(estimator, labels=NAMES)

    assert entry["metadata"]["labels"] == NAMES
    assert estimator.get_booster().feature_names == list(frame.columns)


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (LogisticRegression(), "LogisticRegression: it is not fitted yet; fit it first"),
        (XGBClassifier(), "XGBClassifier: it is not fitted yet; fit it first"),
        (CatBoostClassifier(), "CatBoostClassifier: it is not fitted yet; fit it first"),
        (
            xgboost.train({"objective": "binary:logitraw"}, xgboost.DMatrix(X, NUMBERS > 0), 3),
            "Booster: it predicts something else in ONNX",
        ),
        (DummyClassifier().fit(X, NUMBERS), "its converter can't do it (Unable to find a shape calculator"),
        (MultiOutputClassifier(GaussianNB()).fit(X, np.c_[NUMBERS, NUMBERS]), "it predicts several classes at once"),
    ],
    ids=["scikit-learn", "XGBoost", "CatBoost", "raw scores", "an estimator without a converter", "several outputs"],
)
def test_what_can_not_be_converted_is_said_and_stops_nothing(estimator: Any, reason: str, writer: Writer) -> None:
    writer.create_run(estimator)
    (text,) = said(lambda: writer.save_checkpoint(1))

    assert reason in text
    assert text.endswith("The training goes on.")
    assert document(writer).get("checkpoints", []) == []


def test_decision_values_are_told_from_probabilities(writer: Writer) -> None:
    writer.create_run(SVC().fit(X, TEXTS))
    (text,) = said(lambda: writer.save_checkpoint(1))

    assert "decision values and no probabilities" in text
    (entry,) = document(writer)["checkpoints"]
    assert entry["metadata"]["labels"] == NAMES


def test_an_estimator_that_goes_on_learning_is_saved_as_it_is_each_time(writer: Writer) -> None:
    from marcelle_rt.models.onnx_files.running import run

    onnx = pytest.importorskip("onnx")
    estimator = SGDClassifier(loss="log_loss", random_state=0)
    writer.create_run(estimator)
    for epoch in (1, 2):
        estimator.partial_fit(X, TEXTS, classes=NAMES)
        writer.save_epoch(epoch, {"accuracy": estimator.score(X, TEXTS)}, save_checkpoint=True)
    assert writer.run_directory is not None
    model = onnx.load(str(writer.run_directory / "model_checkpoint_epoch=2.onnx"))

    np.testing.assert_allclose(run(model, X)["probabilities"], estimator.predict_proba(X), atol=1e-4)
