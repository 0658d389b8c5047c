"""A model is run once in TensorFlow, and so is the graph that was made of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .copying import CALLS
from .frozen import Graph, Trial
from .small_floats import in_32_bits
from .tfjs_ops import OPS
from .tfjs_rules import RULES

MOST_WEIGHTS = 3_000_000
MOST_NUMBERS = 60_000
BATCH = 2
STEPS = 4
TOLERANCE = 1e-3


def trial_of(traced: Any, run: Callable[..., Any], lent: int = 0) -> Trial | None:
    """Runs a model once, on numbers drawn at random, if that is cheap.

    Args:
        traced: The model as TensorFlow's function.
        run: Computes what it predicts.
        lent: How many weights the function takes, after its inputs.

    Returns:
        What went in and came out. None where it was not run: it is large, takes something else than numbers of 32 bits,
        computes with fewer bits than its graph will, or fails with such numbers.
    """
    import numpy as np
    import tensorflow as tf

    specs = list(traced.structured_input_signature[0]) or list(traced.structured_input_signature[1].values())
    count = len(specs) - lent
    weights = sum(int(np.prod(each.shape)) for each in (*traced.variables, *specs[count:]))
    specs = specs[:count]
    if weights > MOST_WEIGHTS or any(spec.shape.rank is None or spec.dtype != tf.float32 for spec in specs):
        return None
    kinds = {tensor.dtype for op in traced.graph.get_operations() for tensor in op.outputs}
    shapes = [[BATCH, *(STEPS if size is None else size for size in spec.shape.as_list()[1:])] for spec in specs]
    if kinds & in_32_bits().keys() or sum(int(np.prod(shape)) for shape in shapes) > MOST_NUMBERS:
        return None
    generator = np.random.default_rng(1)
    # Below 2, so that they can be words of any vocabulary.
    samples = [generator.uniform(0.0, 1.99, shape).astype("float32") for shape in shapes]
    try:
        with tf.device("/CPU:0"):
            outputs = [output.numpy() for output in run(*map(tf.constant, samples))]
    except Exception:
        # Any code of the model's may be in there, and refuse such numbers with any error. It is only a check.
        return None
    return Trial(samples, outputs)


def is_harmless(traced: Any) -> bool:
    """Whether a function of somebody else's only computes: its ops touch no files, and wait for nothing.

    Args:
        traced: TensorFlow's function.
    """
    return ops_of(traced) <= OPS | RULES.keys() | {*CALLS, "ReadVariableOp"}


def ops_of(traced: Any) -> set[str]:
    """The names of the ops of TensorFlow's function, and of those that it calls."""
    definition = traced.graph.as_graph_def()
    nodes = [*definition.node, *(node for function in definition.library.function for node in function.node_def)]
    return {node.op for node in nodes}


def differs(graph: Graph) -> str:
    """In what a graph, run by TensorFlow, differs from what its model has predicted.

    Args:
        graph: A graph that was rewritten.

    Returns:
        A sentence's end; nothing if all is the same, or nothing is known.
    """
    import tensorflow as tf

    trial = graph.trial
    if trial is None:
        return ""

    with tf.Graph().as_default() as whole:
        tf.graph_util.import_graph_def(graph.definition, name="")
    # On the CPU: the GPU's memory belongs to the training.
    config = tf.compat.v1.ConfigProto(device_count={"GPU": 0})
    with tf.compat.v1.Session(graph=whole, config=config) as session:
        fed = dict(zip((end.tensor for end in graph.inputs), trial.samples, strict=True))
        fed |= {f"{name}:0": array for name, array in graph.weights.items()}
        try:
            outputs = session.run([end.tensor for end in graph.outputs], fed)
        except tf.errors.OpError as error:
            return f"fails: {error.message[:200]}"
    return compared(graph, outputs)


def compared(graph: Graph, outputs: list[Any]) -> str:
    """In what outputs differ from those of a graph's trial.

    Args:
        graph: A graph that has a trial.
        outputs: What came of its samples elsewhere.

    Returns:
        A sentence's end; nothing if all is the same.
    """
    import numpy as np

    right_ones = graph.trial.outputs if graph.trial else []
    for end, value, right in zip(graph.outputs, outputs, right_ones, strict=True):
        if value.shape != right.shape:
            return f"gives {end.name!r} the shape {value.shape} instead of {right.shape}"
        if right.dtype.kind in "fiub" and not np.allclose(
            value.astype("f8"), right.astype("f8"), rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True
        ):
            return f"gives {end.name!r} other values"
    return ""
