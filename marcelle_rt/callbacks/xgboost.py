"""MarcelleCallback for XGBoost: its hooks, turned into a Writer's verbs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..runs.training.metrics import direction
from ..runs.writer import Writer
from .adapter_runs import AdapterRuns
from .block import Block
from .names import of_data_sets

if TYPE_CHECKING:

    class _Callback:
        def __init__(self) -> None: ...

else:
    try:
        from xgboost.callback import TrainingCallback as _Callback
    except ImportError as error:
        raise ImportError("This needs XGBoost: pip install 'marcelle-rt[boosting]'") from error

_SHRINKING = re.compile("nloglik|deviance|mphe|quantile|expectile")
"""Metrics of which less is better, and whose names are XGBoost's own, such as `gamma-nloglik`."""


class MarcelleCallback(Block, _Callback):
    """Stores XGBoost's trainings in a Marcelle backend and locally, while they go on: `train`, `cv` and estimators.

    Each is a run, a round is an epoch. The first metric of which less is better is `loss`, and `lossVal` for the
    data that it is validated with; in `cv` they are means. It can be cloned and pickled, as searches do.
    XGBoost tells nobody of an exception: such a run ends with the next one or with the program, or, as what it was, by
    `with MarcelleCallback(...) as callback:`.

    Example:
        >>> xgboost.train(params, data, 100, evals=[(data, "train")], callbacks=[MarcelleCallback("trees")])
    """

    def __init__(
        self, name: str, *, run_params: Mapping[str, Any] | None = None, rounds: int = 0, **options: Any
    ) -> None:
        """Prepares a callback; nothing is written or sent before a training begins.

        Args:
            name: The base name for the runs.
            run_params: Parameters of the runs, such as those that `train` gets.
            rounds: How many rounds are planned, which XGBoost does not tell.
            options: `writer`, a Writer of yours, or what `Writer` takes.

        Raises:
            MarcelleError: An option is not one of `Writer`'s, or one that it refuses.
        """
        super().__init__()
        self._runs = AdapterRuns(name, "xgboost", type(self), run_params, **options)
        self._rounds = rounds

    @property
    def writer(self) -> Writer:
        """The Writer that it records by."""
        return self._runs.writer

    def before_training(self, model: Any) -> Any:
        """Creates the run."""
        self._at_begin().begin(model, {}, self._rounds)
        return model

    def after_iteration(self, model: Any, epoch: int, evals_log: Mapping[str, Mapping[str, Any]]) -> bool:
        """Saves the round. XGBoost gives the arguments by these names."""
        logs = {data: {name: _last(values) for name, values in log.items()} for data, log in evals_log.items()}
        names = {name for metrics in logs.values() for name in metrics}
        shrinks = {name for name in names if direction(name) == "down" or _SHRINKING.search(name)}
        runs = self._here()
        runs.writer.save_epoch(epoch + 1 + runs.offset, of_data_sets(logs, shrinks), merge=True)
        return False

    def after_training(self, model: Any) -> Any:
        """Ends the run, and keeps which round was the best."""
        told = {name: model.attr(name) for name in ("best_iteration", "best_score")}  # texts, with early stopping
        best = {name: float(text) for name, text in told.items() if text is not None}
        runs = self._here()
        if best:
            runs.writer.update_summary(best)
        runs.end()
        return model


def _last(values: Any) -> Any:
    last = values[-1]
    return last[0] if isinstance(last, tuple) else last  # `cv` has a mean and a deviation
