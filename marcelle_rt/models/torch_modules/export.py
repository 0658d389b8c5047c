"""A module's graph as ONNX, by PyTorch's own exporter."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import warnings
from collections.abc import Iterator
from typing import Any

from ...errors import ConversionError
from ..onnx_files.versions import IR_VERSION, OPSETS

TARGET = "onnx"


def export(page: Any, example: Any, names: list[str], open_dimensions: list[int]) -> Any:
    """Traces a module, and writes its graph with its weights by the names that they have in it.

    Args:
        page: A module that takes one tensor and gives a tuple of tensors, while it predicts.
        example: What it takes.
        names: The names of its outputs.
        open_dimensions: The dimensions of its input that are to stay open.

    Returns:
        A `ModelProto`, whose input is called `input`.

    Raises:
        ConversionError: It can't be traced or written, with PyTorch's reason; or `torch.jit` has made it.
    """
    try:
        import onnxscript  # noqa: F401 - what PyTorch's exporter is made with
        import torch
    except ImportError as error:
        reason = f"it needs the package {error.name}; install it with `pip install 'marcelle-rt[torch]'`"
        raise ConversionError(TARGET, "torch.onnx", reason) from error

    if isinstance(page.module, torch.jit.ScriptModule):
        reason = "torch.jit has made it, which PyTorch's exporter does not take; give create_run() what it was made of"
        raise ConversionError(TARGET, f"module {type(page.module).__name__}", reason)
    shapes = (dict.fromkeys(open_dimensions, torch.export.Dim.DYNAMIC),) if open_dimensions else None
    try:
        with _quietly():
            program = torch.onnx.export(
                page,
                (example.clone(),),
                dynamo=True,
                verbose=False,
                optimize=False,  # each weight keeps its name, by which the next checkpoint's is filled in
                opset_version=OPSETS[""],
                dynamic_shapes=shapes,
                input_names=["input"],
                output_names=names,
            )
    except Exception as error:
        # The module's own code runs here, and the exporter has errors of a dozen kinds.
        reason = (
            f"PyTorch can't trace it ({innermost(error)}). What depends on the values of tensors can be written with "
            "torch.where; or make a file yourself, and give it to save_checkpoint(epoch, file=...)"
        )
        raise ConversionError(TARGET, f"module {type(page.module).__name__}", reason) from error
    model = program.model_proto
    model.ir_version = IR_VERSION
    return model


def innermost(error: BaseException) -> str:
    """The first line of what an exporter's error came from, without colors."""
    while (cause := error.__cause__) is not None:
        error = cause
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
    return f"{type(error).__name__}: {text.splitlines()[0]}" if text else type(error).__name__


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Holds back what PyTorch says of its own parts while it exports; of a failure it prints the whole graph."""
    log = logging.getLogger("torch")
    disabled = log.manager.disable
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        logging.disable(logging.ERROR)  # it logs tracebacks of what it raises anyway
        try:
            yield
        finally:
            logging.disable(disabled)
