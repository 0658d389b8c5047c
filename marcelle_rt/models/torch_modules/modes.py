"""A module as it predicts: without what wraps it for training, and in evaluation, for as long as it is looked at."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

from ... import chance
from ...errors import ConversionError
from .inputs import TARGET

_FULL_STATE = (
    "its weights are spread over several processes. Gather them in all of these, with `get_model_state_dict(model, "
    "options=StateDictOptions(full_state_dict=True, cpu_offload=True))` of torch.distributed.checkpoint.state_dict, "
    "load them into a module of its own in the first, and give that to create_run()"
)


_SHARDED = {"FullyShardedDataParallel", "FSDPModule"}


def plain(module: Any) -> Any:
    """The module that was wrapped for training: by `torch.compile`, `DataParallel`, `DistributedDataParallel`.

    Raises:
        ConversionError: For a module whose weights are spread over several processes (FSDP).
    """
    import torch

    while True:
        inner = getattr(module, "_orig_mod", None)
        parallel = (torch.nn.DataParallel, torch.nn.parallel.DistributedDataParallel)
        if inner is None and isinstance(module, parallel):
            inner = module.module
        if inner is None:
            break
        module = inner
    for part in module.modules():
        if _SHARDED.intersection(kind.__name__ for kind in type(part).__mro__):
            raise ConversionError(TARGET, f"module {type(module).__name__}", _FULL_STATE)
    return module


def initialized(module: Any) -> Any:
    """The module, plain, if it has all its weights: those of lazy layers come with the first batch.

    Raises:
        ConversionError: It has lazy layers that have seen no batch, has no values at all (on the device `meta`), or is
            spread over several processes.
    """
    from torch.nn.parameter import is_lazy

    module = plain(module)
    reason = None
    if any(map(is_lazy, module.parameters())):
        reason = "it has lazy layers, which have no weights before the first batch; save it after an epoch"
    elif any(tensor.is_meta for tensor in (*module.parameters(), *module.buffers())):
        reason = "it is on the device 'meta', where tensors have no values; give create_run() the module that trains"
    if reason is not None:
        raise ConversionError(TARGET, f"module {type(module).__name__}", reason)
    return module


def in_single_precision(module: Any) -> Any:
    """The module itself, or a copy of it with 32 bits where it computes with others: pages have no other floats."""
    import torch

    kinds = {parameter.dtype for parameter in module.parameters() if parameter.is_floating_point()}
    return module if kinds <= {torch.float32} else copy.deepcopy(module).float()


@contextlib.contextmanager
def _numbers_kept(device: Any) -> Iterator[None]:
    """Has the random numbers of a device other than the CPU go on as if none had been drawn meanwhile."""
    import torch

    if device.type == "cpu":
        yield
        return
    kind = torch.get_device_module(device)
    where = () if device.type == "mps" else (device,)  # which has one generator, and takes no name of a device
    before = kind.get_rng_state(*where)
    try:
        yield
    finally:
        kind.set_rng_state(before, *where)


@contextlib.contextmanager
def predicting(module: Any) -> Iterator[None]:
    """Has a module predict: in evaluation, without gradients and without autocast; all is put back afterwards.

    So are the random numbers of Python, NumPy and PyTorch, on the CPU and where the module is, for one that draws some,
    and the buffers, for one that counts or averages in them: a training stays the same with checkpoints and without.
    Each part gets its own flag back: a batch normalization that is frozen stays so in a module that trains.

    Args:
        module: The module; what it holds is not changed.
    """
    import torch

    flags = [(part, part.training) for part in module.modules()]
    buffers = [
        (part, name, buffer, buffer.clone())
        for part in module.modules()
        for name, buffer in part.named_buffers(recurse=False)
    ]
    devices = {tensor.device for tensor in (*module.parameters(), *module.buffers())}
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        stack.enter_context(chance.kept())
        stack.enter_context(torch.random.fork_rng(devices=[]))
        for device in devices:
            stack.enter_context(_numbers_kept(device))
        for kind in sorted({device.type for device in devices} | {"cpu"}):
            stack.enter_context(torch.autocast(kind, enabled=False))
        try:
            for part, _ in flags:
                part.training = False
            yield
        finally:
            for part, flag in flags:
                part.training = flag
            known = {(part, name) for part, name, _, _ in buffers}
            for part, _ in flags:
                for name in [name for name, _ in part.named_buffers(recurse=False) if (part, name) not in known]:
                    delattr(part, name)  # a forward may have made one
            for part, name, buffer, before in buffers:
                setattr(part, name, buffer)  # a forward may have put another one in its place
                if not torch.equal(buffer, before):
                    buffer.copy_(before)
