"""What a module is fed: the example that its user gave, or what it was first called with."""

from __future__ import annotations

from typing import Any

from ...errors import ConversionError
from ..checkpoints.usage import Usage

TARGET = "a page's model"


class FirstInput:
    """Keeps the first instance that a module is called with, and then is gone from it.

    Args:
        module: The module; it gets a forward hook until its first call.

    Attributes:
        value: A batch of one, on the CPU; `None` before.
    """

    def __init__(self, module: Any) -> None:
        self.value: Any = None
        self._handle: Any = module.register_forward_pre_hook(self._take, with_kwargs=True)

    def _take(self, module: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        values = [*given, *named.values()]
        if len(values) == 1 and hasattr(values[0], "detach") and values[0].dim() > 0:
            self.value = values[0][:1].detach().clone().cpu()
        self.forget()

    def forget(self) -> None:
        """Leaves the module alone."""
        self._handle.remove()


def example_of(usage: Usage, seen: Any, module: Any) -> Any:
    """A batch of one for a module, as a tensor on its device.

    Args:
        usage: What its user says.
        seen: What the module was first called with; `None` if nothing is known.
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
    given = usage.example if usage.example is not None else seen
    if given is None:
        raise ConversionError(TARGET, name, "its input is not known; give one: create_run(model, example=x[:1])")
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
