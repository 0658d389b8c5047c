"""Lines that break, are slow, or pass only some of what is sent."""

from __future__ import annotations

import contextlib
import time

from tests.scenarios.soak.trial import Act, Trial
from tests.support.proxy import Proxy

_STORM = 40.0  # seconds
_WRITERS = 8


def cut_at_random(trial: Trial) -> None:
    with Proxy(trial.backend.url) as proxy, trial.start(proxy.url, pause=0.01) as training:
        training.hear_of(1)
        for _ in range(trial.draw.randint(1, 4)):
            trial.sometime(0.5)
            proxy.refuse()
            trial.sometime(1.0)
            proxy.allow()
        trial.finish(training)
        trial.row.cuts += proxy.cuts


def one_frame_in_a_hundred(trial: Trial) -> None:
    with Proxy(trial.backend.url, seed=trial.draw.randrange(10**6)) as proxy:
        proxy.chance = 0.01
        with trial.start(proxy.url, 400, pause=0.01) as training:
            trial.finish(training)
        trial.row.cuts += proxy.cuts


def storm(trial: Trial) -> None:
    """Several writers behind one line: 1 to 30 % of frames are cut, and all connections several times a second."""
    with Proxy(trial.backend.url, seed=trial.draw.randrange(10**6)) as proxy, contextlib.ExitStack() as stack:
        options = {"pause": 0.03, "files": 100, "flushes": 100, "finish_timeout": 120.0}
        trainings = [stack.enter_context(trial.start(proxy.url, 800, **options)) for _ in range(_WRITERS)]
        proxy.chance = trial.draw.choice([0.01, 0.05, 0.1, 0.2, 0.3])
        end = time.monotonic() + _STORM
        while time.monotonic() < end:
            trial.sometime(0.4)
            proxy.cut()
            for training in trainings:
                training.hear()
        proxy.chance = min(proxy.chance, 0.02)
        for training in trainings:
            trial.finish(training)
        trial.row.cuts += proxy.cuts


def answers_lost(trial: Trial) -> None:
    answers = [b'"params":', b'"status":"epoch"', b'"tfjsModelFormat"', b'"url":"', b'"model.json","', b'.png"}']
    with Proxy(trial.backend.url) as proxy:
        for answer in trial.draw.sample(answers, 3):
            proxy.lose(answer, trial.draw.randint(1, 2))
        with trial.start(proxy.url) as training:
            trial.finish(training)
        trial.row.cuts += proxy.cuts


def answers_late(trial: Trial) -> None:
    """What was asked for is done, and the answer comes when nobody waits for it any more."""
    fate = trial.misfortunes(timeout=0.6)
    with Proxy(trial.backend.url) as proxy, trial.start(proxy.url, pause=0.01, misfortunes=fate) as training:
        training.hear_of(1)
        for _ in range(4):
            proxy.delay = trial.draw.uniform(0.2, 0.7)
            trial.sometime(1.5)
            proxy.delay = 0.0
            trial.sometime(0.5)
        trial.finish(training)


def slow_line(trial: Trial) -> None:
    with Proxy(trial.backend.url) as proxy:
        proxy.delay = 0.15  # each way
        with trial.start(proxy.url, 100) as training:
            trial.finish(training)


def no_websockets(trial: Trial) -> None:
    with Proxy(trial.backend.url, seed=trial.draw.randrange(10**6)) as proxy:
        proxy.upgrades = trial.draw.choice(["strip", "cut"])
        proxy.chance = trial.draw.choice([0.0, 0.02])
        with trial.start(proxy.url, pause=0.01) as training:
            trial.finish(training)
        trial.row.cuts += proxy.cuts


ROWS: dict[str, Act] = {
    "line cut at random moments": cut_at_random,
    "1 % of frames cut": one_frame_in_a_hundred,
    "8 writers, cut several times a second, and 1 to 30 % of frames": storm,
    "answers lost after the write": answers_lost,
    "answers after their time-out": answers_late,
    "300 ms latency": slow_line,
    "WebSockets blocked": no_websockets,
}
