"""The long form of the promises: trainings in processes of their own, faults at random moments, and a count of all.

Run by `scripts/soak`. Exits with 1 when anything was lost or is there twice.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from marcelle_rt import Remote, Uploader
from marcelle_rt.backend import Backend
from tests.support.proxy import Proxy
from tests.support.trainings.audit import NOTHING, Counts, audit
from tests.support.trainings.audited_training import Training

_KILLS_A_ROUND = 12
_NOBODY = "http://127.0.0.1:9"  # the port of `discard`: nobody listens there


@dataclass
class Row:
    """What a promise came to."""

    trials: int = 0
    kills: int = 0
    cuts: int = 0
    counts: Counts = field(default=NOTHING)


class Soak:
    """One round after the other, each with a backend of its own.

    Args:
        seed: What the random moments are drawn from.
    """

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.rows: dict[str, Row] = {name: Row() for name in TRIALS}

    def round(self, ends: float) -> None:
        """Tries each row, those with kills the more often."""
        base = Path(tempfile.mkdtemp(prefix="marcelle-soak-"))
        names = [*TRIALS, *[name for name in TRIALS if "killed at" in name] * (_KILLS_A_ROUND - 1)]
        self.draw.shuffle(names)
        with Backend(data=base / "backend") as backend:
            for name in names:
                if time.monotonic() > ends:
                    break
                row = self.rows[name]
                row.trials += 1
                counts = TRIALS[name](self, row, backend, base)
                row.counts += counts
                if counts.duplicated or counts.lost:
                    print(f"\n{name}: {counts}; the folders are kept in {base}", flush=True)
                print("x" if counts.duplicated or counts.lost else ".", end="", flush=True)
        if not any(row.counts.duplicated or row.counts.lost for row in self.rows.values()):
            shutil.rmtree(base)

    def start(self, url: str, base: Path, epochs: int = 200, **options: object) -> Training:
        """A training with a checkpoint and an asset each 20 epochs."""
        pause = self.draw.choice([0.0, 0.002, 0.01])
        return Training(url, base, uuid.uuid4().hex, (1, epochs + 1), **{"files": 20, "pause": pause, **options})  # type: ignore[arg-type]

    def finished(self, training: Training, backend: Backend) -> Counts:
        """Waits for a training's end, and counts."""
        directory = training.wait(300)
        return audit(backend, directory, training.saved, training.files_saved)

    def sometime(self, most: float) -> None:
        """Waits for a random moment."""
        time.sleep(self.draw.uniform(0.0, most))


def killed_then_uploaded(soak: Soak, row: Row, backend: Backend, base: Path) -> Counts:
    with soak.start(backend.url, base, 100_000) as training:
        training.hear_of(1)
        soak.sometime(0.8)
        directory = training.kill()
    row.kills += 1
    assert directory is not None
    with Remote(backend.url) as remote:
        Uploader(remote).upload(directory)
    return audit(backend, directory, training.saved, training.files_saved)


