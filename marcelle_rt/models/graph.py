"""Keras models and SavedModels as one frozen TensorFlow graph, from which graph-models and ONNX are written."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConversionError
from .apart.exchange import taken_out
from .apart.lending import lent, lent_by, values_of
from .disk import is_keras3, keras_of
from .foreign_folders import refuse_code
from .graphs.copying import rewritten
from .graphs.frozen import End, Graph, Trial, dimensions
from .graphs.open_lengths import traced_as_called
from .graphs.signatures import input_names, output_names
from .graphs.simplify import simplified
from .graphs.small_floats import RULES, in_32_bits
from .graphs.trial import is_harmless, ops_of, trial_of
from .reasons import first_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TARGET = "graph-model"
LIMIT = 2**31 - 1
"""Bytes that a graph can have with weights in it: protobuf's limit."""
_ABSENT = object()


def can_trace(model: Any) -> bool:
    """Whether a model runs on TensorFlow in this process, so that its graph can be had."""
    return not is_keras3(model) or keras_of(model).backend.backend() == "tensorflow"


def of_model(model: Any, *, unroll: bool) -> Graph:
    """Traces a model as it predicts, and freezes it.

    Args:
        model: A built Keras model that runs on TensorFlow.
        unroll: Whether recurrent layers are written out step by step instead of as a loop.

    Raises:
        ConversionError: If it doesn't run on TensorFlow, or can't be traced.
    """
    if not can_trace(model):
        raise ConversionError(
            _TARGET,
            f"model {model.name!r}",
            "only a model that runs on TensorFlow has a graph, and Keras runs on "
            f"{keras_of(model).backend.backend()} here. Save it, and convert the file in another process "
            "(`convert_in_subprocess`, which needs TensorFlow installed)",
        )
    import tensorflow as tf

    _refuse_memory(model)
    given = _input_specs(model)
    # A browser feeds floats. What the model wants is a matter of the graph.
    specs = [
        tf.TensorSpec([None, *spec.shape[1:]], "string" if spec.dtype == "string" else "float32", name=spec.name)
        for spec in given
    ]

    variables = lent_by(model)
    weights = [tf.TensorSpec(item.shape, item.dtype, name=f"weight_{i}") for i, item in enumerate(variables)]

    def predict(*tensors: Any) -> list[Any]:
        values = [
            tensor if tensor.dtype == spec.dtype else tf.cast(tensor, spec.dtype)
            for tensor, spec in zip(tensors, given, strict=False)
        ]
        with lent(model, variables, tensors[len(given) :]):
            outputs = tf.nest.flatten(model(_packed(model, values), training=False))
        return [tf.identity(output, name=f"output_{i}") for i, output in enumerate(outputs)]

    with _as_predicting(model, unroll), traced_as_called(model):
        try:
            traced = tf.function(predict, autograph=False).get_concrete_function(*specs, *weights)
        except Exception as error:
            # The model's own code runs here, and may raise anything.
            raise ConversionError(
                _TARGET, f"model {model.name!r}", f"it can't be traced{_way_out(given)}. {first_line(error)}"
            ) from error
        # Not as it was traced: some of Keras is traced to something else than it does.
        trial = trial_of(traced, predict, len(weights))
    names = [spec.name for spec in specs]
    return _freeze(traced, names, _output_names(model, len(traced.outputs)), trial, values_of(variables))


def _refuse_memory(model: Any) -> None:
    for layer in _all_layers(model):
        if getattr(layer, "stateful", False):
            reason = "it goes on where the prediction before it ended, and a converted model remembers nothing"
            raise ConversionError(_TARGET, f"layer {layer.name!r}", f"{reason}. Build the model with stateful=False")


def _way_out(specs: list[Any]) -> str:
    """What helps with layers that Keras itself can't trace: nearly always those that compute with sizes."""
    is_open = any(spec.shape.rank is None or None in spec.shape[1:] for spec in specs)
    return " while sizes of its inputs are open. Give them, as in keras.Input((224, 224, 3))" if is_open else ""


def of_saved_model(folder: Path) -> Graph:
    """The serving signature of a SavedModel, frozen. Needs TensorFlow only.

    Args:
        folder: A SavedModel of Keras, or of TensorFlow.

    Raises:
        ConversionError: If there is none, it has no such signature, or reading it would run code of its own.
    """
    try:
        import tensorflow as tf
    except ImportError as error:
        reason = "reading a SavedModel requires TensorFlow; install it with `pip install tensorflow`"
        raise ConversionError(_TARGET, str(folder), reason) from error

    refuse_code(folder, _TARGET)
    try:
        loaded = tf.saved_model.load(str(folder))
    except (OSError, ValueError) as error:
        raise ConversionError(_TARGET, str(folder), f"it can't be read as a SavedModel. {first_line(error)}") from error
    serving = loaded.signatures.get("serving_default")
    if serving is None:
        raise ConversionError(_TARGET, str(folder), "it has no signature `serving_default`; export it with Keras")
    names, keys = input_names(loaded, serving), output_names(serving)
    specs = [serving.structured_input_signature[1][name] for name in names]

    def predict(*tensors: Any) -> list[Any]:
        values = {
            spec.name: tensor if tensor.dtype == spec.dtype else tf.cast(tensor, spec.dtype)
            for tensor, spec in zip(tensors, specs, strict=True)
        }
        outputs = serving(**values)
        return [tf.identity(outputs[key], name=f"output_{i}") for i, key in enumerate(keys)]

    fed = [
        tf.TensorSpec(spec.shape, "string" if spec.dtype == "string" else "float32", name=spec.name) for spec in specs
    ]
    traced = tf.function(predict, autograph=False).get_concrete_function(*fed)
    if "AssignVariableOp" in ops_of(traced):
        reason = "it changes a variable as it predicts, as recurrent layers with dropout do. Save it as h5 or keras"
        raise ConversionError(_TARGET, str(folder), reason)
    return _freeze(traced, names, keys, trial_of(traced, traced) if is_harmless(traced) else None)


