"""RunSettings: what all runs of a Writer have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from ... import config
from ...notices import Notices, logger
from ..remote.destination import Destination
from ..training import metrics

if TYPE_CHECKING:
    from ..alerts.webhook import Webhook


@dataclass(frozen=True)
class RunSettings:
    """What all runs of a Writer have in common.

    Attributes:
        disabled: Nothing is recorded at all.
        destination: Where runs are sent; `None` for the folder alone.
        remote_format: The format of models on a backend.
        rename: Names for metrics, as a dashboard wants them.
        measure: Measure the machine while a run is open.
        webhook: The URL that alerts are posted to; a secret.
        finish_timeout: How long the process's exit waits for the backend, in seconds.
        clock: Monotonic seconds, for the pauses between two messages and two attempts.
    """

    disabled: bool = False
    destination: Destination | None = None
    remote_format: str = "tfjs"
    rename: Mapping[str, str] = field(default_factory=dict)
    measure: bool = False
    webhook: str | None = field(default=None, repr=False)
    finish_timeout: float = config.FINISH_TIMEOUT
    clock: Callable[[], float] = monotonic

    @classmethod
    def of(
        cls,
        mode: str,
        destination: Destination | None,
        remote_format: str,
        rename: Mapping[str, str] | None,
        measure: bool,
    ) -> RunSettings:
        """The settings that a Writer's parameters and `$MARCELLE_MODE` give together."""
        is_online = mode == "online"
        if mode == "disabled":
            text = "nothing is recorded here, in process %d of the training; MARCELLE_MODE=online records each"
            logger.info(text, config.rank())
        return cls(
            disabled=mode == "disabled",
            destination=destination if is_online else None,
            remote_format=remote_format,
            rename=metrics.checked_names(rename),
            measure=measure and mode != "disabled",
            webhook=config.webhook() if is_online else None,
        )

    def open_webhook(self, notices: Notices) -> Webhook | None:
        """What posts a run's alerts, if they are posted."""
        if self.webhook is None:
            return None
        from ..alerts.webhook import Webhook  # brings in urllib's HTTP, which hardly anybody needs here

        return Webhook(self.webhook, notices)
