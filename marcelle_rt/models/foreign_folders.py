"""SavedModels that run code when they are merely read.

TensorFlow creates and initializes what a SavedModel keeps beside its weights, and lets it restore itself, by functions
of the model's own, which can write files. Models that are only numbers have none, and others can't be carried over.
"""

from __future__ import annotations

from pathlib import Path

from ..errors import ConversionError

_RUN_AT_ONCE = ("_create_resource", "_initialize", "_destroy_resource")


def refuse_code(folder: Path, target: str) -> None:
    """Refuses a SavedModel of which reading would run something.

    Args:
        folder: A SavedModel's folder; TensorFlow says what is wrong with one that can't be read.
        target: What it was to become, for the message.

    Raises:
        ConversionError: It has functions that are run when it is read, or is of TensorFlow 1.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    file = folder / "saved_model.pb"
    saved = SavedModel()
    try:
        saved.ParseFromString(file.read_bytes())
    except FileNotFoundError:
        if (folder / "saved_model.pbtxt").exists():
            raise ConversionError(target, str(folder), "it is written as text. Export it with Keras") from None
        return
    except DecodeError as error:
        raise ConversionError(target, str(folder), "it can't be read as a SavedModel; it is damaged") from error
    for graph in saved.meta_graphs:
        if not graph.HasField("object_graph_def"):
            reason = "it is of TensorFlow 1, which runs code of the model when it is read. Export it with Keras"
            raise ConversionError(target, str(folder), reason)
        for node in graph.object_graph_def.nodes:
            names = {child.local_name for child in node.children}.intersection(_RUN_AT_ONCE)
            if names or node.saveable_objects:
                raise ConversionError(
                    target,
                    str(folder),
                    f"it runs code of its own when it is read ({', '.join(sorted(names)) or 'to restore itself'}), as "
                    "tables of words do. Export a model of the layers that follow",
                )
