"""One trial: what it draws from, what it adds to its row, and the steps that many have in common."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from marcelle_rt import Remote, Uploader
from marcelle_rt.backend import Backend
from tests.support.trainings.audit import NOTHING, Counts, audit
from tests.support.trainings.audited_training import Training
from tests.support.trainings.claims import Claims, claims
from tests.support.trainings.misfortunes import Misfortunes
from tests.support.trainings.patient import patient_store


@dataclass
class Row:
    """What a promise came to.

    Attributes:
        runs: How many trainings there were.
        kills: How many processes were ended from outside, by whatever signal.
        cuts: How many connections were broken.
        counts: Epochs and files.
        claims: What the trainings were told.
        sent_later: How many were told at their end that not all was there, and were uploaded.
    """

    runs: int = 0
    kills: int = 0
    cuts: int = 0
    counts: Counts = field(default=NOTHING)
    claims: Claims = field(default=Claims(0, 0))
    sent_later: int = 0

    def __add__(self, other: Row) -> Row:
        return Row(
            self.runs + other.runs,
            self.kills + other.kills,
            self.cuts + other.cuts,
            self.counts + other.counts,
            self.claims + other.claims,
            self.sent_later + other.sent_later,
        )

    @property
    def is_right(self) -> bool:
        """Whether nothing was lost, doubled or said wrongly."""
        return not (self.counts.lost or self.counts.duplicated or self.claims.wrong)


class Trial:
    """What one trial works with.

    Args:
        draw: What random moments are drawn from.
        backend: The backend.
        base: Where folders of runs are made.

    Attributes:
        row: What it came to.
    """

    def __init__(self, draw: random.Random, backend: Backend, base: Path) -> None:
        self.draw = draw
        self.backend = backend
        self.base = base
        self.row = Row()

    def start(self, url: str, epochs: int = 200, **options: Any) -> Training:
        """A training with a checkpoint and an asset each 20 epochs, and a flush each 15."""
        self.row.runs += 1
        given = {"files": 20, "flushes": 15, "pause": self.draw.choice([0.0, 0.002, 0.01]), **options}
        return Training(url, self.base, uuid.uuid4().hex, (1, epochs + 1), **given)

    def go_on(self, url: str, directory: Path, first: int, count: int, **options: Any) -> Training:
        """A training that goes on with a run."""
        self.row.runs += 1
        given = {"files": 20, "flushes": 15, "resume": directory, **options}
        return Training(url, self.base, "", (first, first + count), **given)

    def misfortunes(self, **fate: Any) -> Misfortunes:
        """What befalls a training."""
        return Misfortunes(seed=self.draw.randrange(10**6), **fate)

    def sometime(self, most: float) -> None:
        """Waits for a random moment."""
        time.sleep(self.draw.uniform(0.0, most))

    def kill(self, training: Training) -> Path:
        """`kill -9`; checks what it was told, and returns the folder."""
        directory = training.kill()
        self.row.kills += 1
        assert directory is not None
        self.check(training)
        return directory

    def check(self, training: Training) -> None:
        """Holds what a training was told against what is there."""
        found = claims(self.backend, training)
        self.row.claims += found
        if found.wrong:
            print(f"\nsaid wrongly: {training.flushed=} {training.final=} {training.directory}", flush=True)

    def finish(self, training: Training) -> None:
        """Waits for a training's end, checks what it was told, sends what it says is missing, and counts."""
        directory = training.wait(900)
        self.check(training)
        assert training.final is not None
        if not training.final[1]:
            self.row.sent_later += 1
            self.upload(directory)
        self.count(directory, training.saved, training.files_saved)

    def upload(self, directory: Path) -> None:
        """What `marcelle-rt upload` does."""
        with patient_store(self.backend.url) as store, Remote(store) as remote:
            Uploader(remote).upload(directory)

    def count(self, directory: Path, saved: Iterable[int], files_saved: int = 0) -> None:
        """Counts what became of a run."""
        self.row.counts += audit(self.backend, directory, list(saved), files_saved)


Act = Callable[[Trial], None]
