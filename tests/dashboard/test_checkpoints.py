"""Checkpoints that are loaded and tried in a run's page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from marcelle_rt import DataStore, Remote
from tests.helpers import eventually

from .conftest import Train

if TYPE_CHECKING:
    from playwright.sync_api import Page

keras = pytest.importorskip("keras")
np = pytest.importorskip("numpy")
Image = pytest.importorskip("PIL.Image")


def brightness() -> Any:
    """Says of a grey image of 4 x 6 pixels whether it is dark (class 0) or bright (1)."""
    model = keras.Sequential(
        [keras.Input((4, 6, 1)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2, activation="softmax")]
    )
    model.layers[-1].set_weights([np.array([[-10.0, 10.0]]), np.array([5.0, -5.0])])
    return model


def weighted_sum() -> Any:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.layers[0].set_weights([np.array([[1.0], [10.0], [100.0]]), np.array([0.5])])
    return model


def save(train: Train, model: Any, **options: Any) -> None:
    writer = train(planned=2)
    writer.model = model
    for epoch in (1, 2):
        writer.save_epoch(epoch, {"loss": 1.0})
        writer.save_checkpoint(epoch, **options)
    writer.flush(30)


def load(page: Page, epoch: int) -> None:
    page.get_by_role("link", name="digits-1", exact=True).click()
    page.get_by_role("button", name=f"epoch {epoch}", exact=True).click()
    page.get_by_text(f"The checkpoint of epoch {epoch} is loaded.").wait_for()
    assert page.locator(".rt-checkpoints [aria-pressed=true]").inner_text() == f"epoch {epoch}"


def test_an_image_is_classified_with_the_names_of_the_classes(
    open_page: Callable[..., Page], train: Train, store: DataStore, tmp_path: Path
) -> None:
    save(train, brightness(), metadata={"labels": ["night", "day"]})
    page = open_page()
    load(page, 2)
    page.get_by_text("an image of 6").wait_for()
    assert page.locator(".rt-bench").inner_text().startswith("Give an image, with")
    answer = page.locator(".rt-answer")

    for color, label in (("white", "day"), ("black", "night")):
        Image.new("RGB", (60, 40), color).save(tmp_path / f"{color}.png")
        page.locator("input[type=file]").set_input_files(tmp_path / f"{color}.png")
        eventually(lambda: answer.inner_text().startswith(f"{label} (100"))  # noqa: B023
    page.locator(".rt-confidences canvas").wait_for()
    assert page.get_by_role("img", name="the given image").is_visible()

    (run,) = store.service("runs").items()
    known = [{**entry, "metadata": {**entry["metadata"], "pixels": 1}} for entry in run["checkpoints"]]
    store.service("runs").patch(run["_id"], {"checkpoints": known})
    page.reload()
    page.get_by_role("button", name="epoch 1", exact=True).click()
    page.get_by_text("The checkpoint of epoch 1 is loaded.").wait_for()
    assert page.locator(".rt-bench").inner_text().startswith("Give an image\n")


def test_numbers_are_answered_and_wrong_ones_and_a_checkpoint_that_is_gone_are_said(
    open_page: Callable[..., Page], train: Train, store: DataStore
) -> None:
    save(train, weighted_sum())
    page = open_page()
    load(page, 1)
    answer = page.locator(".rt-answer")

    page.get_by_role("textbox", name="numbers").fill("1, 2 3")
    eventually(lambda: answer.inner_text() == "321.5")
    page.get_by_role("textbox", name="numbers").fill("1 2")
    eventually(lambda: "3 numbers are wanted, and 2 are there" in answer.inner_text())

    store.service("tfjs-models").remove(None)
    page.get_by_role("button", name="epoch 2", exact=True).click()
    page.get_by_text("The checkpoint of epoch 2 can't be loaded").wait_for()


def test_an_onnx_checkpoint_of_any_framework_answers_in_the_page_and_those_of_one_epoch_are_counted(
    open_page: Callable[..., Page], store: DataStore, tmp_path: Path
) -> None:
    onnx = pytest.importorskip("onnx")
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 2]) for name in ("x", "y")]
    weights = onnx.helper.make_tensor("w", onnx.TensorProto.FLOAT, [2, 2], [1.0, 0.0, 0.0, 10.0])
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "w"], ["y"])], "scale", [values[0]], [values[1]], [weights]
    )
    opset = [onnx.helper.make_opsetid("", 17)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), tmp_path / "model.onnx")
    with Remote(store.location) as remote:
        model = remote.upload_onnx_model(str(tmp_path / "model.onnx"), {"name": "scale"})
    checkpoint = {"id": model["_id"], "name": "scale", "service": "onnx-models", "metadata": {"epoch": 1}}
    run = {"name": "digits-1", "status": "success", "epoch": 1, "params": {}, "logs": {"loss": [1.0]}}
    shape = {"layers": [{"name": "dense", "input_shape": [None, 2]}]}
    made = store.service("runs").create({**run, "checkpoints": [checkpoint], "model": shape})
    page = open_page()

    page.get_by_role("link", name="digits-1", exact=True).click()
    page.get_by_role("button", name="epoch 1", exact=True).click()
    page.get_by_text("The checkpoint of epoch 1 is loaded.").wait_for(timeout=90_000)
    page.get_by_role("textbox", name="numbers").fill("3 4")

    eventually(lambda: page.locator(".rt-answer").inner_text() == "3, 40")

    listed = [{**checkpoint, "id": n, "metadata": {"epoch": epoch}} for n, epoch in enumerate((1, 1, "final", "final"))]
    store.service("runs").patch(made["_id"], {"checkpoints": listed})
    titles = ["final (2)", "final", "epoch 1 (2)", "epoch 1"]
    eventually(lambda: page.locator(".rt-checkpoints button").all_inner_texts() == titles)


def test_an_onnx_file_of_ones_own_tells_by_itself_what_it_takes(
    open_page: Callable[..., Page], train: Train, tmp_path: Path
) -> None:
    from tests.support.models.onnx_graphs import classifier, saved

    writer = train(planned=1, epochs=1)
    writer.save_checkpoint(1, file=saved(classifier(), tmp_path / "c.onnx"))
    writer.flush(30)
    page = open_page()

    page.get_by_role("link", name="digits-1", exact=True).click()
    page.get_by_role("button", name="epoch 1", exact=True).click()
    page.get_by_text("It takes 3 numbers").wait_for(timeout=90_000)
    page.get_by_role("textbox", name="numbers").fill("0 1 0")

    eventually(lambda: page.locator(".rt-answer").inner_text().startswith("owl (8"))
