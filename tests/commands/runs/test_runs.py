"""`marcelle-rt runs`: what is listed, shown, compared and removed, as people type it."""

from __future__ import annotations

import io
import re
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend, users
from marcelle_rt.cli import app
from marcelle_rt.commands.runs.show import print_metrics
from marcelle_rt.monitor import runs_frame
from marcelle_rt.utils import loss_name
from marcelle_rt.values import iso
from tests.support.command import answer_of, as_a_process, at_a_terminal, marcelle_rt

MakeRun = Callable[..., dict[str, Any]]


@pytest.fixture
def name() -> str:
    return uuid.uuid4().hex[:12]


def test_a_backend_that_is_away_is_one_sentence_with_a_way_out(unused_url: str) -> None:
    done = as_a_process("runs", "--backend", unused_url)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert unused_url in done.stderr
    assert "marcelle-rt backend" in done.stderr


def test_runs_are_listed_the_newest_first_and_the_rest_is_counted(
    backend: Backend, make_run: MakeRun, name: str
) -> None:
    for n in range(4):
        make_run(f"{name}-{n}", start=f"2026-01-0{n + 1}T00:00:00.000Z", status="error" if n == 2 else "success")

    done = as_a_process("runs", "-q", f"basename={name}", "--limit", 2, MARCELLE_BACKEND=backend.url)
    head, first, second, rest = done.stdout.splitlines()
    assert head.split() == ["run", "status", "epoch", "started", "took", "last", "values"]
    assert first.split()[:3] == [f"{name}-3", "success", "3/3"]
    assert second.split()[:3] == [f"{name}-2", "error", "3/3"]
    assert "loss 0.25  accuracy 0.625" in first
    assert "2 more" in rest

    found = answer_of("runs", "list", "-q", f"basename={name}", "-q", "status=error", MARCELLE_BACKEND=backend.url)
    assert [run["name"] for run in found] == [f"{name}-2"]
    assert found[0]["last"] == {"loss": 0.25, "accuracy": 0.625}


def test_a_query_is_json_too_and_one_that_the_server_refuses_is_a_sentence(
    backend: Backend, make_run: MakeRun, name: str
) -> None:
    make_run(f"{name}-1", epoch=1)
    make_run(f"{name}-2", epoch=7)
    query = f'{{"basename": "{name}", "epoch": {{"$gt": 3}}}}'

    assert [run["name"] for run in answer_of("runs", "-q", query, MARCELLE_BACKEND=backend.url)] == [f"{name}-2"]

    refused = marcelle_rt("runs", "-q", '{"epoch": {"$between": 3}}', MARCELLE_BACKEND=backend.url)
    assert refused.returncode == 1
    assert "$between" in refused.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("runs", "-q", "{broken"),
        ("runs", "-q", '{"$limit": 3}'),
        ("runs", "--backend", "localhost:3030"),
        ("runs", "--json", "list"),
        ("runs", "compare", "a"),
        ("runs", "rm", "a"),
        ("runs", "show"),
    ],
)
def test_wrong_usage_is_status_2(arguments: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, arguments)

    assert done.exit_code == 2
    assert "Usage:" in done.output


def test_a_run_is_found_by_name_by_id_and_by_the_beginning_of_its_id(
    backend: Backend, make_run: MakeRun, name: str
) -> None:
    run = make_run(f"{name}-1")

    for word in (run["name"], run["_id"], run["_id"][:13]):
        assert answer_of("runs", "show", word, "--backend", backend.url)["_id"] == run["_id"]


def test_a_word_for_no_run_or_for_several_names_candidates(backend: Backend, make_run: MakeRun, name: str) -> None:
    ids = sorted(f"{name}-{n}-{uuid.uuid4()}"[:36] for n in (1, 2))
    for n, id in enumerate(ids):
        make_run(f"{name}x-{n}", _id=id)

    unknown = marcelle_rt("runs", "show", f"{name}x-3", "--backend", backend.url)
    assert unknown.returncode == 1
    assert f"{name}x-1" in unknown.stderr

    ambiguous = marcelle_rt("runs", "show", name, "--backend", backend.url)
    assert ambiguous.returncode == 1
    assert all(id in ambiguous.stderr for id in ids)

    make_run(f"{name}x-0", _id=str(uuid.uuid4()))
    twice = marcelle_rt("runs", "show", f"{name}x-0", "--backend", backend.url)
    assert twice.returncode == 1
    assert ids[0] in twice.stderr


