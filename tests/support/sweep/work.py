"""The work of a sweep, in processes of their own: each tries some cases, and a large architecture has one to itself."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

import keras

from tests.helpers import chromium
from tests.support.sweep import applications, hub, layers, ops, results
from tests.support.sweep.case import Case, parse
from tests.support.sweep.compare import Comparison
from tests.support.sweep.names import NAMES
from tests.support.sweep.runners import InPage, Tfjs

PARTS: dict[str, Callable[[], Iterable[Case]]] = {
    "layers": lambda: parse(layers.CASES, NAMES),
    "ops": lambda: parse(ops.CASES, NAMES),
    "applications": applications.cases,
    "hub": hub.cases,
}
IN_PAGE = 5
"""Each fifth case is run in a page, too; of architectures, some small ones."""
TOGETHER = 100
"""How many cases one process does."""


def shares(part: str, names: list[str]) -> list[list[str]]:
    """Which cases of a part one process does: a hundred, or one that is large.

    Args:
        part: One of `PARTS`.
        names: The cases' names.
    """
    alone = applications.LARGE if part == "applications" else ()
    small = [name for name in names if not name.endswith(alone)] if alone else names
    rows = [small[start : start + TOGETHER] for start in range(0, len(small), TOGETHER)]
    return rows + [[name] for name in names if name not in set(small)]


def try_out(part: str, names: list[str], found: results.Results) -> list[str]:
    """Has other processes compare some cases, as far as that was not done yet.

    Args:
        part: One of `PARTS`.
        names: The cases' names.
        found: Takes what comes of them.

    Returns:
        The cases whose process ended before them.
    """
    lost = []
    while left := [name for name in names if name not in lost and not found.has(part, name)]:
        given = (part, left, found.name, found.folder)
        process = multiprocessing.get_context("spawn").Process(target=sweep, args=given)
        process.start()
        process.join()
        found.read()
        missing = [name for name in left if not found.has(part, name)]
        if missing:
            print(f"lost     {part}: {missing[0]}: its process ended with {process.exitcode}", flush=True)
            lost.append(missing[0])
    return lost


def sweep(part: str, names: list[str], commit: str, folder: Path) -> None:
    """Compares cases, keeps what comes of them, and prints what is not right.

    Args:
        part: One of `PARTS`.
        names: The cases' names.
        commit: What is tried.
        folder: Where results are kept.
    """
    found = results.Results(commit, folder)
    with tempfile.TemporaryDirectory() as directory, Tfjs() as tfjs, ExitStack() as stack:
        compare, page = Comparison(tfjs, Path(directory)), None
        for index, case in enumerate(PARTS[part]()):
            if case.name not in names:
                continue
            is_shown = case.name in applications.IN_PAGE if part == "applications" else index % IN_PAGE == 0
            if is_shown and page is None:
                page = InPage(stack.enter_context(chromium()).new_page())
            _compare(part, case, compare, page if is_shown else None, found)


def _compare(part: str, case: Case, compare: Comparison, page: InPage | None, found: results.Results) -> None:
    started = time.perf_counter()
    outcomes = compare(case, page=page)
    found.add(part, case.name, outcomes, time.perf_counter() - started)
    for target, outcome in outcomes.items():
        if outcome.verdict != "right":
            print(f"{outcome.verdict:8} {target:13} {case.name}: {outcome.reason}", flush=True)
    keras.backend.clear_session()
