"""Alerts reach dashboards, the terminal, a notebook and a webhook, and stop no training."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marcelle_rt import DataStore, KerasCallback, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.errors import InvalidData
from marcelle_rt.notices import MarcelleWarning

NAN, INFINITE = float("nan"), float("inf")

PAGE = """
import { dataStore } from './marcelle.js';
const store = dataStore('BACKEND');
await store.connect();
window.alerts = [];
store.service('run-alerts').on('created', (alert) => window.alerts.push(alert));
window.ready = true;
"""


def alerts_of(writer: Writer) -> list[dict[str, Any]]:
    assert writer.run_directory is not None
    lines = (writer.run_directory / "journal.jsonl").read_bytes().splitlines()
    events = [event for line in lines if (event := json.loads(line))["type"] == "document"]
    return [event["document"] for event in events if event["service"] == "run-alerts"]


def titles(writer: Writer) -> list[str]:
    return [alert["title"] for alert in alerts_of(writer)]


def epochs(writer: Writer, metric: str, *values: Any) -> None:
    for n, value in enumerate(values):
        writer.save_epoch(n, {metric: value})


@pytest.fixture(autouse=True)
def quiet_values() -> Any:
    """Values that are NaN are warned about; that is tested elsewhere."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*which is not a number")
        yield


def test_an_alert_shows_live_in_a_page(nedb: Backend, page: Any, dashboard_page: Any, tmp_path: Path) -> None:
    page.goto(dashboard_page(PAGE.replace("BACKEND", nedb.url)))
    page.wait_for_function("window.ready === true")
    name = uuid.uuid4().hex
    writer = Writer(name, nedb.url, base_log_dir=tmp_path)
    writer.create_run()
    writer.train_begin(2)
    writer.save_epoch(1, {"loss": 1.0})
    writer.alert("Look here", "The loss is odd.", level="warning")
    page.wait_for_function("name => window.alerts.some(a => a.run === name)", arg=name)
    writer.train_end()
    (alert,) = page.evaluate("name => window.alerts.filter(a => a.run === name)", name)
    run_id = alert["runId"]
    with DataStore(nedb.url) as store:
        assert store.service("runs").get(run_id)["basename"] == name
    assert {key: alert[key] for key in ("title", "text", "level", "epoch")} == {
        "title": "Look here",
        "text": "The loss is odd.",
        "level": "warning",
        "epoch": 1,
    }
    assert alert["time"].endswith("Z")
    assert alerts_of(writer)[0]["_id"] == alert["_id"]


def test_an_alert_is_one_line_on_stderr(writer: Writer, capsys: pytest.CaptureFixture[str]) -> None:
    writer.create_run()
    capsys.readouterr()
    writer.save_epoch(3, {"loss": 1.0})
    writer.alert("Look here", "one\ntwo [red]" + "x" * 200, level="error")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == f"[error] w, epoch 3: Look here one two [red]{'x' * 200}\n"


def test_silence_shows_none_and_keeps_it(
    writer: Writer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARCELLE_SILENT", "1")
    writer.create_run()
    writer.alert("Look here")
    assert capsys.readouterr().err == ""
    assert titles(writer) == ["Look here"]


def test_in_a_notebook_an_alert_is_an_output_of_the_cell(tmp_path: Path) -> None:
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(tmp_path))
    outputs: list[dict[str, Any]] = []
    try:
        client = manager.blocking_client()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        code = "from marcelle_rt import Writer\nw = Writer('nb', remote=False)\nw.create_run()\nw.alert('Look here')"
        client.execute_interactive(code, timeout=60, output_hook=outputs.append)
        client.stop_channels()
    finally:
        manager.shutdown_kernel(now=True)
    data = [output["content"]["data"] for output in outputs if output["msg_type"] == "display_data"]
    assert len(data) == 1
    assert "[info] nb: Look here" in data[0]["text/html"]


def test_a_stderr_that_is_closed_stops_nothing(tmp_path: Path) -> None:
    program = """
import sys
from marcelle_rt import Writer
sys.stderr.close()
writer = Writer("closed", remote=False, base_log_dir=sys.argv[1])
writer.create_run()
writer.alert("Look here")
sys.stderr = None
writer.alert("And here")
writer.end("success")
print("trained on")
"""
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.stdout == "trained on\n"
    (directory,) = tmp_path.iterdir()
    assert (directory / "journal.jsonl").read_bytes().count(b'"run-alerts"') == 2


