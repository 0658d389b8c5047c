"""Many runs: which was best, what sets them apart, what people write about them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from tests.support.command import answer_of, at_a_terminal, marcelle_rt

MakeRun = Callable[..., dict[str, Any]]
RATES = {1: 0.1, 2: 0.01, 3: 1.0, 10: 0.5}


@pytest.fixture
def sweep(make_run: MakeRun) -> str:
    """A group of runs whose `val_loss` is best at twice their `lr`, and one run without any metric."""
    group = uuid.uuid4().hex[:12]
    for n, rate in RATES.items():
        logs = {"val_loss": [9.0, 2 * rate, 8.0], "accuracy": [0.5, 1 - rate / 2, 0.4]}
        make_run(f"{group}-{n}", group=group, params={"lr": rate, "deep": {"width": 32}}, logs=logs)
    make_run(f"{group}-11", group=group, params={"deep": {"width": 32}}, logs={}, status="error")
    return group


def _plain(shown: str) -> str:
    """What a terminal shows, without its colors."""
    return re.sub(r"\x1b\[[0-9;]*m", "", shown).replace("\r", "")


def names(backend: Backend, *arguments: object) -> list[int]:
    found = answer_of("runs", *arguments, "--backend", backend.url)
    return [int(run["name"].rpartition("-")[2]) for run in found]


def test_runs_are_sorted_the_best_first_and_those_without_a_value_last(backend: Backend, sweep: str) -> None:
    mine = ("-q", f"group={sweep}")

    assert names(backend, *mine, "--sort", "val_loss") == [2, 1, 10, 3, 11]
    assert names(backend, *mine, "--sort", "accuracy", "--limit", 2) == [2, 1]
    assert names(backend, *mine, "--sort", "params.lr", "--reverse") == [3, 10, 1, 2, 11]
    assert names(backend, *mine, "--sort", "name") == [1, 2, 3, 10, 11]
    assert names(backend, *mine, "-q", "val_loss<0.5", "--sort", "lr") == [2, 1]
    assert names(backend, *mine, "-q", "status=failed") == [11]


def test_columns_show_parameters_and_the_best_of_metrics(backend: Backend, sweep: str) -> None:
    words = ("runs", "-q", f"group={sweep}", "--sort", "val_loss", "--columns", "params.lr,val_loss")

    head, best, *_, last = marcelle_rt(*words, "--backend", backend.url).stdout.splitlines()
    assert head.split() == ["run", "status", "lr", "best", "val_loss"]
    assert best.split() == [f"{sweep}-2", "success", "0.01", "0.02"]
    assert last.split() == [f"{sweep}-11", "error", "-", "-"]

    _, narrow = at_a_terminal(*words, "--backend", backend.url, columns=40)
    assert "best val_loss 0.02" in _plain(narrow)


def test_what_no_run_has_is_wrong_usage_that_names_what_there_is(backend: Backend, sweep: str) -> None:
    mine = ("-q", f"group={sweep}", "--backend", backend.url)

    def said(*words: object) -> str:
        done = marcelle_rt("runs", *words)
        assert (done.returncode, done.stdout) == (2, "")
        return re.sub(r"[\s│]+", " ", done.stderr)

    for words in (("list",), ("list", "--json"), ("compare",)):
        assert "--sort: no run has a field, a parameter or a metric 'val_los'. Similar: val_loss." in said(
            *words, *mine, "--sort", "val_los"
        )
    assert "There are: val_loss, accuracy, deep.width, lr, name," in said("list", *mine, "--sort", "xyzzy")
    assert "--columns: no run has a field, a parameter or a metric 'acc'. Similar: accuracy" in said(
        "list", *mine, "--limit", 1, "--columns", "params.lr,acc"
    )
    for words in (("list",), ("compare",), ("rm", "--yes")):
        assert "--query: no run has a field, a parameter or a metric 'learning'" in said(
            *words, *mine, "-q", "learning<0.1"
        )
    # What another run has may be found in none.
    nothing = marcelle_rt("runs", *mine, "-q", "lr=7")
    assert (nothing.returncode, nothing.stdout[:8]) == (0, "None of ")


def test_a_comparison_has_a_row_per_run_also_of_a_query(backend: Backend, sweep: str) -> None:
    words = ("runs", "compare", "-q", f"group={sweep}", "--sort", "val_loss", "--backend", backend.url)

    head, best, *_ = marcelle_rt(*words).stdout.splitlines()
    assert head.split() == ["run", "status", "epoch", "lr", "best", "val_loss", "best", "accuracy"]
    assert best.split() == [f"{sweep}-2", "success", "3/3", "0.01", "0.02", "0.995"]
    assert answer_of(*words)["params"] == {"lr": [0.01, 0.1, 0.5, 1.0, None]}

    _, narrow = at_a_terminal(*words, columns=44)
    assert all(len(line) <= 44 for line in _plain(narrow).splitlines())
    assert narrow.count(f"{sweep}-2"[:8]) > 2  # the columns that don't fit come below, with the same rows

    few = marcelle_rt("runs", "compare", "-q", f"name={sweep}-2", "--backend", backend.url)
    assert few.returncode == 1
    assert "at least two can be compared" in few.stderr


def test_runs_that_a_query_means_are_removed_after_a_question(backend: Backend, store: DataStore, sweep: str) -> None:
    words = ("runs", "rm", "-q", f"group={sweep}", "-q", "val_loss>0.5", "--backend", backend.url)

    code, shown = at_a_terminal(*words, columns=100, keys="n\n")
    assert (code, store.service("runs").count({"group": sweep})) == (1, 5)
    assert f"{sweep}-3" in shown

    assert {done["name"] for done in answer_of(*words, "--yes")} == {f"{sweep}-3", f"{sweep}-10"}
    assert marcelle_rt(*words, "--yes").stderr == "No run matches; nothing was removed.\n"
    assert store.service("runs").count({"group": sweep}) == 3


def test_tags_group_and_notes_are_written_by_hand_and_leave_the_duration_alone(
    backend: Backend, store: DataStore, tmp_path: Any
) -> None:
    name = uuid.uuid4().hex
    with Writer(name, backend.url, base_log_dir=tmp_path, tags=["first"], group="g", notes="begun") as writer:
        writer.create_run()
        writer.save_epoch(1, {"loss": 1.0})
    run = store.service("runs").get(writer.run_id)
    assert (run["tags"], run["group"], run["notes"]) == (["first"], "g", "begun")
    took = answer_of("runs", "-q", f"basename={name}", "--backend", backend.url)[0]["seconds"]
    words = ("runs", "tag", f"{name}-1", "--backend", backend.url)

    changed = answer_of(*words, "best", "baseline", "--remove", "first", "--notes", "kept")
    assert (changed["tags"], changed["group"], changed["notes"]) == (["best", "baseline"], "g", "kept")
    assert "best, baseline" in marcelle_rt(*words).stdout
    assert answer_of("runs", "-q", "tag=best", "-q", f"basename={name}", "--backend", backend.url)[0]["seconds"] == took

    with Writer.resume(f"{name}-1", base_log_dir=tmp_path, backend_root=backend.url) as again:
        again.save_epoch(2, {"loss": 0.5})
    after = store.service("runs").get(writer.run_id)
    assert (after["tags"], after["notes"], after["epoch"]) == (["best", "baseline"], "kept", 2)
    assert after["end"] > run["end"]
