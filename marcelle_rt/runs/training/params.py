"""What a run is made with: parameters, whatever people keep them in, and what its model is."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ...errors import InvalidData, MarcelleError
from ...foreign import pass_interrupt, shown
from ...notices import Notices
from ...utils import get_model_info, loss_name
from ...values import safe_keys, to_run
from . import frameworks

_NOTHING = object()
_NO_MODEL = (
    "is not a model of a framework that is known here (Keras, PyTorch, scikit-learn and the like); create_run takes "
    "the model first, and may have none"
)


def fields_of(params: Any) -> dict[Any, Any]:
    """The fields of what holds parameters: a mapping, a namespace, a dataclass, an object of a config library.

    Args:
        params: Whatever was given.

    Returns:
        Its fields; none of `None`, and what has no fields as one of the name `run_params`.
    """
    if params is None:
        return {}
    try:
        if isinstance(params, Mapping):
            return {key: _item(params, key) for key in params}
        if dataclasses.is_dataclass(params) and not isinstance(params, type):
            return {field.name: getattr(params, field.name, None) for field in dataclasses.fields(params)}
        if hasattr(params, "_asdict"):
            return dict(params._asdict())
        if not isinstance(params, type) and hasattr(params, "__dict__") and vars(params):
            return {name: value for name, value in vars(params).items() if not name.startswith("_")}
    except BaseException as error:  # other people's objects, whose methods raise what they like; their text is kept
        pass_interrupt(error)
    return {"run_params": params}


def _item(params: Mapping[Any, Any], key: Any) -> Any:
    try:
        return params[key]
    except BaseException as error:  # a config library raises for a value that is missing, and the others are there
        pass_interrupt(error)
        return f"<{type(error).__name__}>"


def written(tags: Any, group: Any, notes: Any) -> dict[str, Any]:
    """What people write about a run, as its document has it.

    Args:
        tags: Words, or `None`.
        group: A word, or `None`.
        notes: A text, or `None`.

    Raises:
        InvalidData: For something else.
    """
    if isinstance(tags, str) or not all(isinstance(tag, str) and tag.strip() for tag in tags or ()):
        raise InvalidData("tags", tags, "is not a list of words; use for example ['baseline']")
    for name, text in (("group", group), ("notes", notes)):
        if text is not None and not isinstance(text, str):
            raise InvalidData(name, text, "is not text; use for example 'sweep'")
    told = {"tags": list(dict.fromkeys(tags or ())), "group": group, "notes": notes}
    return {name: value for name, value in told.items() if value}


def params_of(params: Any) -> tuple[dict[str, Any], list[str]]:
    """Parameters as a run's document holds them; never raises.

    Args:
        params: Whatever was given.

    Returns:
        The fields, where one that JSON can't hold is its text and costs no other, and a sentence for each change.
    """
    remarks: list[str] = []
    fields = fields_of(params)
    if fields.get("run_params", _NOTHING) is params:
        example = "{'lr': 0.01}"
        remarks.append(f"run_params are names with values, as in {example}; what was given is kept as 'run_params'.")
    try:
        names = safe_keys(fields, "run_params", remarks)
    except BaseException as error:  # a key's own `str`
        pass_interrupt(error)
        return to_run({"run_params": repr(type(params))}, "run_params")[0], [
            f"run_params can't be read ({shown(error)})"
        ]
    plain = {}
    for key, value in fields.items():
        plain[names[key]], changed = to_run(value, f"run_params.{names[key]}")
        remarks += changed
    return plain, remarks


def model_info(model: Any, source: str, loss: Any, notices: Notices) -> dict[str, Any] | None:
    """What a run's document tells about its model.

    Args:
        model: The model.
        source: The framework's name.
        loss: The loss, a name or a function; the compiled model's if `None`.
        notices: What the user is told; nothing is raised into the training.
    """
    if isinstance(model, Mapping):
        notices.warn(
            "model", "create_run takes the model first, and was given a mapping there; did you mean run_params=...?"
        )
        return None
    try:
        framework = frameworks.framework_of(model)
        if framework is None and not hasattr(model, "layers"):
            raise InvalidData("model", model, _NO_MODEL)
        if framework in (None, frameworks.KERAS):
            info = get_model_info(model, source, loss)
        else:
            info = frameworks.model_info(model, loss_name(loss))
    except BaseException as error:  # a model's own `summary` may raise anything
        pass_interrupt(error)
        reason = error if isinstance(error, MarcelleError) else repr(error)
        notices.warn("model", f"The run tells nothing about its model: {reason}")
        return None
    plain: dict[str, Any] = to_run(info, "model")[0]
    return plain


def described(name: Any, source: Any, params: Any, model: Any, loss: Any, notices: Notices) -> dict[str, Any]:
    """What a run is made with, but for its start: its basename, its source, its parameters, its model.

    Args:
        name: The base name, whatever was given for one.
        source: The framework's name; see `source_of`.
        params: The parameters, whatever people keep them in.
        model: The model, if there is one.
        loss: The loss, a name or a function; the compiled model's if `None`.
        notices: What the user is told; nothing is raised into the training.
    """
    plain, remarks = params_of(params)
    for remark in remarks:
        notices.warn("params", remark)
    basename, framework = (to_run(text, "name")[0] for text in (name, frameworks.source_of(source, model)))
    run: dict[str, Any] = {"basename": str(basename), "source": framework, "params": plain}
    if model is not None and (info := model_info(model, source, loss, notices)) is not None:
        run["model"] = info
    return run
