"""Keras models that run on PyTorch, by PyTorch's exporter: it needs no TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import ConversionError
from ..checkpoints.usage import Usage
from ..converted import Converted
from .exporter import ModuleExporter
from .inputs import TARGET


def write(model: Any, directory: Path, remote_format: str) -> Converted:
    """Writes a Keras model as it predicts.

    Args:
        model: A built Keras model that runs on PyTorch.
        directory: Where the files are written; made if it isn't there.
        remote_format: `"tfjs"`, which is a graph-model, or `"onnx"`.

    Raises:
        ConversionError: Its input is not one tensor of known shape, or PyTorch can't export it.
        OSError: If the disk can't be written.
    """
    import torch

    names = list(getattr(model, "output_names", None) or [])

    class Predicting(torch.nn.Module):
        """The model as it predicts, with its outputs by name."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, x: Any) -> Any:
            answer = self.model(x, training=False)
            outputs = list(answer.values()) if isinstance(answer, dict) else answer
            outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
            return dict(zip(names, outputs, strict=True)) if len(names) == len(outputs) else tuple(outputs)

    module = Predicting()
    return ModuleExporter(module, Usage(example=_example(model))).write(module, directory, remote_format)


def _example(model: Any) -> Any:
    import torch

    inputs = getattr(model, "inputs", None) or []
    name = f"model {model.name!r}"
    if len(inputs) != 1:
        reason = "on PyTorch it is exported with one input alone; " + _TENSORFLOW
        raise ConversionError(TARGET, name, reason)
    (given,) = inputs
    shape = list(given.shape[1:])
    if None in shape:
        fixed = "give it a fixed length, keras.Input((steps, features))"
        reason = f"its input is {list(given.shape)}; {fixed}. Or {_TENSORFLOW}"
        raise ConversionError(TARGET, name, reason)
    generator = torch.Generator().manual_seed(0)
    if "int" in str(given.dtype):
        return torch.zeros(1, *shape, dtype=torch.int64)
    return torch.rand(1, *shape, generator=generator)


_TENSORFLOW = "install TensorFlow, which has no such limits: `pip install 'marcelle-rt[onnx]'`"