def test_titles_texts_and_levels_are_made_right_and_that_is_said_once(writer: Writer) -> None:
    writer.create_run()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", MarcelleWarning)
        for title, text, level in [
            ("  two\nlines ", None, "ERROR"),
            ("", "t", "loud"),
            ("x" * 5000, "y" * 50_000, None),
            (7, {"a": 1}, 3),
            ("\udcff", "z", "info"),
            (" ", "t", "loud"),
        ]:
            writer.alert(title, text, level)  # type: ignore[arg-type]
    made = [(alert["title"], alert["text"], alert["level"]) for alert in alerts_of(writer)]
    assert made[:2] == [("two lines", "", "error"), ("Alert", "t", "warning")]
    assert [len(part) for part in made[2]] == [200, 10_000, 7]
    assert made[3:5] == [("7", "{'a': 1}", "warning"), ("?", "z", "info")]
    assert sorted(str(w.message).split(":")[1].split()[0] for w in said) == ["'loud'", "the"]


def test_an_alert_without_a_run_is_shown_and_makes_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    writer = Writer("none", remote=False, base_log_dir=tmp_path)
    with pytest.warns(MarcelleWarning, match="shown and not kept"):
        writer.alert("Early")
    assert "Early" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_nan_alerts_once_for_each_metric_and_anew_in_the_next_run(writer: Writer) -> None:
    writer.on_nan()
    writer.on_nan()
    for expected in range(1, 3):
        writer.create_run()
        writer.save_epoch(0, {"loss": 1.0, "acc": 0.5, "text": "nan", "none": None, "list": [NAN, 1.0]})
        assert titles(writer) == []
        writer.save_epoch(1, {"loss": NAN, "acc": np.float32("inf"), "new": np.array([NAN])})
        writer.save_epoch(2, {"loss": -INFINITE, "acc": NAN, "new": NAN})
        assert titles(writer) == ["loss is NaN", "acc is infinite", "new is NaN"]
        told = {(alert["level"], alert["epoch"], alert["text"]) for alert in alerts_of(writer)}
        assert told == {("error", 1, "")}  # the epoch is told beside the text
        writer.end("success")
        assert expected


@pytest.mark.parametrize(
    ("metric", "values", "at"),
    [
        ("loss", [3, 2, 2, 2, 2, 2, 2], [4]),
        ("loss", [3, 2, 2.5, 1, 2, 1, 0.5, 1, 2, 3], [9]),
        ("val_accuracy", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], []),
        ("val_accuracy", [0.6, 0.5, 0.5, 0.4, 0.7, 0.6, 0.6, 0.7], [3, 7]),
        ("loss", [NAN, NAN, NAN, NAN, 1, 2, NAN, INFINITE], [2, 7]),
        ("loss", [np.float32(2), np.array([2.0]), None, "?"], [3]),
    ],
)
def test_a_plateau_alerts_once_and_again_after_an_improvement(
    writer: Writer, metric: str, values: list[Any], at: list[int]
) -> None:
    writer.on_plateau(metric, 3)
    writer.create_run()
    epochs(writer, metric, *values)
    assert [alert["epoch"] for alert in alerts_of(writer)] == at
    assert all(title == f"{metric} has not improved for 3 epochs" for title in titles(writer))


def test_epochs_without_the_metric_make_no_plateau(writer: Writer) -> None:
    writer.on_plateau("val_loss", 2)
    writer.create_run()
    epochs(writer, "loss", *[1.0] * 5)
    assert titles(writer) == []


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "three", None])
def test_a_plateau_of_no_epochs_is_an_error(writer: Writer, wrong: Any) -> None:
    with pytest.raises(InvalidData, match="epochs"):
        writer.on_plateau("loss", wrong)


def test_a_plateau_of_a_metric_that_nothing_is_known_of_is_an_error_that_says_the_way_out(writer: Writer) -> None:
    with pytest.raises(InvalidData, match=r"hue.* doesn't tell whether more is better; give mode='max' or 'min'"):
        writer.on_plateau("hue", 2)
    with pytest.raises(InvalidData, match=r"mode: 'up' is not known; use 'auto', 'min' or 'max'"):
        writer.on_plateau("hue", 2, mode="up")
    writer.on_plateau("hue", 2, mode="max")
    writer.create_run()
    epochs(writer, "hue", 20.0, 21.0, 22.0, 21.5, 21.0)
    assert [alert["epoch"] for alert in alerts_of(writer)] == [4]


def test_rules_serve_keras_through_the_callbacks_writer(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(0.0), loss="mse")
    writer = Writer("keras", remote=False, base_log_dir=tmp_path)
    callback = KerasCallback("keras", writer=writer)
    callback.writer.on_nan()
    callback.writer.on_plateau("loss", 2)
    x = np.ones((8, 4), dtype=np.float32)
    model.fit(x, np.ones((8, 1)), epochs=4, verbose=0, callbacks=[callback])
    assert titles(writer) == ["loss has not improved for 2 epochs"]
    model.fit(x, np.full((8, 1), np.nan), epochs=2, verbose=0, callbacks=[callback])
    assert "loss is NaN" in titles(writer)
