"""The versions of ONNX that the runtimes of pages load.

`@marcellejs/core` 0.6 asks for onnxruntime-web 1.15 or later. Measured: 1.15.1 loads operators of version 18 and of
`ai.onnx.ml` 3, in a file of version 8; it answers anything newer with a bare number.
"""

from __future__ import annotations

from typing import Any

from ..reasons import first_line
from .comparing import settle_comparisons
from .graphs import all_nodes, all_tensors
from .rounding import settle_pools
from .wrapping import settle_wraps

IR_VERSION = 8
OPSETS = {"": 18, "ai.onnx.ml": 3}

_NEW_TYPES = 17
"""The highest number of an element's type in files of version 8; float8 and int4 came later."""


def lower(model: Any) -> list[str]:
    """Declares a model in versions that older runtimes load too, as far as it means the same in them.

    Args:
        model: A `ModelProto`; it is changed.

    Returns:
        A sentence for what stays too new; what was lowered changes no prediction, and isn't told.
    """
    _inline(model)
    _merge_opsets(model)
    remarks = []
    for domain, wanted in OPSETS.items():
        opset = next((opset for opset in model.opset_import if (opset.domain or "") == domain), None)
        if opset is None or opset.version <= wanted:
            continue
        found = opset.version
        reason = _lower_opset(model, opset, wanted)
        if reason:
            remarks.append(
                f"it uses version {found} of {domain or 'ONNX'}'s operators, which onnxruntime-web loads from about "
                f"{_FIRST_RUNTIME} on ({reason}); for older pages export it with opset {wanted}"
            )
    if model.ir_version > IR_VERSION and not any(item.data_type > _NEW_TYPES for item in all_tensors(model.graph)):
        model.ir_version = IR_VERSION
    return remarks


_FIRST_RUNTIME = "1.18"


def mend(model: Any) -> list[str]:
    """Mends what the oldest runtime that pages may have computes wrongly, or lacks.

    Args:
        model: A `ModelProto`; it is changed.

    Returns:
        A sentence for what can't be mended.
    """
    settle_comparisons(model)
    told = []
    if rounded_up := settle_pools(model):
        told.append(
            f"onnxruntime-web 1.15 computes the averages of windows that reach over the edge wrongly "
            f"({', '.join(rounded_up)}), and 1.30 rightly; write their pads as numbers, and not as auto_pad, "
            "use pools without ceil_mode, or give the page a newer one"
        )
    if wraps := settle_wraps(model):
        told.append(
            f"onnxruntime-web 1.15 has no padding that wraps around ({', '.join(wraps)}), and does not load it; pad by "
            "fixed numbers, or give the page a newer one"
        )
    return told


def _inline(model: Any) -> None:
    """Puts what a file's own functions do in the place of their calls: they have versions of their own."""
    if model.functions:
        from onnx import inliner

        model.CopyFrom(inliner.inline_local_functions(model))


def _merge_opsets(model: Any) -> None:
    """Lists each domain once, where skl2onnx can list one twice."""
    highest: dict[str, int] = {}
    for opset in model.opset_import:
        domain = "" if opset.domain == "ai.onnx" else opset.domain
        highest[domain] = max(opset.version, highest.get(domain, 0))
    del model.opset_import[:]
    highest.setdefault("", OPSETS[""])  # CatBoost names its own domain alone, and what is added here has the other
    for domain, version in highest.items():
        model.opset_import.add(domain=domain, version=version)


def _lower_opset(model: Any, opset: Any, wanted: int) -> str | None:
    """Lowers the version of one domain's operators; returns why it can't, or `None`."""
    newer = {node.op_type for node in all_nodes(model.graph) if _is_newer(node, opset, wanted)}
    if not newer:
        opset.version = wanted
        return None
    if opset.domain:
        return f"{', '.join(sorted(newer))} changed since"
    from onnx import checker, version_converter

    try:
        lowered = version_converter.convert_version(model, wanted)
        checker.check_model(lowered)
    except Exception as error:
        # The converter is C++, and raises RuntimeErrors for whatever it can't step down.
        why = first_line(error).rpartition("failed: ")[2]  # behind the place in its source
        return f"{', '.join(sorted(newer))} can't be stepped down: {why}"
    model.CopyFrom(lowered)
    return None


def _is_newer(node: Any, opset: Any, wanted: int) -> bool:
    """Whether an operator has changed between the wanted version and the one that the file declares."""
    from onnx import defs

    if (node.domain or "").replace("ai.onnx.ml", "ml") != (opset.domain or "").replace("ai.onnx.ml", "ml"):
        return False
    try:
        return bool(defs.get_schema(node.op_type, opset.version, node.domain).since_version > wanted)
    except defs.SchemaError:  # an operator that this package does not know; nothing can be said of it
        return True
