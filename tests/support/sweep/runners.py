"""TF.js in Node and in a page, and onnxruntime."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from marcelle_rt.backend.node import find_node
from marcelle_rt.backend.packages import install

if TYPE_CHECKING:
    from playwright.sync_api import Page

HERE = Path(__file__).parent
_Program = TypeVar("_Program", bound="NodeProgram")


class RunFailed(Exception):
    """What was converted doesn't run."""


class NodeProgram:
    """A program that runs models in Node, and stays: it is asked by a line, and answers by one.

    Args:
        program: The program. It is given the folder that its packages are installed in.
        lock: The folder of the lock file that names its packages.
    """

    def __init__(self, program: Path, lock: Path) -> None:
        node = find_node()
        packages = install(lock, node)
        self._process = subprocess.Popen(
            [node.executable, str(program), str(packages)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self: _Program) -> _Program:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)

    def predict(self, path: Path, samples: list[np.ndarray]) -> list[np.ndarray]:
        """What a model's outputs are.

        Args:
            path: Its file; that of TF.js is `model.json`.
            samples: One array per input.

        Raises:
            RunFailed: It can't be loaded or run; the text is the runtime's own.
        """
        assert self._process.stdin
        assert self._process.stdout
        job = {"path": str(path), "inputs": [_encode(sample) for sample in samples]}
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return _outputs(json.loads(self._process.stdout.readline()))


class InPage:
    """TF.js in a browser's page, which computes by WebGL, as Marcelle's dashboards do.

    Args:
        page: An empty page.
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        packages = install(HERE) / "node_modules" / "@tensorflow"
        for name in ("core", "converter", "layers", "backend-webgl"):
            page.add_script_tag(path=packages / f"tfjs-{name}" / "dist" / f"tf-{name}.min.js")
        module = (HERE / "predict.js").read_text(encoding="utf-8")
        page.add_script_tag(
            content=f"window.sweep = (() => {{ const module = {{}}; {module}; return module.exports; }})()"
        )
        assert page.evaluate("tf.setBackend('webgl')"), "this page has no WebGL"

    def predict(self, path: Path, samples: list[np.ndarray]) -> list[np.ndarray]:
        """As `Tfjs.predict`."""
        document = json.loads(path.read_text(encoding="utf-8"))
        names = [name for group in document["weightsManifest"] for name in group["paths"]]
        weights = b"".join((path.parent / name).read_bytes() for name in names)
        given = [document, base64.b64encode(weights).decode(), [_encode(sample) for sample in samples]]
        return _outputs(
            self._page.evaluate(
                "([document, weights, inputs]) => sweep.predict(tf, document, sweep.bytesOf(weights).buffer, inputs)"
                ".catch((error) => ({ error: String(error?.message ?? error) }))",
                given,
            )
        )


def _outputs(answer: dict[str, Any]) -> list[np.ndarray]:
    if "error" in answer:
        raise RunFailed(answer["error"])
    return [_decode(output) for output in answer["outputs"]]


class Tfjs(NodeProgram):
    """TF.js on the CPU."""

    def __init__(self) -> None:
        super().__init__(HERE / "tfjs.js", HERE)


def _encode(sample: np.ndarray) -> dict[str, Any]:
    if sample.dtype.kind in "OSU":
        return {"shape": sample.shape, "dtype": "string", "values": sample.ravel().tolist()}
    values = base64.b64encode(sample.astype("<f4").tobytes()).decode()
    return {"shape": sample.shape, "dtype": "float32", "values": values}


def _decode(output: dict[str, Any]) -> np.ndarray:
    values = np.frombuffer(base64.b64decode(output["values"]), "<f4")
    shaped: np.ndarray = values.reshape(output["shape"])
    return shaped


def by_onnxruntime(path: Path, samples: list[np.ndarray]) -> list[np.ndarray]:
    """What an ONNX model's outputs are.

    Raises:
        RunFailed: It can't be loaded or run.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        names = [end.name for end in session.get_inputs()]
        outputs: list[np.ndarray] = session.run(None, dict(zip(names, samples, strict=True)))
    except Exception as error:  # onnxruntime's own errors share no class
        raise RunFailed(str(error)) from error
    return outputs
