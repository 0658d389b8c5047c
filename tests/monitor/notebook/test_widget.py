"""The widget of `LiveRuns` on a real backend: what it shows of runs, and what a person chooses."""

from __future__ import annotations

import base64
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.errors import BackendUnreachable, FeathersError, InvalidData
from marcelle_rt.monitor import LiveRuns
from marcelle_rt.monitor.board import Board
from marcelle_rt.monitor.follow import Follower
from tests.helpers import eventually
from tests.support.run_documents import at, run

widgets = pytest.importorskip("ipywidgets")
pytest.importorskip("plotly")

from marcelle_rt.monitor.notebook.panel import Panel  # noqa: E402

W = TypeVar("W")


class Widget:
    """The widget without a page: what a kernel's loop does in a notebook, each look does here."""

    def __init__(self, store: DataStore, query: dict[str, Any], metrics: list[str] | None = None) -> None:
        self.follower = Follower(store, query, Board(metrics=metrics))
        self.follower.start()
        self.panel = Panel(self.follower, uuid.uuid4().hex)

    def look(self) -> dict[str, tuple[list[float], list[float]]]:
        """The curves that are shown: their x and y by their names."""
        self.panel.draw()
        return {one.name: (list(one.x), list(one.y)) for one in self.panel.figure.data if one.visible}

    @property
    def text(self) -> str:
        """The table and what is said below it."""
        self.panel.draw()
        return " ".join(part.value for part in self.all(widgets.HTML))

    def all(self, kind: type[W]) -> list[W]:
        """The widgets of a kind, as they stand in the page."""

        def inside(widget: Any) -> Iterator[Any]:
            yield widget
            for child in getattr(widget, "children", ()):
                yield from inside(child)

        return [widget for widget in inside(self.panel.box) if isinstance(widget, kind)]

    def close(self) -> None:
        self.panel.close()
        self.follower.close()


@pytest.fixture
def show() -> Iterator[Callable[..., Widget]]:
    shown: list[Widget] = []

    def show(store: DataStore, query: dict[str, Any], metrics: list[str] | None = None) -> Widget:
        shown.append(Widget(store, query, metrics))
        return shown[-1]

    yield show
    for each in shown:
        each.close()
    eventually(lambda: not any(thread.name == "marcelle-monitor" for thread in threading.enumerate()))


@pytest.fixture
def name() -> str:
    return uuid.uuid4().hex[:12]


def test_two_widgets_of_one_run_both_move(
    backend: Backend, store: DataStore, show: Callable[..., Widget], tmp_path: Path, name: str
) -> None:
    with Writer(name, backend.url, base_log_dir=tmp_path) as writer:
        writer.create_run()
        writer.train_begin(2)
        writer.save_epoch(1, {"loss": 4.0})
        writer.flush(10)
        one, other = show(store, {"basename": name}), show(store, {"basename": name})
        assert one.look() == other.look() == {f"{name}-1": ([1], [4])}
        writer.save_epoch(2, {"loss": 2.0})
        for widget in (one, other):
            eventually(lambda widget=widget: widget.look() == {f"{name}-1": ([1, 2], [4, 2])})
        one.close()

    eventually(lambda: "success" in other.text)
    assert "2/2" in other.text


