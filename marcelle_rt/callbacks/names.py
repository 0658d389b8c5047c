"""Names of metrics as Marcelle's components expect them. Pure.

Stock components draw `loss`, `lossVal`, `accuracy` and `accuracyVal`, a live plot draws nothing at all where the first
metric of a run is another, and each metric is a chart of its own: so the known ones get their names and come first,
what is hardly ever looked at comes last, and what frameworks log for themselves is left out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

LOSSES = frozenset(("loss", "lossVal"))
_KNOWN = ("loss", "lossVal", "accuracy", "accuracyVal")
_BASES = {"loss": "loss", "acc": "accuracy", "accuracy": "accuracy"}
_TRAIN = ("train", "training", "learn")
_VALIDATION = ("val", "valid", "validation", "eval", "dev")
_SIDE = re.compile(rf"(?P<side>{'|'.join((*_TRAIN, *_VALIDATION))})[_/\-](?P<base>.+)")
_LAST = re.compile(r"learning_rate|lr([_\-/].*)?|grad_norm|weight_decay|momentum")
_NOISE = re.compile(
    r"epoch|step|dur|(train|valid)_batch_count|event_.*|.*_best|total_flos|hp_metric|num_input_tokens_seen"
    r"|.*_(runtime|samples_per_second|steps_per_second|model_preparation_time)"
)


def for_dashboards(logs: Mapping[str, Any], keep: Collection[str] = ()) -> dict[str, Any]:
    """An epoch's logs under the names that dashboards know, in the order that they want.

    `val_loss`, `eval/loss` and their like become `lossVal`, `train_acc` becomes `accuracy`, `f1_epoch` becomes `f1`.
    What has a name of its own keeps it.

    Args:
        logs: The logs, as a framework gives them.
        keep: Names that stay as they are, because somebody has named them.
    """
    named: dict[str, Any] = {}
    for name, value in logs.items():
        if name in keep:
            named[name] = value
        elif not _NOISE.fullmatch(name) and not _is_said_again(name, logs):
            wanted = dashboard_name(name)
            named[wanted if wanted not in named and (wanted == name or wanted not in logs) else name] = value
    return known_first(named, {})


def known_first(logs: Mapping[str, Any], rename: Mapping[str, str]) -> dict[str, Any]:
    """An epoch's logs in the order that dashboards want.

    Args:
        logs: The logs, as a framework gives them.
        rename: The names that they will get.
    """
    return dict(sorted(logs.items(), key=lambda item: _rank(str(rename.get(item[0], item[0])))))


def dashboard_name(name: str) -> str:
    """The name that dashboards know a metric by."""
    whole = name.removesuffix("_epoch")
    match = _SIDE.fullmatch(whole)
    side, base = (match["side"], match["base"]) if match else ("", whole)
    known = _BASES.get(base)
    if known is None:
        return whole
    return f"{known}Val" if side in _VALIDATION else known


def of_data_sets(logs: Mapping[str, Mapping[str, Any]], shrinks: Iterable[str]) -> dict[str, Any]:
    """What a booster tells of its data sets in one round, under the names that dashboards know.

    Args:
        logs: For each data set its metrics. With two or more, the one that is called as what is trained on, or else
            the first, is taken for that; the next is what it is validated with.
        shrinks: The metrics of which less is better: the first one is `loss`, and `lossVal`.
    """
    trained = next((name for name in logs if name.startswith(_TRAIN)), None)
    if trained is None and len(logs) > 1:
        trained = next(iter(logs))
    validated = next((name for name in logs if name != trained), None)
    falling = set(shrinks)
    named: dict[str, Any] = {}
    for name, metrics in logs.items():
        loss = next((metric for metric in metrics if metric in falling), None)
        for metric, value in metrics.items():
            known = {trained: "loss", validated: "lossVal"}.get(name) if metric == loss else None
            named[known or f"{name}-{metric}"] = value
    return dict(sorted(named.items(), key=lambda item: _rank(item[0])))


def _is_said_again(name: str, logs: Mapping[str, Any]) -> bool:
    """Whether another entry tells the same, or more: Lightning gives one metric as `f1`, `f1_step` and `f1_epoch`."""
    base = name.removesuffix("_step").removesuffix("_epoch")
    if name.endswith("_step"):
        return base in logs or f"{base}_epoch" in logs
    return name.endswith("_epoch") and base in logs


def _rank(name: str) -> int:
    if name in _KNOWN:
        return _KNOWN.index(name)
    return len(_KNOWN) + bool(_LAST.fullmatch(name))