def killed_then_resumed(soak: Soak, row: Row, backend: Backend, base: Path) -> Counts:
    with soak.start(backend.url, base, 100_000) as training:
        training.hear_of(30)
        soak.sometime(0.5)
        directory = training.kill()
    row.kills += 1
    first = soak.draw.randint(1, training.saved[-1] + 1)
    last = first + 60
    with Training(backend.url, base, "", (first, last + 1), files=20, resume=directory) as again:
        directory = again.wait(300)
    return audit(backend, directory, range(1, last + 1), 2 * (last // 20))


def cut_at_random(soak: Soak, row: Row, backend: Backend, base: Path) -> Counts:
    with Proxy(backend.url) as proxy, soak.start(proxy.url, base, pause=0.01) as training:
        training.hear_of(1)
        for _ in range(soak.draw.randint(1, 4)):
            soak.sometime(0.5)
            proxy.refuse()
            soak.sometime(1.0)
            proxy.allow()
        counts = soak.finished(training, backend)
        row.cuts += proxy.cuts
    return counts


def one_frame_in_a_hundred(soak: Soak, row: Row, backend: Backend, base: Path) -> Counts:
    with Proxy(backend.url, seed=soak.draw.randrange(10**6)) as proxy:
        proxy.chance = 0.01
        with soak.start(proxy.url, base, 400, pause=0.01) as training:
            counts = soak.finished(training, backend)
        row.cuts += proxy.cuts
    return counts


def answers_lost(soak: Soak, row: Row, backend: Backend, base: Path) -> Counts:
    answers = [b'"params":', b'"status":"epoch"', b'"tfjsModelFormat"', b'"url":"', b'"model.json","', b'.png"}']
    with Proxy(backend.url) as proxy:
        for answer in soak.draw.sample(answers, 3):
            proxy.lose(answer, soak.draw.randint(1, 2))
        with soak.start(proxy.url, base) as training:
            counts = soak.finished(training, backend)
        row.cuts += proxy.cuts
    return counts


def half_open(soak: Soak, row: Row, backend: Backend, base: Path) -> Counts:
    with Proxy(backend.url) as proxy, soak.start(proxy.url, base, pause=0.01) as training:
        training.hear_of(1)
        soak.sometime(0.5)
        proxy.hold(answers=soak.draw.random() < 0.5)
        training.hear_of(training.saved[-1] + 5)
        directory = training.kill()
        row.kills += 1
        first = training.saved[-1] + 1
        with Training(backend.url, base, "", (first, first + 40), files=20, resume=directory) as again:
            directory = again.wait(300)
        proxy.release()
        time.sleep(0.3)
        row.cuts += 1
    return audit(backend, directory, range(1, first + 40), training.files_saved + again.files_saved)


def slow_line(soak: Soak, row: Row, backend: Backend, base: Path) -> Counts:
    with Proxy(backend.url) as proxy:
        proxy.delay = 0.15  # each way
        with soak.start(proxy.url, base, 100) as training:
            return soak.finished(training, backend)


def backend_killed(soak: Soak, row: Row, backend: Backend, base: Path) -> Counts:
    with soak.start(backend.url, base, pause=0.01) as training:
        training.hear_of(1)
        soak.sometime(1.0)
        assert backend.process is not None
        backend.process.kill()
        backend.stop()
        row.kills += 1
        soak.sometime(1.0)
        backend.start()
        return soak.finished(training, backend)


def backend_comes_late(soak: Soak, row: Row, backend: Backend, base: Path) -> Counts:
    with Proxy(backend.url) as proxy:
        proxy.refuse()
        with soak.start(proxy.url, base, pause=0.01) as training:
            training.hear_of(1)
            soak.sometime(1.5)
            proxy.allow()
            return soak.finished(training, backend)


def backend_never_comes(soak: Soak, row: Row, backend: Backend, base: Path) -> Counts:
    with soak.start(_NOBODY, base, finish_timeout=0.1) as training:
        directory = training.wait(300)
    with Remote(backend.url) as remote:
        Uploader(remote).upload(directory)
    return audit(backend, directory, training.saved, training.files_saved)


def two_at_once(soak: Soak, row: Row, backend: Backend, base: Path) -> Counts:
    with soak.start(backend.url, base) as one, soak.start(backend.url, base) as other:
        return soak.finished(one, backend) + soak.finished(other, backend)


Trial = Callable[[Soak, Row, Backend, Path], Counts]

TRIALS: dict[str, Trial] = {
    "killed at a random moment, then uploaded": killed_then_uploaded,
    "killed at a random moment, then resumed": killed_then_resumed,
    "line cut at random moments": cut_at_random,
    "1 % of frames cut": one_frame_in_a_hundred,
    "answers lost after the write": answers_lost,
    "half-open line, released after the run went on": half_open,
    "300 ms latency": slow_line,
    "backend killed and started again": backend_killed,
    "backend comes late": backend_comes_late,
    "backend never comes, then upload": backend_never_comes,
    "two processes at once": two_at_once,
}


def table(rows: dict[str, Row]) -> str:
    """The rows and their sum, as Markdown."""
    total = Row()
    for row in rows.values():
        total.trials += row.trials
        total.kills += row.kills
        total.cuts += row.cuts
        total.counts += row.counts
    lines = [
        "| row | runs | kills | cuts | sent | journaled | on server | duplicated | lost |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, row in {**rows, "**all**": total}.items():
        cells = (row.trials, row.kills, row.cuts, *row.counts)
        lines.append(f"| {name} | " + " | ".join(f"{cell:,}" for cell in cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Soaks, and prints the table."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("minutes", nargs="?", type=float, default=10.0, help="how long (10)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="repeats a run's random moments")
    options = parser.parse_args()
    print(f"{date.today()}: {options.minutes:g} minutes, seed {options.seed}; a dot is a trial", flush=True)
    soak = Soak(options.seed)
    ends = time.monotonic() + 60 * options.minutes
    try:
        while time.monotonic() < ends:
            soak.round(ends)
    except KeyboardInterrupt:
        pass
    print(f"\n\nEpochs and files that were\n\n{table(soak.rows)}", flush=True)
    counts = [row.counts for row in soak.rows.values()]
    sys.exit(any(count.duplicated or count.lost for count in counts))


if __name__ == "__main__":
    main()
