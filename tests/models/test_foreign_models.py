"""Converting a model that somebody else made runs none of its code."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf
from keras import layers
from tensorflow.python.trackable import resource

from marcelle_rt.errors import ConversionError
from marcelle_rt.models import convert, disk
from tests.support.models.model_kind import sequential


class _WritesAFile(resource.CapturableResource):  # type: ignore[misc]
    def __init__(self, mark: Path) -> None:
        super().__init__()
        self._mark = mark

    def _create_resource(self) -> Any:
        return tf.raw_ops.HashTableV2(
            key_dtype=tf.string, value_dtype=tf.int64, shared_name="e", container="", use_node_name_sharing=False
        )

    def _initialize(self) -> Any:
        tf.io.write_file(str(self._mark), "written")
        return tf.constant(0)


class _WhenItIsRead(tf.Module):  # type: ignore[misc]
    def __init__(self, mark: Path) -> None:
        super().__init__()
        self.resource = _WritesAFile(mark)
        assert self.resource.resource_handle is not None

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32)])  # type: ignore[untyped-decorator]
    def serve(self, x: Any) -> Any:
        assert self.resource.resource_handle is not None
        return {"y": x * 2.0}


class _WhenItPredicts(tf.Module):  # type: ignore[misc]
    def __init__(self, mark: Path) -> None:
        super().__init__()
        self._mark = mark

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32)])  # type: ignore[untyped-decorator]
    def serve(self, x: Any) -> Any:
        with tf.control_dependencies([tf.io.write_file(str(self._mark), "written")]):
            return {"y": tf.identity(x * 2.0)}


def _saved(module: Any, tmp_path: Path) -> Path:
    tf.saved_model.save(module, str(tmp_path / "model"), signatures={"serving_default": module.serve})
    return tmp_path / "model"


@pytest.mark.parametrize("remote_format", ["tfjs", "onnx"])
def test_a_folder_that_runs_code_when_it_is_read_is_not_read(remote_format: str, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    path = _saved(_WhenItIsRead(mark), tmp_path)
    mark.unlink(missing_ok=True)
    with pytest.raises(ConversionError, match="it runs code of its own when it is read"):
        convert(path, tmp_path / "converted", remote_format)
    assert not mark.exists()


@pytest.mark.parametrize("remote_format", ["tfjs", "onnx"])
def test_a_folder_that_writes_a_file_when_it_predicts_is_not_run(remote_format: str, tmp_path: Path) -> None:
    path = _saved(_WhenItPredicts(tmp_path / "mark"), tmp_path)
    with contextlib.suppress(ConversionError):  # refused, or without what is not needed for a prediction
        convert(path, tmp_path / "converted", remote_format)
    assert not (tmp_path / "mark").exists()


def test_folders_of_numbers_are_read_as_before(tmp_path: Path) -> None:
    model = sequential((5, 3), layers.LSTM(4, unroll=True), layers.BatchNormalization(), layers.Dense(2))
    model.compile("adam", "mse")
    path = disk.save(model, tmp_path, "model", "saved_model")
    assert convert(path, tmp_path / "converted", "tfjs").metadata == {"tfjsModelFormat": "graph-model"}


def test_a_lambda_is_not_read_by_a_keras_that_would_run_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = disk.save(sequential((4,), layers.Lambda(lambda x: x * 2.0)), tmp_path, "lambda", "h5")
    plain = disk.save(sequential((4,), layers.Dense(2)), tmp_path, "plain", "h5")
    loaded = []
    load_model = keras.models.load_model
    monkeypatch.setattr(
        keras.models, "load_model", lambda *args, **rest: loaded.append(args) or load_model(*args, **rest)
    )
    monkeypatch.setattr(keras, "__version__", "3.10.0")
    with pytest.raises(
        ConversionError, match=r"Keras 3\.10\.0 would run the Python code in it\. Install keras>=3\.11\.3"
    ):
        disk.load(path)
    assert not loaded
    disk.load(plain)
    assert loaded