def test_what_a_person_chooses_changes_the_figure(store: DataStore, show: Callable[..., Widget], name: str) -> None:
    runs = store.service("runs")
    for key, start in (("old", 0), ("new", 5)):
        logs = {"loss": [8.0, 4.0, 2.0], "val_loss": [9.0, 9.0, 9.0], "acc": [0.5, 0.75, 1.0]}
        runs.create(
            {**run(f"{name}-{key}", 3, logs=logs, start=at(start)), "group": name, "name": key, "status": "success"}
        )
    widget = show(store, {"group": name})
    metrics, chosen = widget.all(widgets.SelectMultiple)
    (axis,), (log,) = widget.all(widgets.ToggleButtons), widget.all(widgets.Checkbox)
    (smoothing,) = widget.all(widgets.FloatSlider)
    layout = widget.panel.figure.layout

    assert set(widget.look()) == {"new loss", "new val_loss", "old loss", "old val_loss"}
    assert metrics.options == (("loss", "loss"), ("val_loss", "val_loss"), ("acc", "acc"))
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == ("epoch", "loss, val_loss")

    metrics.value = ("loss",)
    assert widget.look() == {"new": ([1, 2, 3], [8, 4, 2]), "old": ([1, 2, 3], [8, 4, 2])}
    assert layout.yaxis.title.text == "loss"
    chosen.value = (f"{name}-old",)
    assert set(widget.look()) == {"old"}

    assert layout.yaxis.type == "linear"
    log.value = True
    assert layout.yaxis.type == "log"

    smoothing.value = 0.5
    assert widget.look()["old"][1] == pytest.approx([8, (8 + 2 * 4) / 3, (8 + 2 * 4 + 4 * 2) / 7])
    smoothing.value = 0

    axis.value = "time"
    x, y = widget.look()["old"]
    assert layout.xaxis.title.text.startswith("time (")
    assert x != [1, 2, 3]
    assert x == sorted(x)
    assert y == [8, 4, 2]

    chosen.value = ()
    metrics.value = ("acc",)
    axis.value = "epoch"
    # Another run's document is read first.
    expected = {"new": ([1, 2, 3], [0.5, 0.75, 1]), "old": ([1, 2, 3], [0.5, 0.75, 1])}
    eventually(lambda: widget.look() == expected)


def test_what_is_chosen_stays_when_runs_come_and_go(store: DataStore, show: Callable[..., Widget], name: str) -> None:
    runs = store.service("runs")
    ids = [f"{name}-{n}" for n in range(3)]
    for n, key in enumerate(ids):
        runs.create({**run(key, 2, start=at(n)), "group": name, "name": f"run {n}"})
    widget = show(store, {"group": name})
    assert set(widget.look()) == {"run 0", "run 1", "run 2"}
    colors = _colors(widget)
    assert len(set(colors.values())) == 3
    _, chosen = widget.all(widgets.SelectMultiple)
    chosen.value = (ids[0], ids[1])
    assert set(eventually(lambda: len(shown := widget.look()) == 2 and shown)) == {"run 0", "run 1"}

    runs.remove(ids[0])
    eventually(lambda: set(widget.look()) == {"run 1"})
    assert "run 0" not in widget.text
    for _ in range(2):
        widget.look()
        assert _colors(widget) == {"run 1": colors["run 1"]}
    assert chosen.value == (ids[1],)
    runs.remove(ids[1])
    eventually(lambda: set(widget.look()) == set())
    runs.remove(ids[2])
    eventually(lambda: "waiting for a run" in widget.text)


def test_runs_without_numbers_are_shown_without_curves(
    store: DataStore, show: Callable[..., Widget], name: str
) -> None:
    store.service("runs").create({**run(f"{name}-a", 0), "group": name, "name": "no-logs"})
    store.service("runs").create(
        {**run(f"{name}-b", 2, logs={"loss": [None, None]}), "group": name, "name": "only-nan"}
    )
    widget = show(store, {"group": name})

    assert {label: x for label, (x, _) in widget.look().items()} == {"only-nan": []}
    assert all(label in widget.text for label in ("no-logs", "only-nan", "0/100", "2/100"))
    (log,) = widget.all(widgets.Checkbox)
    log.value = True
    assert "<svg" in _picture(widget.panel.still())

    values = {"loss": [0.5, None, 0.25]}
    store.service("runs").patch(f"{name}-a", {"logs": values, "epoch": 3, "status": "epoch"})
    eventually(lambda: widget.look().get("no-logs") == ([1, 3], [0.5, 0.25]))


