"""Models are saved and loaded as they were, and what can't be loaded is named."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from marcelle_rt import formats
from marcelle_rt.errors import ConversionError, UnsupportedFormat
from marcelle_rt.formats import DISK_FORMATS
from marcelle_rt.models import disk
from tests.support.models.model_kind import Doubling, sequential

SAMPLES = np.linspace(-1.0, 1.0, 12, dtype="float32").reshape(2, 6)


def three_times(x: Any) -> Any:
    return x * 3.0


def small_model() -> Any:
    return sequential((6,), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(2))


@pytest.mark.parametrize("local_format", ["h5", "keras"])
def test_a_loaded_model_predicts_as_the_saved_one(local_format: str, tmp_path: Path) -> None:
    model = small_model()
    model.compile(loss="mse", optimizer="adam")
    path = disk.save(model, tmp_path, "epoch 3", local_format)
    assert path == tmp_path / f"epoch 3.{local_format}"
    loaded = disk.load(path, local_format)
    np.testing.assert_array_equal(loaded(SAMPLES), model(SAMPLES))
    assert not loaded.compiled


@pytest.mark.parametrize("name", ["saved_model", "save_model"])
def test_a_saved_model_is_a_folder(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = disk.save(small_model(), tmp_path, "final", name)
    assert path == tmp_path / "final"
    assert (path / "saved_model.pb").is_file()
    assert disk.format_of(path) == "saved_model"
    assert "Saved artifact" not in capfd.readouterr().out


def test_saving_as_h5_logs_no_advice_against_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        disk.save(small_model(), tmp_path, "final", "h5")
    assert not caplog.records


@pytest.mark.parametrize("use", [lambda path: disk.format_of(path), lambda path: formats.disk_format("pt")])
def test_an_unknown_format_is_answered_with_the_list(use: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    path.touch()
    with pytest.raises(UnsupportedFormat, match="'pt' is not supported") as caught:
        use(path)
    assert caught.value.supported == DISK_FORMATS


@pytest.mark.parametrize("local_format", ["h5", "keras"])
@pytest.mark.parametrize("kept", [0, 0.5])
def test_a_damaged_file_is_named(local_format: str, kept: float, tmp_path: Path) -> None:
    path = disk.save(small_model(), tmp_path, "torn", local_format)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(ConversionError, match="can't be read") as caught:
        disk.load(path)
    assert caught.value.culprit == str(path)


@pytest.mark.parametrize("name", ["gone.h5", "gone.keras", "gone"])
def test_a_missing_file_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"gone.*: there is no such file"):
        disk.load(tmp_path / name)


@pytest.mark.parametrize("local_format", ["h5", "keras"])
def test_a_layer_of_ones_own_is_named_and_can_be_passed(local_format: str, tmp_path: Path) -> None:
    model = sequential((6,), keras.layers.Dense(4), Doubling(name="twice"))
    path = disk.save(model, tmp_path, "own", local_format)
    with pytest.raises(ConversionError, match="register_keras_serializable") as caught:
        disk.load(path)
    assert caught.value.culprit == f"layer 'twice' (Doubling) in own.{local_format}"
    with keras.saving.custom_object_scope({"Doubling": Doubling}):
        np.testing.assert_array_equal(disk.load(path)(SAMPLES), model(SAMPLES))


@pytest.mark.parametrize("local_format", ["h5", "keras"])
def test_an_activation_of_ones_own_is_named_and_can_be_passed(local_format: str, tmp_path: Path) -> None:
    model = sequential((6,), keras.layers.Dense(4, activation=three_times))
    path = disk.save(model, tmp_path, "own", local_format)
    with pytest.raises(ConversionError, match="'three_times' in own"):
        disk.load(path)
    with keras.saving.custom_object_scope({"three_times": three_times}):
        np.testing.assert_array_equal(disk.load(path)(SAMPLES), model(SAMPLES))


@pytest.mark.parametrize("local_format", ["h5", "keras"])
def test_a_lambda_is_not_run_from_a_file(local_format: str, tmp_path: Path) -> None:
    model = sequential((6,), keras.layers.Lambda(lambda x: x + 1.0, name="plus"))
    path = disk.save(model, tmp_path, "lambda", local_format)
    with pytest.raises(ConversionError, match=r"layer 'plus' \(Lambda\).*no Python code from files"):
        disk.load(path)