def _input_specs(model: Any) -> list[Any]:
    """The inputs' shapes and types, in the model's order, each with a name of its own."""
    import tensorflow as tf

    inputs = getattr(model, "inputs", None)
    if not inputs:
        shape = (model.get_build_config() or {}).get("input_shape") if is_keras3(model) else None
        if not shape or not all(isinstance(size, int | None) for size in shape):
            raise ConversionError(
                _TARGET, f"model {model.name!r}", "the shapes of its inputs are not known. Give it one input"
            )
        return [tf.TensorSpec(shape, model.compute_dtype, name="input")]
    return [tf.TensorSpec(item.shape, item.dtype, name=f"input_{i}") for i, item in enumerate(inputs)]


def _packed(model: Any, tensors: list[Any]) -> Any:
    import tensorflow as tf

    if not getattr(model, "inputs", None) or isinstance(model, keras_of(model).Sequential):
        return tensors[0]
    return tf.nest.pack_sequence_as(model.input, tensors)


def _output_names(model: Any, count: int) -> list[str]:
    names = list(getattr(model, "output_names", None) or [])
    return names if len(set(names)) == count else [f"output_{i}" for i in range(count)]


@contextlib.contextmanager
def _as_predicting(model: Any, unroll: bool) -> Iterator[None]:
    """Changes what a browser couldn't run, for as long as the model is traced: recurrent layers are unrolled."""
    changed: list[tuple[Any, str, Any]] = []

    def change(owner: Any, attribute: str, value: Any) -> None:
        changed.append((owner, attribute, vars(owner).get(attribute, _ABSENT)))
        setattr(owner, attribute, value)

    try:
        for layer in _all_layers(model):
            if unroll and getattr(layer, "unroll", None) is False and _has_fixed_length(layer):
                change(layer, "unroll", True)
                if hasattr(layer, "_could_use_gpu_kernel"):  # Keras 2 would put a choice of loops there
                    change(layer, "_could_use_gpu_kernel", False)
            for generator in getattr(layer, "_seed_generators", ()):
                # Some draw even where they leave all as it is, and a graph can't keep where they are.
                change(generator, "next", functools.partial(_next_seed, generator))
        yield
    finally:
        for owner, attribute, value in reversed(changed):
            if value is _ABSENT:
                delattr(owner, attribute)
            else:
                setattr(owner, attribute, value)


def _next_seed(generator: Any, ordered: bool = True) -> Any:
    """A seed, without going on to the next."""
    return generator.state.value


def _all_layers(model: Any) -> list[Any]:
    flatten = getattr(model, "_flatten_layers", None)
    return list(flatten(include_self=False, recursive=True)) if flatten else []


def _has_fixed_length(layer: Any) -> bool:
    """Whether a recurrent layer knows how many steps it takes; only then can it be unrolled."""
    try:
        config = layer.get_build_config()
        # With an initial state it was built with several shapes.
        shape = config["input_shape"] if "input_shape" in config else config["shapes_dict"]["sequences_shape"]
    except (AttributeError, KeyError, TypeError):
        return False
    return len(shape) > 1 and isinstance(shape[1], int)


def _freeze(
    traced: Any,
    input_names: list[str],
    output_names: list[str],
    trial: Trial | None,
    beside: Sequence[NDArray[Any]] = (),
) -> Graph:
    """Puts the weights into the graph, but for those beside it; takes apart its functions and simplifies it."""
    import numpy as np
    from tensorflow import errors
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    size = sum(int(np.prod(variable.shape, dtype="int64")) * variable.dtype.size for variable in traced.variables)
    if size > LIMIT:
        reason = (
            f"its weights have {size / 1e9:.1f} GB, and TensorFlow makes graphs of at most 2 GB of a SavedModel or of "
            "Keras 2. Save the model of Keras 3 as h5 or keras, which has no such limit"
        )
        raise ConversionError(_TARGET, "the graph", reason)
    try:
        frozen = convert_variables_to_constants_v2(traced, lower_control_flow=False, aggressive_inlining=True)
    except (ValueError, TypeError, errors.OpError) as error:
        raise ConversionError(_TARGET, "the graph", f"its weights can't be put into it. {first_line(error)}") from error
    inputs = [_end(*ends) for ends in zip(input_names, frozen.inputs, traced.inputs, strict=False)]
    outputs = [_end(*ends) for ends in zip(output_names, frozen.outputs, traced.outputs, strict=True)]
    names = [tensor.op.name for tensor in frozen.inputs[len(inputs) :]]
    weights = dict(zip(names, beside, strict=False))
    graph = taken_out(Graph(frozen.graph.as_graph_def(), inputs, outputs, trial, weights))
    del frozen  # it has the weights a second time, where they were not lent
    return simplified(rewritten(graph, _TARGET, RULES, in_32_bits()))


def _end(name: str, tensor: Any, traced: Any) -> End:
    # Freezing loses the shapes of what XLA compiles.
    return End(name, tensor.name, tensor.dtype.as_datatype_enum, dimensions(traced.shape))
