"""A process that has as many threads as it may: the training goes on, and what waits is done when there is one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from marcelle_rt import Writer
from tests.runs.alerts.test_webhook import Receiver
from tests.support.writers import document


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Where the alert is posted to."""
    with Receiver() as made:
        yield made


def test_a_training_goes_on_without_threads_and_its_run_is_level_when_there_are_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    def refuses(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("marcelle_rt.runs.sync.publisher._publishers", {})  # whose threads run by now
    monkeypatch.setenv("MARCELLE_WEBHOOK", receiver.url)
    writer = Writer("threads", remote=False, base_log_dir=tmp_path, system_metrics=True, finish_timeout=5)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuses)
        writer.create_run()
        writer.save_epoch(1, {"loss": 1})
        writer.alert("told")
        assert not writer.flush(0.01)
    writer.save_epoch(2, {"loss": 2})
    assert writer.flush(30)
    assert document(writer)["logs"] == {"loss": [1, 2]}
    assert [body["title"] for body in receiver.bodies] == ["told"]
    writer.end("success")
