"""LSTM, GRU and RNN, written out step by step: a loop would predict asynchronously, and dashboards don't wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .reading import Node, Reader
from .shapes import cut, split

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_STEPS = 1000

_GATES = {"GRU": 3, "LSTM": 4, "RNN": 1}
_Step = Callable[[str, list[str]], list[str]]


def _recurrent(reader: Reader, node: Node) -> list[str]:
    steps, batch, features = reader.shape(node.inputs[0])
    weights, recurrent = reader.known(node, 1), reader.known(node, 2)
    directions, units = len(weights), recurrent.shape[2]
    if steps * directions > MOST_STEPS:
        raise node.refuse(f"it takes {steps} steps, and at most {MOST_STEPS} are written out")
    activations = [name.decode() for name in node.given.get("activations") or []]
    usual = ["Tanh"] if node.op == "RNN" else ["Sigmoid", "Tanh"] + (["Tanh"] if node.op == "LSTM" else [])
    if (activations and activations != usual * directions and node.op != "RNN") or "clip" in node.given:
        raise node.refuse("it has activations or limits that are not written out")
    x = reader.reshape(reader.tensor(node.inputs[0]), [steps * batch, features])
    outputs: list[list[str]] = []
    ends: list[list[str]] = []
    for direction in range(directions):
        step, added = _step(
            reader, node, direction, units, (activations or usual)[direction % len(activations or usual)]
        )
        fed = reader.sheet.add("MatMul", x, reader.sheet.const(weights[direction].T))
        fed = reader.sheet.add("AddV2", fed, reader.sheet.const(added))
        parts = split(reader, fed, [steps * batch, _GATES[node.op] * units], 0, [batch] * steps)
        backwards = direction == 1 or node.given.get("direction", b"forward") == b"reverse"
        state, states = _start(reader, node, direction, batch, units), []
        for part in reversed(parts) if backwards else parts:
            state = step(part, state)
            states.append(state[0])
        outputs.append(states[::-1] if backwards else states)
        ends.append(state)
    stacked = [_stack(reader, states, 0) for states in outputs]
    last = [_stack(reader, [end[place] for end in ends], 0) for place in range(len(ends[0]))]
    return [_stack(reader, stacked, 1), *last]


def _stack(reader: Reader, names: list[str], axis: int) -> str:
    return reader.sheet.add("Pack", *names, axis=axis, N=len(names))


def _start(reader: Reader, node: Node, direction: int, batch: int, units: int) -> list[str]:
    """What a direction begins with: zeros, or what is given."""
    import numpy as np

    states = []
    for place in (5, 6) if node.op == "LSTM" else (5,):
        name = node.input(place)
        if not name:
            states.append(reader.sheet.const(np.zeros((batch, units), "float32")))
            continue
        part = cut(reader, reader.tensor(name), [direction, 0, 0], [1, batch, units])
        states.append(reader.reshape(part, [batch, units]))
    return states


def _step(reader: Reader, node: Node, direction: int, units: int, activation: str) -> tuple[_Step, NDArray[Any]]:
    """What a step does, and what is added to what it is fed."""
    import numpy as np

    gates = _GATES[node.op]
    kernel = reader.known(node, 2)[direction].T
    biases = reader.known(node, 3)[direction] if node.input(3) else np.zeros(2 * gates * units, "float32")
    of_input, of_state = biases[: gates * units], biases[gates * units :]
    add, sheet = reader.sheet.add, reader.sheet
    multiplier = sheet.const(kernel)

    def parted(name: str) -> list[str]:
        return split(reader, name, [1, gates * units], 1, [units] * gates)

    def lstm(fed: str, state: list[str]) -> list[str]:
        i, o, f, c = parted(add("AddV2", fed, add("MatMul", state[0], multiplier)))
        kept = add("Mul", add("Sigmoid", f), state[1])
        cell = add("AddV2", kept, add("Mul", add("Sigmoid", i), add("Tanh", c)))
        return [add("Mul", add("Sigmoid", o), add("Tanh", cell)), cell]

    def gru(fed: str, state: list[str]) -> list[str]:
        (z, r, h), (zs, rs, hs) = parted(fed), parted(add("AddV2", add("MatMul", state[0], multiplier), own))
        update, reset = add("Sigmoid", add("AddV2", z, zs)), add("Sigmoid", add("AddV2", r, rs))
        new = add("Tanh", add("AddV2", h, add("Mul", reset, hs)))
        return [add("AddV2", new, add("Mul", update, add("Sub", state[0], new)))]

    def rnn(fed: str, state: list[str]) -> list[str]:
        return [add(activation, add("AddV2", fed, add("MatMul", state[0], multiplier)))]

    if node.op == "GRU":
        if not node.given.get("linear_before_reset"):
            raise node.refuse("it resets before it multiplies, which is not written out")
        own = sheet.const(of_state)
        return gru, of_input
    if node.op == "RNN" and activation not in ("Tanh", "Relu"):
        raise node.refuse(f"its activation is {activation}, which is not written out")
    return lstm if node.op == "LSTM" else rnn, of_input + of_state


RULES: dict[str, Any] = dict.fromkeys(_GATES, _recurrent)
