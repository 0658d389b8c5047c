"""Makes of a module, checkpoint after checkpoint, what a page can run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ConversionError
from ..checkpoints.usage import Usage
from ..converted import Converted
from ..onnx_files.graphs import all_nodes
from ..onnx_files.reading import refuse_size
from ..onnx_files.running import run
from ..onnx_files.versions import mend
from .export import TARGET, export
from .inputs import FirstInput, example_of
from .modes import in_single_precision, initialized, plain, predicting
from .pages import page_module
from .weights import fill

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TOLERANCE = 1e-3


class ModuleExporter:
    """Exports one module. The first graph is kept: later checkpoints differ from it in their weights alone.

    Should they differ in more (a forward that reads attributes which change), that is seen by a prediction, and the
    module is exported anew.

    Args:
        module: The module, wrapped for training or not. Without an example in `usage` it gets a forward hook, until
            it is called for the first time.
        usage: What its user says of what pages feed and read.

    Attributes:
        remarks: What is to be said of the module, a sentence each; found at the first export.
    """

    def __init__(self, module: Any, usage: Usage) -> None:
        self._usage = usage
        self._first = _first_input(module) if usage.example is None and usage.preprocess is None else None
        self._graphs: dict[str, Any] = {}
        self._pages: dict[str, tuple[Any, Any, list[str]]] = {}
        self.remarks: list[str] = []

    def write(self, module: Any, directory: Path, remote_format: str) -> Converted:
        """Writes the module as it is now.

        Args:
            module: The module.
            directory: Where the files are written; made if it isn't there.
            remote_format: `"tfjs"` or `"onnx"`.

        Raises:
            ConversionError: It can't be exported, is too large, or predicts something else then; it says what to do.
            OSError: If the disk can't be written.
        """
        module = initialized(module)
        tensors = (*module.parameters(), *module.buffers())
        refuse_size(f"module {type(module).__name__}", 4 * sum(tensor.numel() for tensor in tensors))
        module = in_single_precision(module)
        with predicting(module):
            page, fed, names = self._page(module, remote_format)
            model = self._filled(page, fed, remote_format) or self._exported(page, fed, names, remote_format)
        directory.mkdir(parents=True, exist_ok=True)
        metadata = self._metadata(fed)
        if remote_format == "onnx":
            path = directory / "model.onnx"
            path.write_bytes(model.SerializeToString())
            return Converted("onnx", [path], metadata)
        from ..from_onnx.graph_model import write

        files = write(model, _numbers(fed), directory)
        return Converted("tfjs", files, {**metadata, "tfjsModelFormat": "graph-model"})

    def forget(self) -> None:
        """Leaves the module alone."""
        if self._first is not None:
            self._first.forget()

    def _page(self, module: Any, remote_format: str) -> tuple[Any, Any, list[str]]:
        """What stands around the module for a page; the same as before for the same module on the same device."""
        last = self._pages.get(remote_format)
        device = next((parameter.device for parameter in module.parameters()), None)
        if last is None or last[0].module is not module or device not in (None, last[1].device):
            example = example_of(self._usage, self._first, module)
            last = self._pages[remote_format] = page_module(module, example, self._usage, remote_format)
        return last

    def _filled(self, page: Any, fed: Any, remote_format: str) -> Any:
        model = self._graphs.get(remote_format)
        if model is None or not fill(model, page) or _difference(model, page, fed) is not None:
            return None
        return model

    def _exported(self, page: Any, fed: Any, names: list[str], remote_format: str) -> Any:
        import torch

        other = _other(fed)
        if self._usage.preprocess is not None or remote_format == "tfjs":
            # A graph-model is one instance's, and a page's image is one of any size.
            model = _checked(page, fed, names, [1, 2] if remote_format == "onnx" else [], [fed, other])
        else:
            try:  # with two at once: one would be taken for a constant
                both = torch.cat([fed, other])
                model = _checked(page, both, names, [0], [both, fed])
            except (ConversionError, RuntimeError):  # it takes as many as its example has; a page feeds one
                model = _checked(page, fed, names, [], [fed, other])
        self._look(page, fed)
        self._graphs[remote_format] = model
        return model

    def _look(self, page: Any, fed: Any) -> None:
        """Compares what the user says with what the module answers."""
        usage = self._usage
        self.remarks = []
        if not usage.is_classification:
            return
        probabilities = _numbers(page(fed.clone())[-1])
        if usage.labels is not None and len(usage.labels) != probabilities.shape[1]:
            self.remarks.append(
                f"The model tells {probabilities.shape[1]} classes apart, and has {len(usage.labels)} labels."
            )
        if usage.activation is None and (probabilities.min() < 0 or abs(probabilities.sum(axis=1) - 1).max() > 0.01):
            self.remarks.append(
                "The model's outputs are not probabilities, which pages show as confidences; say what makes such of "
                "them: create_run(model, activation='softmax'), or 'sigmoid'."
            )

    def _metadata(self, fed: Any) -> dict[str, Any]:
        # An image's size is the page's own; all else has the shape of the example.
        shape = {} if self._usage.preprocess is not None else {"inputShape": [1, *fed.shape[1:]]}
        return {**self._usage.metadata, **shape}


def _first_input(module: Any) -> FirstInput | None:
    try:
        return FirstInput(plain(module))
    except ConversionError:  # said when a checkpoint is to be made
        return None


def _numbers(tensor: Any) -> NDArray[Any]:
    array: NDArray[Any] = tensor.detach().cpu().numpy()
    return array


def _checked(page: Any, fed: Any, names: list[str], free: list[int], batches: list[Any]) -> Any:
    """Exports a module, and sees that the graph predicts the same."""
    model = export(page, fed, names, free)
    mend(model)  # here all sizes are known, so that nothing is left
    if any(node.op_type == "SequenceEmpty" for node in all_nodes(model.graph)):
        reason = (
            "its graph has a loop that makes a list, which onnxruntime crashes at when it optimizes it. "
            "nn.EmbeddingBag becomes one: nn.Embedding, and its mean, sum or maximum over the dimension 1, are the same"
        )
        raise ConversionError(TARGET, f"module {type(page.module).__name__}", reason)
    for batch in batches:
        difference = _difference(model, page, batch)
        if difference is not None:
            reason = (
                f"it predicts something else in ONNX than in PyTorch (by {difference:.2g}), or something else at each "
                "call. Make a file yourself, and give it to save_checkpoint(epoch, file=...)"
            )
            raise ConversionError(TARGET, f"module {type(page.module).__name__}", reason)
    return model


def _other(fed: Any) -> Any:
    """Another input than the example, which shows what was taken for a constant."""
    import torch

    other = fed.flip(list(range(1, fed.dim())) or [0])
    return other if bool(torch.equal(fed, fed.round())) else other * 0.75  # whole numbers may be indices


def _difference(model: Any, page: Any, batch: Any) -> float | None:
    """By how much a graph predicts something else than its module; `None` where it doesn't."""
    import numpy as np

    expected = page(batch.clone())
    answers = run(model, _numbers(batch))
    for tensor, answer in zip(expected, answers.values(), strict=True):
        wanted = _numbers(tensor)
        if wanted.dtype.kind != "f":
            continue  # an index: what it was chosen from is compared
        if wanted.shape != answer.shape:
            return float("inf")
        away = np.abs(wanted - answer) - _TOLERANCE * np.abs(wanted)
        if away.size and not float(away.max()) <= _TOLERANCE and not np.array_equal(wanted, answer, equal_nan=True):
            return float(np.abs(wanted - answer).max())
    return None
