"""Small changes to an ONNX graph."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def rename(graph: Any, old: str, new: str) -> None:
    """Gives a tensor another name, everywhere in the graph and in what its loops and branches take from it.

    Args:
        graph: A `GraphProto`; it is changed.
        old: The tensor's name.
        new: Its name from now on; a tensor that has it already gets another one.
    """
    if old == new:
        return
    if new in names(graph):
        _rename(graph, new, free_name(graph, new))
    _rename(graph, old, new)


def _rename(graph: Any, old: str, new: str) -> None:
    for node in graph.node:
        for tensors in (node.input, node.output):
            for place, name in enumerate(tensors):
                if name == old:
                    tensors[place] = new
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                _rename(inner, old, new)
    for item in (*graph.initializer, *graph.input, *graph.output, *graph.value_info):
        if item.name == old:
            item.name = new


def names(graph: Any) -> set[str]:
    """The names of all tensors of a graph."""
    items = (*graph.initializer, *graph.input, *graph.output, *graph.value_info)
    return {item.name for item in items} | {name for node in graph.node for name in (*node.input, *node.output)}


def all_nodes(graph: Any) -> list[Any]:
    """All nodes, those within loops and branches included."""
    found = []
    for node in graph.node:
        found.append(node)
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                found += all_nodes(inner)
    return found


def all_tensors(graph: Any) -> list[Any]:
    """The tensors that a graph holds: its weights, its constants, and those within loops and branches."""
    found = list(graph.initializer)
    for node in graph.node:
        for attribute in node.attribute:
            found += [*attribute.tensors, *([attribute.t] if attribute.HasField("t") else [])]
            for inner in (attribute.g, *attribute.graphs):
                found += all_tensors(inner)
    return found


def names_within(node: Any) -> set[str]:
    """The names of all tensors in the branches and loops of a node, those of the graph around it included."""
    inner = [graph for attribute in node.attribute for graph in (attribute.g, *attribute.graphs)]
    parts = [part for graph in inner for part in graph.node]
    outputs = {output.name for graph in inner for output in graph.output}
    return outputs.union(*({*part.input} | names_within(part) for part in parts))


def free_name(graph: Any, wish: str) -> str:
    """A name like the wished one that no tensor has."""
    taken, number = names(graph), 2
    while f"{wish}_{number}" in taken:
        number += 1
    return f"{wish}_{number}"


def keep_only(items: Any, kept: Iterable[Any]) -> None:
    """Leaves those of a repeated field's items that are given."""
    copies = [type(item).FromString(item.SerializeToString()) for item in kept]
    del items[:]
    items.extend(copies)


def attributes(node: Any) -> dict[str, Any]:
    """A node's attributes as Python's values."""
    from onnx import helper

    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def shape_of(value: Any) -> list[int | None]:
    """The dimensions of an input or an output; `None` where they are open."""
    dimensions = value.type.tensor_type.shape.dim
    return [dimension.dim_value if dimension.HasField("dim_value") else None for dimension in dimensions]
