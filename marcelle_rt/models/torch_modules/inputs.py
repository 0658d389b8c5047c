"""What a module is fed: the example that its user gave, or what it was first called with."""

from __future__ import annotations

import inspect
from typing import Any

from ...errors import ConversionError
from ..checkpoints.usage import Usage

TARGET = "a page's model"
_TARGETS = frozenset(("label", "labels", "label_ids", "target", "targets"))
"""Names of what Hugging Face's models, and others like them, take beside their input to tell their loss."""


class FirstInput:
    """Keeps the first instance that a module is called with, and then is gone from it.

    Args:
        module: The module; it gets a forward hook until its first call.

    Attributes:
        value: A batch of one, on the CPU; `None` before, and where pages couldn't feed such.
        reason: Why there is no value.
    """

    def __init__(self, module: Any) -> None:
        self.value: Any = None
        self.reason: str = "its input is not known"
        self._handle: Any = module.register_forward_pre_hook(self._take, with_kwargs=True)

    def _take(self, module: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        inputs = {name: value for name, value in _by_name(module, given, named).items() if hasattr(value, "detach")}
        if len(inputs) > 1:  # what a loss needs, no page has
            inputs = {name: value for name, value in inputs.items() if name not in _TARGETS}
        tensors = list(inputs.values())
        if len(tensors) != 1:
            told = f"with {', '.join(inputs)}, and pages feed one tensor" if inputs else "without a tensor"
            self.reason = f"it was first called {told}"
        elif tensors[0].dim() == 0:
            self.reason = "it was first called with a single number"
        elif not _comes_first(module, name := next(iter(inputs))):
            self.reason = f"it was first called with {name}, which does not come first in its forward, as pages need it"
        else:
            self.value = tensors[0][:1].detach().clone().cpu()
        self.forget()

    def forget(self) -> None:
        """Leaves the module alone."""
        self._handle.remove()


def _by_name(module: Any, given: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    """What a module is called with, by the names of `forward`'s parameters; by its place where they don't tell."""
    try:
        signature = inspect.signature(module.forward)
        bound = signature.bind(*given, **named).arguments
    except (TypeError, ValueError):  # what torch.jit has made tells none; a wrong call says so itself
        return {**{f"input {place}": value for place, value in enumerate(given, 1)}, **named}
    found: dict[str, Any] = {}
    for name, value in bound.items():
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            found.update({f"input {place}": each for place, each in enumerate(value, 1)})
        elif kind is inspect.Parameter.VAR_KEYWORD:
            found.update(value)
        else:
            found[name] = value
    return found


def _comes_first(module: Any, name: str) -> bool:
    """Whether `module(x)` gives `x` to a parameter, as pages' models do; where parameters don't tell, it may."""
    try:
        first = next(iter(inspect.signature(module.forward).parameters.values()), None)
    except (TypeError, ValueError):
        return True
    return first is not None and (first.name == name or first.kind is inspect.Parameter.VAR_POSITIONAL)


def example_of(usage: Usage, first: FirstInput | None, module: Any) -> Any:
    """A batch of one for a module, as a tensor on its device.

    Args:
        usage: What its user says.
        first: What the module was first called with; `None` if it was not watched.
        module: The module.

    Raises:
        ConversionError: There is none, or it is not one tensor.
    """
    import torch

    name = f"module {type(module).__name__}"
    parameter = next(iter(module.parameters()), None)
    device = parameter.device if parameter is not None else torch.device("cpu")
    if usage.preprocess is not None:
        height, width = usage.preprocess.height_and_width
        return torch.rand(1, usage.preprocess.channels, height, width).to(device)
    given = usage.example
    if given is None and first is not None:
        given = first.value
    if given is None:
        reason = first.reason if first is not None else "its input is not known"
        raise ConversionError(TARGET, name, f"{reason}; give one: create_run(model, example=x[:1])")
    if isinstance(given, (tuple, list, dict)) and any(hasattr(item, "shape") for item in _items(given)):
        if len(given) != 1:
            reason = f"it takes {len(given)} inputs, and pages feed one; wrap it in a module that takes one tensor"
            raise ConversionError(TARGET, name, reason)
        (given,) = _items(given)
    try:
        batch = torch.as_tensor(given)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ConversionError(TARGET, name, f"its example is not an array or a tensor: {error}") from error
    if batch.dim() == 0:
        raise ConversionError(TARGET, name, "its example is a single number; give a batch, such as x[:1]")
    if batch.is_floating_point() and parameter is not None and parameter.is_floating_point():
        batch = batch.to(parameter.dtype)
    return batch[:1].detach().clone().to(device)  # some modules change what they are given


def _items(given: Any) -> list[Any]:
    return list(given.values()) if isinstance(given, dict) else list(given)
