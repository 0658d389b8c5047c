"""Runs as tables: pandas DataFrames of many runs, and of one run's epochs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..client.service import NOTHING
from ..errors import InvalidData
from ..runs.folder import reading
from . import facts
from .series import numbers

if TYPE_CHECKING:
    import pandas as pd

    from ..client.data_store import DataStore

_TEXTS = ("name", "basename", "status", "outcome")
_COUNTS = ("epoch", "epochs", "checkpoints")


def runs_frame(store: DataStore, query: Mapping[str, Any] = NOTHING) -> pd.DataFrame:
    """The runs of a backend as a table, one row per run, in the order of their start.

    Args:
        store: The backend.
        query: Which runs, as for `Service.items`. What `$select` leaves out is missing in the table.

    Returns:
        A DataFrame with the runs' `_id` as its index. Its columns: `name`, `basename`, `status`, `outcome`
        (`"stopped"` or `"pruned"` of a success that ended early), `start` (a time in UTC), `duration` (of runs that
        have ended, and came to the backend as they went on), `epoch`, `epochs`, `checkpoints` (how many), for each
        parameter `params.<name>` (`params.<outer>.<inner>` where they are nested), and for each metric `<metric>`,
        its last number, and `<metric>.best`: the greatest where the name is that of something that should grow, like
        an accuracy, else the least. A metric that has the name of another column becomes `logs.<metric>`. What a run
        does not have, or has in another shape, is missing there.

    Raises:
        ImportError: pandas is not installed.
        MarcelleError: As `Service.find`.
    """
    pd = _pandas()
    rows: list[dict[str, Any]] = []
    ids: list[Any] = []
    params: set[str] = set()
    metrics: dict[str, str] = {}
    for run in store.service("runs").items(query):
        row = _facts(run)
        chosen = facts.flat(run.get("params"), "params.")
        params.update(chosen)
        for metric, values in facts.logs_of(run).items():
            name = metrics.setdefault(metric, f"logs.{metric}" if metric in _FIXED else metric)
            row[name] = facts.last(values)
            found = facts.best(metric, values)
            row[f"{name}.best"] = found and found.value
        rows.append({**row, **chosen})
        ids.append(run.get("_id"))
    frame = pd.DataFrame(rows, index=pd.Index(ids, name="_id", dtype=object))
    scores = [column for name in metrics.values() for column in (name, f"{name}.best")]
    frame = frame.reindex(columns=[*_FIXED, *sorted(params), *scores])
    for column in _TEXTS:
        frame[column] = frame[column].astype(object)
    for column in _COUNTS:
        frame[column] = frame[column].astype("Int64")
    for column in scores:
        frame[column] = frame[column].astype(float)
    frame["start"] = pd.to_datetime(frame["start"], errors="coerce", utc=True, format="ISO8601")
    frame["duration"] = pd.to_timedelta(frame["duration"].astype(float), unit="s")
    return frame.sort_values("start", kind="stable")


def history_frame(run: Mapping[str, Any] | str | os.PathLike[str]) -> pd.DataFrame:
    """The epochs of one run as a table, one row per epoch.

    Args:
        run: A run's document, as a service or a watch gives it, or the path of a run's folder.

    Returns:
        A DataFrame with a column of floats for each metric, NaN where an epoch has no number. Its index is the
        number of the epoch. A folder knows the numbers; a document tells them where they are not consecutive, and else
        knows the last one, from which they are counted back, or from 1 on where it doesn't.

    Raises:
        ImportError: pandas is not installed.
        RunFolderError: The folder does not exist, or holds no run.
        InvalidData: `run` is neither of the two.
    """
    pd = _pandas()
    if isinstance(run, (str, os.PathLike)):
        recorded, _ = reading.read(Path(run))
        document: Mapping[str, Any] = recorded.document()
        epochs: Sequence[int] = recorded.epochs
    elif isinstance(run, Mapping):
        document, epochs = run, ()
    else:
        raise InvalidData("run", run, "is neither a run's document nor the path of its folder")
    columns = {metric: numbers(values) for metric, values in facts.logs_of(document).items()}
    length = max(map(len, columns.values()), default=0)
    if len(epochs) != length:
        epochs = facts.epoch_numbers(document, length)
    padded = {
        metric: np.concatenate([values, np.full(length - len(values), np.nan)]) for metric, values in columns.items()
    }
    return pd.DataFrame(padded, index=pd.Index(epochs, name="epoch", dtype="int64"))


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as error:
        raise ImportError("DataFrames need pandas: pip install 'marcelle-rt[pandas]'") from error
    return pandas


_FIXED = ("name", "basename", "status", "outcome", "start", "duration", "epoch", "epochs", "checkpoints")


def _facts(run: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {field: _of(str, run.get(field)) for field in (*_TEXTS, "start")}
    row.update({field: _of(int, run.get(field)) for field in ("epoch", "epochs")})
    checkpoints = run.get("checkpoints")
    return {
        **row,
        "checkpoints": len(checkpoints) if isinstance(checkpoints, list) else None,
        "duration": facts.seconds_of(run),
    }


def _of(kind: type, value: Any) -> Any:
    return value if type(value) is kind else None
