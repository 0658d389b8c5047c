"""Models that a real page has trained come back to Keras, and predict what the page predicts."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from marcelle_rt import Dataset, DataStore, Remote
from marcelle_rt.backend import Backend
from marcelle_rt.dashboard.site import Site
from marcelle_rt.errors import ConversionError, NotFound
from tests.helpers import dashboard_html

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

keras = pytest.importorskip("keras")

SCRIPT = """
import { dataStore, dataset, knnClassifier, mlpClassifier, mlpRegressor, tfjsModel } from './marcelle.js';

const open = async (url, name) => {
  const store = dataStore(url);
  await store.connect();
  const instances = dataset(name, store);
  await instances.ready;
  return { store, instances };
};
const ended = (model) => new Promise((resolve, reject) => model.$training.subscribe(({ status, data }) => {
  if (status === 'success') resolve();
  if (status === 'error') reject(new Error(String(data)));
}));
window.trainAndSave = async (url, name, kind, samples) => {
  const { store, instances } = await open(url, name);
  const isClassifier = kind === 'classifier';
  const model = isClassifier ? mlpClassifier({ layers: [5, 4], epochs: 3 }) : mlpRegressor({ units: [6], epochs: 3 });
  model.train(instances);
  await ended(model);
  await model.save(store, `${name} ${kind}`);
  const outputs = [];
  for (const x of samples) {
    const output = await model.predict(x);
    outputs.push(isClassifier ? model.labels.map((label) => output.confidences[label]) : output);
  }
  return { labels: model.labels, outputs };
};
window.remember = async (url, name) => {
  const { store, instances } = await open(url, name);
  const model = knnClassifier({ k: 1 });
  await model.train(instances);
  await model.save(store, `${name} knn`);
};
// Loads a model that Python has stored, trains it further on random images, and saves it under another name. Batches of
// one, as in `predict`: for each size TF.js compiles all anew.
window.fineTune = async (url, name, id, classes, samples) => {
  const { store } = await open(url, name);
  const model = tfjsModel({ inputType: 'generic', taskType: 'generic' });
  await model.load(store, id);
  model.model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
  const x = model.preprocess(samples);
  const y = model.preprocess(samples.map((_, n) => classes.map((c) => (n % classes.length === c ? 1 : 0))));
  await model.model.fit(x, y, { epochs: 2, batchSize: 1, verbose: 0 });
  await model.save(store, `${name} tuned`);
  const outputs = [];
  for (const sample of samples) outputs.push(await model.predict(sample));
  return outputs;
};
window.ready = true;
"""


@pytest.fixture
def name() -> str:
    return f"learned {uuid.uuid4().hex[:8]}"


@pytest.fixture
def remote(store: DataStore) -> Remote:
    return Remote(store)


@pytest.fixture(scope="module")
def trainer(browser: Browser) -> Iterator[Page]:
    """One page for all models: much of what TF.js has compiled for one serves the next."""
    context = browser.new_context()
    with Site({"index.html": dashboard_html(SCRIPT)}) as site:
        page = context.new_page()
        page.goto(site.url)
        page.wait_for_function("window.ready")
        yield page
    context.close()


# What is in a model's files does not depend on the database, which keeps them for all kinds alike.
@pytest.mark.parametrize("backend", ["mongodb"], indirect=True)
def test_a_classifier_of_a_page_predicts_in_keras_what_it_predicts_there(
    trainer: Page, backend: Backend, remote: Remote, store: DataStore, name: str
) -> None:
    x = np.random.default_rng(0).normal(size=(30, 3)).astype("float32")
    dataset = Dataset(store, name)
    dataset.add_many(x.tolist(), [f"class {row.argmax()}" for row in x], gently=False)

    given = [backend.url, name, "classifier", x[:7].tolist()]
    page = trainer.evaluate("(given) => trainAndSave(...given)", given)
    model, labels = remote.load_model(f"{name} classifier")

    assert labels == page["labels"]
    assert np.abs(model.predict(x[:7], verbose=0) - page["outputs"]).max() < 1e-5
    trainer.evaluate("(given) => remember(...given)", [backend.url, name])
    examples = remote.load_examples(f"{name} knn")
    assert examples.x.shape == (30, 3)
    assert np.linalg.norm(examples.x, axis=1) == pytest.approx(1)
    assert [row.argmax() for row in examples.x] == [int(label[-1]) for label in examples.y]

    own = keras.models.clone_model(model)
    assert remote.load_weights(own, f"{name} classifier") == labels
    assert np.array_equal(own(x), model(x))
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(9, name=model.layers[0].name)])
    before = [weight.copy() for weight in other.get_weights()]
    with pytest.raises(ConversionError, match=r"has the shape \[3, 5\].*\[3, 9\]"):
        remote.load_weights(other, f"{name} classifier")
    assert all(np.array_equal(one, two) for one, two in zip(before, other.get_weights(), strict=True))


@pytest.mark.parametrize("backend", ["nedb"], indirect=True)
def test_a_regressor_of_a_page_predicts_in_keras_what_it_predicts_there(
    trainer: Page, backend: Backend, remote: Remote, store: DataStore, name: str
) -> None:
    x = np.random.default_rng(1).normal(size=(20, 2)).astype("float32")
    Dataset(store, name).add_many(x.tolist(), [[float(row.sum())] for row in x], gently=False)

    given = [backend.url, name, "regressor", x[:5].tolist()]
    page = trainer.evaluate("(given) => trainAndSave(...given)", given)
    model, labels = remote.load_model(f"{name} regressor")

    assert labels is None
    assert np.abs(np.ravel(model(x[:5])) - np.ravel(page["outputs"])).max() < 1e-5


def convolutional() -> Any:
    layers = keras.layers
    stack = [
        layers.Rescaling(1 / 255),
        layers.Conv2D(4, 3, activation="relu", kernel_regularizer="l2"),
        layers.BatchNormalization(),
        layers.SeparableConv2D(6, 3, padding="same", activation="swish"),
        layers.LeakyReLU(0.2),
        layers.DepthwiseConv2D(3),
        layers.Dropout(0.2),
        layers.GlobalAveragePooling2D(),
        layers.Dense(3, activation="softmax"),
    ]
    return keras.Sequential([keras.Input((12, 12, 3)), *stack])


def branched() -> Any:
    layers = keras.layers
    inputs = keras.Input((12, 12, 3))
    inner = keras.Sequential([keras.Input((12, 12, 3)), layers.Conv2D(4, 3, padding="same"), layers.ReLU()])
    shared = layers.Conv2D(4, 1)
    left = shared(inner(inputs))
    right = shared(inner(layers.Rescaling(0.5)(inputs)))
    joined = layers.Concatenate()([layers.Add()([left, right]), left])
    outputs = layers.Dense(3, activation="softmax")(layers.LayerNormalization()(layers.GlobalMaxPooling2D()(joined)))
    return keras.Model(inputs, outputs)


def recurrent() -> Any:
    layers = keras.layers
    stack = [
        layers.Reshape((4, 108)),
        layers.TimeDistributed(layers.Dense(6, activation="tanh")),
        layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
        layers.GRU(5, reset_after=False),
        layers.Dense(3, activation="softmax"),
    ]
    return keras.Sequential([keras.Input((12, 12, 3)), *stack])


@pytest.mark.parametrize(
    ("backend", "build"),
    [("nedb", convolutional), ("nedb", recurrent), ("mongodb", branched)],
    indirect=["backend"],
)
def test_a_model_that_a_page_trained_further_comes_back(
    trainer: Page, backend: Backend, remote: Remote, name: str, build: Callable[[], Any]
) -> None:
    keras.utils.set_random_seed(5)
    model = build()
    published = remote.publish_model(f"{name} given", model)
    assert published["metadata"]["tfjsModelFormat"] == "layers-model"
    x = np.random.default_rng(2).uniform(0, 255, (3, 12, 12, 3)).astype("float32")

    given = [backend.url, name, published["_id"], [0, 1, 2], x.tolist()]
    outputs = np.asarray(trainer.evaluate("(given) => fineTune(...given)", given))

    assert np.abs(np.asarray(model(x)) - outputs).max() > 1e-4
    back, _ = remote.load_model(f"{name} tuned")
    assert np.abs(np.asarray(back(x)) - outputs).max() < 1e-5
    remote.load_weights(model, f"{name} tuned")
    assert np.abs(np.asarray(model(x)) - outputs).max() < 1e-5
    back.compile(optimizer="adam", loss="categorical_crossentropy", run_eagerly=True)  # tracing it would take longer
    back.fit(x, np.eye(3), verbose=0)
    assert np.abs(np.asarray(back(x)) - outputs).max() > 1e-4


def test_a_model_that_there_is_not_says_which_there_are(remote: Remote, name: str) -> None:
    remote.publish_model(f"{name} known", convolutional())
    with pytest.raises(NotFound, match=f"'{name} known'"):
        remote.load_model(f"{name} unknown")
    with pytest.raises(NotFound, match="no model"):
        remote.load_examples(name)
