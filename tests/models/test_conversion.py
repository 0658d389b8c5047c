"""How a model becomes what a dashboard loads: in which format, in which process, and what is said of it."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from marcelle_rt.backend.packages import bundle
from marcelle_rt.errors import ConversionError, UnsupportedFormat
from marcelle_rt.models import (
    Converted,
    conversion,
    convert,
    convert_in_subprocess,
    disk,
    graph,
    is_quick,
    onnx,
)
from marcelle_rt.models.graphs import tfjs_ops
from tests.support.lean import lean_environment
from tests.support.models.model_dashboard import predict_by_onnxruntime
from tests.support.models.model_kind import Doubling, sequential
from tests.support.models.model_kinds import KINDS

SAMPLES = np.linspace(-1.0, 1.0, 12, dtype="float32").reshape(2, 6)


def dense() -> Any:
    return sequential((6,), layers.Dense(3, activation="tanh"))


def gelu() -> Any:
    return sequential((6,), layers.Dense(3, activation="gelu", name="middle"))


def described(converted: Converted) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(converted.files[0].read_text())
    return document


def test_a_model_of_common_layers_becomes_a_layers_model_in_silence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "marcelle_rt"):
        converted = convert(dense(), tmp_path / "new" / "folder", "tfjs")
    assert converted.metadata == {"tfjsModelFormat": "layers-model"}
    assert converted.reason is None
    assert [file.name for file in converted.files] == ["model.json", "group1-shard1of1.bin"]
    assert described(converted)["weightsManifest"][0]["paths"] == ["group1-shard1of1.bin"]
    assert not caplog.records


def test_another_becomes_a_graph_model_and_one_line_says_why(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "marcelle_rt"):
        converted = convert(gelu(), tmp_path, "tfjs")
    assert converted.metadata == {"tfjsModelFormat": "graph-model"}
    assert described(converted)["format"] == "graph-model"
    assert converted.reason == "layer 'middle' (Dense): TF.js has no activation equal to 'gelu'"
    names = [record.name for record in caplog.records]  # other libraries' too, once they are imported
    assert [name for name in names if name.startswith("marcelle")] == ["marcelle_rt"]
    assert converted.reason in caplog.text


@pytest.mark.parametrize("local_format", ["h5", "keras", "saved_model"])
@pytest.mark.parametrize("given", [True, False])
def test_a_saved_model_is_converted_from_its_path(local_format: str, given: bool, tmp_path: Path) -> None:
    model = dense()
    path = disk.save(model, tmp_path, "final", local_format)
    converted = convert(path, tmp_path / "onnx", "onnx", local_format=local_format if given else None)
    assert [file.name for file in converted.files] == ["model.onnx"]
    np.testing.assert_allclose(predict_by_onnxruntime(converted.files[0], SAMPLES), model(SAMPLES), atol=1e-5)


def test_a_folder_is_converted_without_keras(tmp_path: Path) -> None:
    path = disk.save(gelu(), tmp_path, "final", "saved_model")
    script = f"""
import sys
sys.modules["keras"] = sys.modules["tf_keras"] = None
from pathlib import Path
from marcelle_rt.models import convert
print(convert(Path({str(path)!r}), Path({str(tmp_path / "tfjs")!r}), "tfjs").metadata)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], env=lean_environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "{'tfjsModelFormat': 'graph-model'}"


def test_an_unknown_format_is_answered_with_the_list(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFormat, match="Use one of: tfjs, onnx"):
        convert(dense(), tmp_path, "coreml")
    with pytest.raises(UnsupportedFormat, match="Use one of: h5, saved_model, keras"):
        convert_in_subprocess(tmp_path, tmp_path, "tfjs", local_format="pickle")


def test_what_is_not_a_keras_model_is_named_with_what_to_give(tmp_path: Path) -> None:
    class Module:
        def state_dict(self) -> dict[str, Any]:
            return {}

    for value in (42, None, b"model.keras"):
        with pytest.raises(ConversionError, match=rf"tfjs: {value!r}: it is not a Keras model.*'model\.keras'"):
            convert(value, tmp_path, "tfjs")
    with pytest.raises(ConversionError, match=r"'Module'.*module of PyTorch.*Writer\.save_checkpoint"):
        convert(Module(), tmp_path, "onnx")


@pytest.mark.parametrize("remote_format", ["tfjs", "onnx"])
def test_a_model_without_an_input_says_how_to_build_it(remote_format: str, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"model 'early'.*keras\.Input\(shape\), or call it on a batch"):
        convert(keras.Sequential([layers.Dense(3)], name="early"), tmp_path, remote_format)


