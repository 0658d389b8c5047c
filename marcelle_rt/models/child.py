"""Converts a saved model in a process of its own, for conversions that would hold the training up."""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from .. import formats
from ..errors import ConversionError
from ..processes import garbage
from .conversion import convert, needs_graph, say_why
from .converted import Converted
from .disk import format_of, import_keras
from .memory import is_out_of_memory, need, offer_to_end, why
from .reasons import first_line

# Modules are not looked for in the working directory, where a file called `h5py.py` would be taken for the library.
_START = "import sys; sys.path[:] = filter(None, sys.path); from marcelle_rt.models.child import main; main()"
_PACKAGES = Path(__file__).resolve().parents[2]


def convert_in_subprocess(
    source: str | Path,
    directory: Path,
    remote_format: str,
    *,
    local_format: str | None = None,
    quantize: str | None = None,
) -> Converted:
    """Converts a saved model in another process, and waits for it.

    That process runs Keras on the CPU, as the GPU's memory belongs to the training, and on TensorFlow, whatever this
    one uses; where that is not installed, on PyTorch: graph-models and ONNX need one of the two.

    Args:
        source: The saved model's path.
        directory: Where the files are written; made if it isn't there.
        remote_format: `"tfjs"` or `"onnx"`.
        local_format: The saved model's format, one of `DISK_FORMATS`; told from the path if not given.
        quantize: `"float16"` halves the size of TF.js weights.

    Returns:
        What `convert` returns.

    Raises:
        ConversionError: As `convert` does, and if the process dies.
        UnsupportedFormat: If a format is not known.
    """
    path = Path(source)
    formats.remote_format(remote_format)
    job = {
        "source": os.fspath(path.absolute()),
        "local_format": formats.disk_format(local_format) if local_format else format_of(path),
        "directory": os.fspath(directory.absolute()),
        "remote_format": remote_format,
        "quantize": quantize,
    }
    others = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    # An empty entry would be the working directory.
    python_path = os.pathsep.join([os.fspath(_PACKAGES), *(entry for entry in others if os.path.isabs(entry))])
    backend = next(filter(importlib.util.find_spec, ("tensorflow", "torch")), None)
    if backend is None and remote_format == "onnx":
        raise ConversionError(remote_format, path.name, needs_graph(os.environ.get("KERAS_BACKEND") or "neither"))
    surroundings = {
        "PYTHONPATH": python_path,
        **({} if backend is None else {"KERAS_BACKEND": backend}),
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    done = subprocess.run(
        [sys.executable, "-c", _START],
        input=json.dumps(job),
        env=os.environ | surroundings,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        start_new_session=True,  # a Ctrl-C is meant for the training
    )
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        raise ConversionError(remote_format, path.name, why(done.returncode, done.stderr, path)) from None
    if "error" in answer:
        raise ConversionError(**answer["error"])
    converted = Converted(**answer | {"files": [Path(file) for file in answer["files"]]})
    if converted.reason:
        say_why(path.name, converted.reason)
    return converted


def main() -> None:
    """The other process: reads a job from standard input and answers with a last line of JSON."""
    offer_to_end()
    job = json.loads(sys.stdin.read())
    source, directory = Path(job.pop("source")), Path(job.pop("directory"))
    try:
        if job["local_format"] != "saved_model":
            with garbage.kept():
                import_keras()
        answer = asdict(convert(source, directory, **job))
        answer["files"] = [os.fspath(file) for file in answer["files"]]
    except (ConversionError, ImportError, MemoryError) as error:
        target, culprit = job["remote_format"], source.name
        if is_out_of_memory(error):
            reason = f"memory ran out. {need(source)}"
        elif isinstance(error, ConversionError):
            target, culprit, reason = error.target, error.culprit, error.reason
        elif isinstance(error, ModuleNotFoundError):
            reason = f"it needs the package {error.name}, which is not installed"
        else:
            reason = f"a package can't be imported. {first_line(error)}"
        answer = {"error": {"target": target, "culprit": culprit, "reason": reason}}
    # On a line of its own, whatever TensorFlow has printed before.
    sys.stdout.write(f"\n{json.dumps(answer)}\n")
    gc.freeze()  # all of it goes now: nobody need look for garbage in it
