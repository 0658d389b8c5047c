"""marcelle_callback for LightGBM: a function that it calls after each round, over a Writer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..runs.writer import Writer
from .adapter_runs import AdapterRuns
from .block import Block
from .names import of_data_sets


class marcelle_callback(Block):  # noqa: N801 - LightGBM's own callbacks are called like functions
    """Stores LightGBM's trainings in a Marcelle backend and locally, while they go on: `train`, `cv` and estimators.

    Each is a run, a round is an epoch. The first metric of which less is better is `loss`, and `lossVal` for the
    data that it is validated with; in `cv` they are means. LightGBM tells nobody that a training has stopped early:
    such a run ends with the next one or with the program, or by `with marcelle_callback(...) as callback:`.

    Example:
        >>> lightgbm.train(params, data, valid_sets=[data], callbacks=[marcelle_callback("trees")])
    """

    order = 20  # after what changes parameters, and before early stopping, which ends a round for all who come later
    before_iteration = False

    def __init__(self, name: str, *, run_params: Mapping[str, Any] | None = None, **options: Any) -> None:
        """Prepares a callback; nothing is written or sent before a training begins.

        Args:
            name: The base name for the runs.
            run_params: Parameters of the runs, besides LightGBM's.
            options: `writer`, a Writer of yours, or what `Writer` takes.

        Raises:
            MarcelleError: An option is not one of `Writer`'s, or one that it refuses.
        """
        super().__init__()
        self._runs = AdapterRuns(name, "lightgbm", type(self), run_params, **options)

    @property
    def writer(self) -> Writer:
        """The Writer that it records by."""
        return self._runs.writer

    def __call__(self, env: Any) -> None:
        """Saves the round."""
        is_first = env.iteration == env.begin_iteration
        runs = self._at_begin() if is_first else self._here()
        if is_first:
            if runs.is_mine:
                runs.end("stopped", "the training ended before its last round")
            runs.begin(env.model, env.params, env.end_iteration - env.begin_iteration)
        logs: dict[str, dict[str, Any]] = {}
        shrinks = set()
        for data, metric, value, is_higher_better, *_ in env.evaluation_result_list or ():
            if data == "cv_agg":  # a mean, of `cv`: "valid binary_logloss"
                data, metric = metric.split(" ", 1)
            logs.setdefault(data, {})[metric] = value
            if not is_higher_better:
                shrinks.add(metric)
        number = env.iteration - env.begin_iteration + 1 + runs.offset
        runs.writer.save_epoch(number, of_data_sets(logs, shrinks), merge=True)
        if env.iteration + 1 == env.end_iteration:
            runs.end()