def test_a_run_is_shown_with_its_best_values_its_alerts_and_its_system(
    backend: Backend, store: DataStore, make_run: MakeRun, name: str
) -> None:
    model = {"name": "net", "param_count": {"total": 12345, "trainable": 12000}, "loss": loss_name(None)}
    run = make_run(f"{name}-1", error="ValueError: no data", status="error", params={"opt": {"lr": 0.5}}, model=model)
    beside = {"runId": run["_id"], "time": iso()}
    alert = {"title": "Loss is NaN", "text": "at batch 7", "level": "error", "epoch": 2}
    store.service("run-alerts").create({**beside, **alert})
    store.service("run-system").create({**beside, "cpu": 51.2, "memory": 33.0, "process_memory": 2e9, "gpus": []})

    shown = marcelle_rt("runs", "show", run["name"], "--backend", backend.url).stdout

    assert re.search(r"^loss +0.25 +0.25 @3 ", shown, re.MULTILINE)
    assert re.search(r"^accuracy +0.625 +0.75 @2 ", shown, re.MULTILINE)
    assert re.search(r"^model +net, 12,345 weights$", shown, re.MULTILINE)
    for part in ("ValueError: no data", "opt.lr 0.5", "Loss is NaN", "at batch 7", "CPU 51%", "2,000 MB"):
        assert part in shown
    assert "1 alert" in marcelle_rt("runs", "-q", f"name={run['name']}", "--backend", backend.url).stdout
    whole = answer_of("runs", "show", run["name"], "--backend", backend.url)
    assert (whole["alerts"][0]["title"], whole["system"]["cpu"]) == ("Loss is NaN", 51.2)


def test_a_run_that_was_pruned_says_so_wherever_it_is_seen(backend: Backend, tmp_path: Path, name: str) -> None:
    with Writer(name, backend.url, base_log_dir=str(tmp_path)) as writer:
        writer.create_run()
        writer.train_begin(3)
        writer.save_epoch(1, {"loss": 1.0})
        writer.update_summary({"test_acc": 0.75})
        writer.end("pruned", "no better than half of them")
    run = f"{name}-1"

    shown = marcelle_rt("runs", "show", run, "--backend", backend.url).stdout
    assert shown.split()[:2] == [run, "pruned"]
    assert re.search(r"^reason +no better than half of them$", shown, re.MULTILINE)
    assert re.search(r"^summary +test_acc 0.75$", shown, re.MULTILINE)
    chosen = ("-q", f"basename={name}", "-q", "status=pruned", "--backend", backend.url)
    assert f"{run}  pruned" in marcelle_rt("runs", *chosen).stdout
    assert f"{run}  pruned" in marcelle_rt("runs", *chosen, "--columns", "loss").stdout
    assert [(listed["status"], listed["outcome"]) for listed in answer_of("runs", *chosen)] == [("success", "pruned")]
    watched = marcelle_rt("watch", run, "--backend", backend.url)
    assert (watched.returncode, watched.stdout.split()[:2]) == (0, [run, "pruned"])
    assert "no better than half of them" in watched.stdout
    with DataStore(backend.url) as store:
        assert runs_frame(store, {"basename": name})["outcome"].tolist() == ["pruned"]


def test_what_people_wrote_of_a_run_is_shown_and_its_assets_by_addresses_that_open(
    backend: Backend, tmp_path: Path, name: str
) -> None:
    (tmp_path / "plan b.png").write_bytes(b"a picture")
    with Writer(name, backend.url, base_log_dir=tmp_path, tags=["first", "wide"], group="g", notes="begun") as writer:
        writer.create_run()
        writer.save_epoch(1, {"loss": 1.0}, assets=[tmp_path / "plan b.png"])

    shown = marcelle_rt("runs", "show", f"{name}-1", "--backend", backend.url).stdout

    for line in (r"tags +first, wide", r"group +g", r"notes +begun"):
        assert re.search(f"^{line}$", shown, re.MULTILINE)
    (address,) = re.findall(r"^  plan b\.png  epoch 1  (http\S+)$", shown, re.MULTILINE)
    with urllib.request.urlopen(address) as answer:
        assert answer.read() == b"a picture"


def test_runs_without_numbers_are_listed_shown_and_compared(backend: Backend, make_run: MakeRun, name: str) -> None:
    odd: list[Any] = [{}, {"loss": []}, {"loss": [None, None]}, {"loss": [None, 1.0, None]}, None]
    names = [make_run(f"{name}-{n}", logs=logs)["name"] for n, logs in enumerate(odd)]

    for words in (("runs", "-q", f"basename={name}"), ("runs", "show", names[2]), ("runs", "compare", *names)):
        done = marcelle_rt(*words, "--backend", backend.url)
        assert done.returncode == 0, done.stderr
        assert names[2] in done.stdout