def test_a_model_that_trains_without_a_call_says_to_define_one(tmp_path: Path) -> None:
    class Gan(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.generator = dense()

    with pytest.raises(ConversionError, match=r"it has no `call`.*def call\(self, inputs\)"):
        convert(Gan(), tmp_path, "tfjs")


def test_an_op_that_tfjs_lacks_is_named(tmp_path: Path) -> None:
    widen = layers.Lambda(lambda x: tf.raw_ops.Betainc(a=x * x + 1.0, b=x * x + 1.0, x=tf.sigmoid(x)), name="widen")
    with pytest.raises(ConversionError, match=r"op Betainc \(at .*widen.*convert to ONNX"):
        convert(sequential((6,), widen), tmp_path, "tfjs")


def test_an_op_that_onnx_lacks_is_named(tmp_path: Path) -> None:
    model = sequential((6,), layers.Lambda(lambda x: tf.raw_ops.Betainc(a=x * x + 1.0, b=x * x + 1.0, x=tf.sigmoid(x))))
    with pytest.raises(ConversionError, match="op Betainc: ONNX has no such op"):
        convert(model, tmp_path, "onnx")


def test_a_folder_with_loops_says_what_to_do(tmp_path: Path) -> None:
    path = disk.save(KINDS["lstm"].build(), tmp_path, "final", "saved_model")
    with pytest.raises(ConversionError, match=r"loops make predictions asynchronous.*save the model as h5 or keras"):
        convert(path, tmp_path, "tfjs")


def test_a_folder_that_holds_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="can't be read as a SavedModel"):
        convert(tmp_path, tmp_path / "tfjs", "tfjs")


def test_the_tracing_leaves_the_model_as_it_was(tmp_path: Path) -> None:
    model = sequential((5, 3), layers.GRU(4), layers.Dense(2))
    convert(model, tmp_path, "tfjs")
    assert model.layers[0].unroll is False
    model.compile(loss="mse", optimizer="sgd")
    model.fit(np.zeros((4, 5, 3)), np.zeros((4, 2)), verbose=0)


def test_tensorflowjs_takes_a_folder_that_our_own_writer_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = disk.save(sequential((6,), layers.Lambda(lambda x: tf.math.igamma(x, x))), tmp_path, "final", "saved_model")
    with pytest.raises(ConversionError, match="op Igamma"):
        convert(path, tmp_path / "before", "tfjs")

    # The real package pins TensorFlow to a version of its own, so that it can't be installed beside the others.
    def convert_tf_saved_model(source: str, target: str, skip_op_check: bool) -> None:
        assert source == str(path)
        assert not skip_op_check
        for name in ("model.json", "group1-shard2of2.bin", "group1-shard1of2.bin"):
            (Path(target) / name).touch()

    converters = ModuleType("tensorflowjs.converters")
    converters.tf_saved_model_conversion_v2 = ModuleType("tf_saved_model_conversion_v2")  # type: ignore[attr-defined]
    converters.tf_saved_model_conversion_v2.convert_tf_saved_model = convert_tf_saved_model
    package = ModuleType("tensorflowjs")
    package.__spec__ = keras.__spec__
    monkeypatch.setitem(sys.modules, "tensorflowjs", package)
    monkeypatch.setitem(sys.modules, "tensorflowjs.converters", converters)
    converted = convert(path, tmp_path / "after", "tfjs")
    assert [file.name for file in converted.files] == ["model.json", "group1-shard1of2.bin", "group1-shard2of2.bin"]


def test_where_tensorflowjs_does_not_work_our_own_reason_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = disk.save(sequential((6,), layers.Lambda(lambda x: tf.math.igamma(x, x))), tmp_path, "final", "saved_model")
    package = ModuleType("tensorflowjs")  # with no converters: its import fails as with versions that don't fit
    package.__spec__ = keras.__spec__
    monkeypatch.setitem(sys.modules, "tensorflowjs", package)
    with pytest.raises(ConversionError, match=r"op Igamma .*tensorflowjs failed too"):
        convert(path, tmp_path / "tfjs", "tfjs")


def test_onnx_without_tf2onnx_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(ConversionError, match=r"pip install 'marcelle-rt\[onnx\]'"):
        onnx.write(graph.of_model(dense(), unroll=False), tmp_path)


def test_what_takes_long_is_left_to_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_quick(dense(), "tfjs")
    assert is_quick(gelu(), "tfjs")
    assert not is_quick(dense(), "onnx")
    monkeypatch.setattr(conversion, "QUICK_PARAMETERS", 20)
    assert not is_quick(dense(), "tfjs")


def test_long_graphs_take_long_but_long_stacks_of_layers_do_not() -> None:
    stack = [layers.Dense(6) for _ in range(70)]
    assert is_quick(sequential((6,), *stack), "tfjs")
    assert not is_quick(sequential((6,), *stack, layers.Dense(6, activation="gelu")), "tfjs")


