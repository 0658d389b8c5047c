"""A module as a page uses it: from the numbers that the page feeds to the outputs that it reads."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from ...errors import ConversionError
from ..checkpoints.usage import ImageInput, Usage
from .export import innermost
from .inputs import TARGET

_BRIGHTNESS = (0.2989, 0.587, 0.114)
"""Red, green and blue in the brightness, as torchvision's Grayscale has them."""


def page_module(module: Any, example: Any, usage: Usage, remote_format: str) -> tuple[Any, Any, list[str]]:
    """Puts around a module what a page needs.

    Args:
        module: The module, which predicts.
        example: A batch of one that it takes.
        usage: What its user says.
        remote_format: `"tfjs"` or `"onnx"`.

    Returns:
        A module around it, which takes one tensor of 32-bit floats and gives a tuple of tensors; an example for that;
        and the names of its outputs.

    Raises:
        ConversionError: It does not take the example, gives something else than tensors, or no scores where classes
            are wanted.
    """
    import torch

    outputs = _outputs(_answer(module, example), module)
    names = [name for name, _ in outputs]
    before = _from_image(usage.preprocess, remote_format) if usage.preprocess is not None else _from_numbers(example)
    if usage.is_classification:
        scores = outputs[0][1]
        if scores.dim() not in (1, 2):
            shape = f"[{', '.join(map(str, scores.shape))}]"
            reason = f"its output is {shape}, and a classifier's is [batch, classes]; leave out labels and activation"
            raise ConversionError(TARGET, f"module {type(module).__name__}", reason)
        names = ["probabilities"] if remote_format == "tfjs" else ["label", "probabilities"]

    class Page(torch.nn.Module):
        """The module between what a page feeds and what it reads."""

        def __init__(self) -> None:
            super().__init__()
            self.module = module

        def forward(self, x: Any) -> tuple[Any, ...]:
            found = [value for _, value in _outputs(self.module(before(x)), self.module)]
            if not usage.is_classification:
                return tuple(value.float() for value in found)
            probabilities = _probabilities(found[0].float(), usage.activation)
            if remote_format == "tfjs":
                return (probabilities,)
            return probabilities.argmax(dim=1), probabilities

    if usage.preprocess is None:
        return Page(), example.float(), names
    height, width = usage.preprocess.height_and_width
    # As a page has it: an image's own size and four channels for `onnxModel`, the network's size for `tfjsModel`.
    size = (height, width, 3) if remote_format == "tfjs" else (height + 3, width + 5, 4)
    return Page(), (torch.rand(1, *size) * 255).to(example.device), names


def _from_numbers(example: Any) -> Any:
    kind = example.dtype
    return lambda x: x.to(kind)


def _from_image(image: ImageInput, remote_format: str) -> Any:
    import torch

    mean, std = (torch.tensor(values).reshape(1, -1, 1, 1) for values in (image.means, image.deviations))
    size = image.height_and_width

    def transform(x: Any) -> Any:
        x = x[..., :3].permute(0, 3, 1, 2) / 255
        if image.gray:
            red, green, blue = (x[:, channel : channel + 1] for channel in range(3))
            x = red * _BRIGHTNESS[0] + green * _BRIGHTNESS[1] + blue * _BRIGHTNESS[2]
        if remote_format == "onnx":
            x = torch.nn.functional.interpolate(x, size=size, mode="bilinear", align_corners=False)
        return (x - mean.to(x.device)) / std.to(x.device)

    return transform


def _probabilities(scores: Any, activation: str | None) -> Any:
    import torch

    scores = scores.unsqueeze(-1) if scores.dim() == 1 else scores
    if activation == "softmax":
        return scores.softmax(dim=1)
    values = scores.sigmoid() if activation == "sigmoid" else scores
    return torch.cat([1 - values, values], dim=1) if values.shape[1] == 1 else values


def _answer(module: Any, example: Any) -> Any:
    try:
        return module(example.clone())
    except Exception as error:
        # The module's own code runs here, on what its user has said that it takes.
        if _takes_names_alone(module):
            reason = "its forward takes its input by name alone; wrap it in a module whose forward takes one tensor"
            raise ConversionError(TARGET, f"module {type(module).__name__}", reason) from error
        reason = (
            f"it can't be called with its example, {list(example.shape)} ({innermost(error)}). Give what it takes, "
            "create_run(model, example=x[:1]), and wrap what takes several inputs in a module that takes one tensor"
        )
        raise ConversionError(TARGET, f"module {type(module).__name__}", reason) from error


def _takes_names_alone(module: Any) -> bool:
    try:
        parameters = inspect.signature(module.forward).parameters.values()
    except (TypeError, ValueError):  # one that is not written in Python
        return False
    return bool(parameters) and all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in parameters)


def _outputs(answer: Any, module: Any) -> list[tuple[str, Any]]:
    """The tensors of an answer, with their names."""
    import torch

    if isinstance(answer, torch.Tensor):
        return [("output", answer)]
    if isinstance(answer, Mapping):
        named = [(str(name), value) for name, value in answer.items() if isinstance(value, torch.Tensor)]
    elif isinstance(answer, tuple | list):
        tensors = [value for value in answer if isinstance(value, torch.Tensor)]
        named = [(f"output_{place}", value) for place, value in enumerate(tensors)]
    else:
        named = []
    if not named:
        reason = f"it gives a {type(answer).__name__}, and pages read tensors; wrap it in a module that returns tensors"
        raise ConversionError(TARGET, f"module {type(module).__name__}", reason)
    return named