def test_runs_are_compared_by_what_differs(backend: Backend, make_run: MakeRun, name: str) -> None:
    make_run(f"{name}-1", params={"lr": 0.1, "batch": 32, "depth": 2})
    make_run(f"{name}-2", params={"lr": 0.2, "batch": 32}, logs={"loss": [3.0, 1.0, 2.0]})
    words = ("runs", "compare", f"{name}-1", f"{name}-2", "--backend", backend.url)

    found = answer_of(*words)
    assert found["params"] == {"lr": [0.1, 0.2], "depth": [2, None]}
    assert found["metrics"]["loss"][1] == {"last": 2.0, "best": 1.0, "best_epoch": 2}
    assert found["metrics"]["accuracy"][1] is None

    shown = marcelle_rt(*words).stdout
    assert re.search(r"^run +status +epoch +lr +depth +best loss +best accuracy$", shown, re.MULTILINE)
    assert re.search(rf"^{name}-2 +success +3/3 +0.2 +- +1 +-$", shown, re.MULTILINE)
    assert "batch" not in shown
    assert re.search(rf"^{name}-2 +2 +1 @2 ", shown, re.MULTILINE)


def test_a_removed_run_takes_all_that_belongs_to_it_along(
    backend: Backend, store: DataStore, make_run: MakeRun, name: str
) -> None:
    run, other = make_run(f"{name}-1"), make_run(f"{name}-2")
    for service in ("run-alerts", "run-heartbeats"):
        store.service(service).create({"runId": run["_id"], "_id": run["_id"], "time": iso()})

    unknown = marcelle_rt("runs", "rm", run["name"], f"{name}-9", "--yes", "--backend", backend.url)
    assert unknown.returncode == 1
    assert store.service("runs").count({"basename": name}) == 2

    assert answer_of("runs", "rm", run["name"], "--yes", "--backend", backend.url) == [
        {"_id": run["_id"], "name": run["name"], "removed": True, "folder": None, "folder_removed": True}
    ]
    assert [left["_id"] for left in store.service("runs").items({"basename": name})] == [other["_id"]]
    for service in ("run-alerts", "run-heartbeats"):
        assert store.service(service).count({"runId": run["_id"]}) == 0


def test_a_person_is_asked_before_a_run_is_removed(
    backend: Backend, store: DataStore, make_run: MakeRun, name: str
) -> None:
    make_run(f"{name}-1", status="epoch")
    words = ("runs", "rm", f"{name}-1", "--backend", backend.url)

    code, shown = at_a_terminal(*words, columns=100, keys="n\n")
    assert code == 1
    assert "has not ended" in shown
    assert store.service("runs").count({"basename": name}) == 1

    code, shown = at_a_terminal(*words, columns=100, keys="y\n")
    assert code == 0, shown
    assert store.service("runs").count({"basename": name}) == 0


@pytest.mark.parametrize("arguments", [("runs",), ("runs", "show", 1), ("runs", "compare", 1, 2)])
def test_a_terminal_of_40_columns_is_wide_enough(
    backend: Backend, make_run: MakeRun, name: str, arguments: tuple[Any, ...]
) -> None:
    for n in (1, 2):
        logs = {f"a-metric-{m}": [0.123456789 * n] * 30 for m in range(3)}
        make_run(f"{name}-a-long-name-of-a-run-{n}", params={"a-parameter": n / 3}, logs=logs)
    words = [f"{name}-a-long-name-of-a-run-{word}" if isinstance(word, int) else word for word in arguments]
    filters = ["-q", f"basename={name}-a-long-name-of-a-run"] if len(words) == 1 else []

    code, shown = at_a_terminal(*words, *filters, "--backend", backend.url, columns=40)

    assert code == 0, shown
    lines = re.sub("\x1b\\[[0-9;]*m", "", shown).splitlines()
    assert [line for line in lines if len(line.rstrip()) > 40] == []
    assert name in shown
    assert "0.1235" in shown


def test_without_a_terminal_nothing_is_colored_or_cut_off(backend: Backend, make_run: MakeRun, name: str) -> None:
    long = f"{name}-{'x' * 300}-1"
    make_run(long)

    shown = marcelle_rt("runs", "-q", f"name={long}", "--backend", backend.url).stdout

    assert long in shown
    assert "loss 0.25  accuracy 0.625" in shown
    assert "\x1b" not in shown