def test_what_another_process_could_not_load_is_converted_here() -> None:
    for model in (
        sequential((6,), Doubling(), layers.Dense(3)),
        sequential((6,), layers.Dense(3, activation=lambda x: x)),
        sequential((6,), layers.Lambda(lambda x: x)),
        KINDS["subclassed"].build(),
        keras.Sequential([layers.Dense(3)]),
    ):
        assert is_quick(model, "onnx")


def test_another_process_converts_alike_and_takes_no_file_of_the_working_directory_for_a_library(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = gelu()
    here = convert(model, tmp_path / "here", "tfjs")
    path = disk.save(model, tmp_path, "a model's file", "h5")
    for name in ("h5py", "keras", "tensorflow"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('code of a file in the working directory ran')")
    monkeypatch.chdir(tmp_path)
    lean = lean_environment()
    monkeypatch.setenv("HIDDEN_PACKAGES", lean["HIDDEN_PACKAGES"])
    monkeypatch.setenv("PYTHONPATH", f"{lean['PYTHONPATH']}::.")
    caplog.clear()
    with caplog.at_level(logging.INFO, "marcelle_rt"):
        there = convert_in_subprocess(path, tmp_path / "there", "tfjs", local_format="h5")
    assert (there.format, there.metadata, there.reason) == (here.format, here.metadata, here.reason)
    assert [file.name for file in there.files] == [file.name for file in here.files]
    assert there.files[1].read_bytes() == here.files[1].read_bytes()
    assert here.reason is not None
    assert here.reason in caplog.text


def test_another_process_answers_with_its_error(tmp_path: Path) -> None:
    errors = []
    for do in (convert, convert_in_subprocess):
        with pytest.raises(ConversionError, match="there is no such file") as caught:
            do(tmp_path / "gone.keras", tmp_path, "onnx")
        errors.append((caught.value.target, caught.value.culprit, caught.value.reason))
    assert errors[0] == errors[1]


def test_a_process_that_dies_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = disk.save(dense(), tmp_path, "final", "keras")
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ConversionError, match=r"final\.keras: the process that converts it ended with code 1"):
        convert_in_subprocess(path, tmp_path, "onnx")


def test_a_process_that_the_system_kills_has_had_too_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = disk.save(dense(), tmp_path, "final", "keras")
    killed = tmp_path / "killed"
    killed.write_text("#!/bin/sh\nkill -9 $$\n")
    killed.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(killed))
    with pytest.raises(ConversionError, match=r"as it does where memory runs out\. Converting takes about 3 times"):
        convert_in_subprocess(path, tmp_path, "onnx")


def test_a_process_that_is_given_too_little_memory_says_so_and_is_the_one_to_end(tmp_path: Path) -> None:
    path = disk.save(dense(), tmp_path, "final", "keras")
    program = (
        "import sys; from pathlib import Path; from marcelle_rt.models import convert_in_subprocess, memory\n"
        "try: convert_in_subprocess(Path(sys.argv[1]), Path('out'), 'tfjs')\n"
        "except Exception as error: print(error)\n"
        "memory.offer_to_end(); print(Path('/proc/self/oom_score_adj').read_text())"
    )
    # Enough for Python, and not for TensorFlow, whose libraries then fail in any way.
    limited = ["bash", "-c", 'ulimit -v 1200000; exec "$@"', "bash", sys.executable, "-c", program, str(path)]
    done = subprocess.run(limited, cwd=tmp_path, env=lean_environment(), check=True, capture_output=True, text=True)
    said, score = done.stdout.strip().splitlines()
    assert re.search(r"final\.keras: .*(memory ran out|memory is limited to 1\.2 GB)\. Converting takes", said)
    assert score == "1000"


def test_every_listed_op_is_one_that_marcelle_runs_at_once(node: None) -> None:
    code = bundle("marcelle.bundle.esm.js").read_text(encoding="utf-8")
    kinds = dict(re.findall(r'tfOpName:"(\w+)",category:"(\w+)"', code))
    assert kinds.keys() >= tfjs_ops.OPS
    assert not {op for op in tfjs_ops.OPS if kinds[op] in ("control", "dynamic")}
    left_out = {op for op, kind in kinds.items() if kind not in ("control", "dynamic")} - tfjs_ops.OPS
    others = {op for op in left_out if kinds[op] not in ("hash_table", "ragged", "sparse", "string")}
    assert others == {
        "BitwiseAnd",
        "ImageProjectiveTransformV3",
        "Multinomial",
        "RandomStandardNormal",
        "RandomUniform",
        "RandomUniformInt",
        "TruncatedNormal",
    }