def test_100_000_epochs_are_thinned_and_the_widget_says_so(
    store: DataStore, show: Callable[..., Widget], name: str
) -> None:
    losses = [5] * 100_000
    losses[77_777] = 9
    store.service("runs").create(run(name, 100_000, epochs=100_000, logs={"loss": losses}))
    widget = show(store, {"basename": name})

    ((x, y),) = widget.look().values()

    assert 4 <= len(x) <= 2_000
    assert (x[0], x[-1], max(y)) == (1, 100_000, 9)
    assert f"showing {len(x):,} of 100,000 points" in widget.text


def _colors(widget: Widget) -> dict[str, str]:
    return {one.name: one.line.color for one in widget.panel.figure.data if one.visible}


def _picture(still: str) -> str:
    return base64.b64decode(still.partition("data:image/svg+xml;base64,")[2].partition('"')[0]).decode()


def test_an_empty_backend_is_waited_on_and_the_first_run_is_shown(
    own_backend: Callable[..., Backend], show: Callable[..., Widget]
) -> None:
    with DataStore(own_backend().url) as store:
        widget = show(store, {})
        assert widget.look() == {}
        assert "waiting for a run" in widget.text
        assert "<svg" in _picture(widget.panel.still())
        store.service("runs").create(run("a", 1))

        eventually(lambda: widget.look() == {"a-1": ([1], [1])})
        assert "waiting" not in widget.text


def test_a_backend_that_no_longer_lets_in_is_said_in_the_widget(
    own_backend: Callable[..., Backend], show: Callable[..., Widget], tmp_path: Path
) -> None:
    before = own_backend(port=0, data=tmp_path / "data")
    with DataStore(before.url) as store:
        store.service("runs").create(run("a", 2))
        widget = show(store, {})
        before.stop()
        eventually(lambda: "the backend is unreachable" in widget.text)
        own_backend(port=before.port, data=tmp_path / "data", auth=True)

        eventually(lambda: "sign" in widget.text.lower() or "authenticat" in widget.text.lower(), timeout=30)
        assert set(widget.look()) == {"a-1"}  # what was known stays


def test_nobody_there_and_what_the_server_refuses_raise_and_leave_nothing(
    unused_url: str, store: DataStore, name: str
) -> None:
    with DataStore(unused_url) as nobody, pytest.raises(BackendUnreachable, match=unused_url) as refused:
        LiveRuns(nobody)
    assert refused.value.__suppress_context__  # a notebook shows one error, and not how it came about
    assert refused.value.__cause__ is None
    with pytest.raises((FeathersError, InvalidData), match=r"\$in"):
        LiveRuns(store, {"name": {"$in": "x"}})
    with pytest.raises(InvalidData, match=r"\$limit"):
        LiveRuns(store, {"$limit": 3})
    assert not any(thread.name == "marcelle-monitor" for thread in threading.enumerate())


@pytest.mark.parametrize("library", ["plotly.graph_objects", "anywidget", "ipywidgets"])
def test_without_the_libraries_of_a_notebook_the_extra_is_named(
    store: DataStore, monkeypatch: pytest.MonkeyPatch, name: str, library: str
) -> None:
    follower = Follower(store, {"basename": name}, Board())
    for module in [module for module in sys.modules if module.startswith(("plotly", library))]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, library, None)

    with pytest.raises(ImportError, match=r"marcelle-rt\[notebook\]"):
        Panel(follower, name)


def test_a_run_that_can_be_stopped_has_a_button_that_stops_it(
    backend: Backend, store: DataStore, show: Callable[..., Widget], tmp_path: Path, name: str
) -> None:
    def buttons() -> list[Any]:
        widget.panel.draw()
        return widget.all(widgets.Button)

    with Writer(name, backend.url, base_log_dir=tmp_path) as writer:
        writer.create_run()
        writer.train_begin(100)
        widget = show(store, {"basename": name})
        eventually(lambda: widget.follower.board.running())
        assert buttons() == []
        writer.commands()
        (button,) = eventually(buttons)
        assert button.description == f"stop {name}-1"

        button.click()
        assert button.disabled
        eventually(lambda: writer.commands() or writer.stopped)
    assert writer.stopped
    eventually(lambda: f"{name}-1 has stopped: success" in widget.text)
    eventually(lambda: buttons() == [])
