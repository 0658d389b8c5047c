"""Fills a module's weights into the graph that it was exported as: milliseconds, where an export takes a second."""

from __future__ import annotations

from typing import Any


def fill(model: Any, page: Any) -> bool:
    """Puts the weights that a module has now into its graph.

    Args:
        model: The `ModelProto` that the module was exported as; it is changed.
        page: The module.

    Returns:
        Whether all that were found fit. A weight that another name stands for, or that has no part in what is
        predicted, is not in the graph.
    """
    weights = {
        **dict(page.named_parameters(remove_duplicate=False)),
        **dict(page.named_buffers(remove_duplicate=False)),
    }
    found = 0
    for tensor in model.graph.initializer:
        weight = weights.get(tensor.name)
        if weight is None:
            continue
        if list(weight.shape) != list(tensor.dims):
            return False
        tensor.raw_data = weight.detach().cpu().contiguous().numpy().tobytes()
        found += 1
    return found > 0