def test_a_name_can_steer_no_terminal_and_needs_none_that_knows_unicode(
    backend: Backend, make_run: MakeRun, name: str
) -> None:
    make_run(f"{name}-\x1b[2J\nübel-1", basename=name, logs={"loss [red]": [1, 2]})

    code, shown = at_a_terminal("runs", "-q", f"basename={name}", "--backend", backend.url, columns=100)
    assert code == 0
    assert "\x1b[2J" not in shown
    assert "[red]" in shown

    words = ("runs", "-q", f"basename={name}", "--backend", backend.url)
    ascii_only = as_a_process(*words, PYTHONIOENCODING="ascii")
    assert ascii_only.returncode == 0, ascii_only.stderr
    assert ascii_only.stdout.isascii()
    assert name in ascii_only.stdout


def test_a_backend_that_asks_for_a_sign_in_says_how(asking: Backend) -> None:
    url = asking.url
    users.add(asking.data, "a@example.org", "secret-1")

    outside = marcelle_rt("runs", "--backend", url)
    assert outside.returncode == 1
    assert "MARCELLE_EMAIL" in outside.stderr

    login = {"MARCELLE_BACKEND": url, "MARCELLE_EMAIL": "a@example.org"}
    wrong = marcelle_rt("runs", **login, MARCELLE_PASSWORD="secret-2")
    assert wrong.returncode == 1
    assert "does not accept the login" in wrong.stderr
    assert "secret-2" not in wrong.stderr
    assert answer_of("runs", **login, MARCELLE_PASSWORD="secret-1") == []


def test_a_real_run_is_listed_with_what_it_took(backend: Backend, tmp_path: Path, name: str) -> None:
    with Writer(name, backend.url, base_log_dir=tmp_path) as writer:
        writer.create_run()
        writer.train_begin(2)
        writer.save_epoch(1, {"loss": 1.0})
        writer.save_epoch(2, {"loss": 0.5})

    (found,) = answer_of("runs", "-q", f"basename={name}", "--backend", backend.url)

    assert (found["status"], found["epoch"], found["last"]) == ("success", 2, {"loss": 0.5})
    assert 0 <= found["seconds"] < 60


def test_documents_of_other_programs_are_listed_shown_compared_and_exported_as_far_as_they_make_sense(
    own_backend: Callable[..., Backend],
) -> None:
    url = own_backend().url
    an_empty_backend_says_what_to_do(url)
    odd: list[dict[str, Any]] = [
        {},
        {"name": 7, "status": {"a": 1}, "start": 5, "epoch": "x", "epochs": [1]},
        {"name": "a-1", "logs": 3, "params": [1], "checkpoints": 3, "assets": {"a": 1}, "model": "x", "start": "noon"},
        {"name": "a-2", "logs": {"loss": [True, "high", None, {}, 1e999, 2]}, "checkpoints": ["x", {"metadata": 3}]},
        {"name": "a-3", "logs": {"loss": 3, "acc": []}, "params": {"a": {}, "b": {"c": None}}, "epoch": None},
    ]
    with DataStore(url) as store:
        ids = [store.service("runs").create(document)["_id"] for document in odd]
        for id in ids:
            store.service("run-system").create({"runId": id, "cpu": "high", "gpus": [3, {"name": None}], "time": 3})
            store.service("run-alerts").create({"runId": id, "level": [], "title": None})

    commands = [("runs",), ("runs", "--json"), ("runs", "compare", *ids), ("export", *ids), ("runs", "repair")]
    for words in [*commands, *(("runs", "show", id) for id in ids)]:
        done = marcelle_rt(*words, "--backend", url)
        assert done.returncode == 0, done.stderr
        assert done.stdout


def an_empty_backend_says_what_to_do(url: str) -> None:
    done = marcelle_rt("runs", MARCELLE_BACKEND=url)

    assert done.returncode == 0
    assert "no runs" in done.stdout
    assert "marcelle-rt upload" in done.stdout
    assert answer_of("runs", "--backend", url) == []


def test_a_last_value_that_is_not_of_the_last_epoch_is_shown_with_its_own() -> None:
    out = io.StringIO()
    run = {"logs": {"loss": [3.0, 2.0, None], "accuracy": [0.1, 0.2, 0.3], "nothing": [None] * 3}, "epoch": 7}

    print_metrics(Console(file=out, width=80), run)

    rows = {line.split()[0]: line.split()[1:5] for line in out.getvalue().splitlines() if line.strip()}
    assert rows["loss"][:4] == ["2", "@6", "2", "@6"]
    assert rows["accuracy"][:3] == ["0.3", "0.3", "@7"]
    assert rows["nothing"][:2] == ["-", "-"]
