"""The webhook gets each alert, from a thread of its own, and its URL stays a secret."""

from __future__ import annotations

import json
import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import Writer
from marcelle_rt.notices import MarcelleWarning, Notices
from marcelle_rt.runs.alerts.webhook import Webhook

SECRET = "T0K3N-of-the-hook"


class Receiver:
    """A server for webhooks, which answers what it is told to."""

    def __init__(self, *answers: int, location: str = "") -> None:
        self.bodies: list[dict[str, Any]] = []
        self.types: list[str | None] = []
        left = list(answers)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.types.append(self.headers["Content-Type"])
                receiver.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(left.pop(0) if left else 200)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self) -> None:  # what some make of a POST that is redirected
                receiver.bodies.append({})
                self.send_error(404)

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/{SECRET}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))

    def __enter__(self) -> Receiver:
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def receiver() -> Iterator[Callable[..., Receiver]]:
    with ExitStack() as stack:
        yield lambda *answers, **options: stack.enter_context(Receiver(*answers, **options))


def alert(n: int = 0) -> dict[str, Any]:
    return {
        "_id": str(n),
        "runId": "r",
        "run": "w",
        "title": f"title {n}",
        "text": "",
        "level": "info",
        "epoch": None,
        "time": "",
    }


def posted(url: str, *alerts: dict[str, Any]) -> tuple[list[str], list[float]]:
    """Posts alerts to the end; gives the warnings, and the pauses that were made."""
    pauses: list[float] = []
    hook = Webhook(url, Notices(), sleep=pauses.append)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", MarcelleWarning)
        for each in alerts:
            hook.post(each)
        assert hook.flush(30)
    return [str(warning.message) for warning in said], pauses


def test_an_alert_is_posted_as_slack_and_others_read_it(
    receiver: Callable[..., Receiver], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hook = receiver()
    monkeypatch.setenv("MARCELLE_WEBHOOK", hook.url)
    with caplog.at_level(logging.DEBUG):
        writer = Writer("w", remote=False, base_log_dir=tmp_path)
        writer.create_run()
        writer.save_epoch(2, {"loss": 1.0})
        writer.alert("Look here", "The loss is odd.", "warning")
        assert writer.flush()
        writer.train_end()
    (body,) = hook.bodies
    assert hook.types == ["application/json"]
    assert body["text"] == "[warning] w, epoch 2: Look here\nThe loss is odd."
    assert writer.run_directory is not None
    run_id = json.loads((writer.run_directory / "run_data.json").read_bytes())["_id"]
    assert {key: body[key] for key in ("title", "level", "run", "run_id", "epoch")} == {
        "title": "Look here",
        "level": "warning",
        "run": "w",
        "run_id": run_id,
        "epoch": 2,
    }
    assert SECRET not in caplog.text
    assert all(SECRET.encode() not in path.read_bytes() for path in tmp_path.rglob("*.json*"))


def test_alerts_are_posted_in_order_and_the_thread_ends(receiver: Callable[..., Receiver]) -> None:
    hook = receiver()
    assert posted(hook.url, *map(alert, range(20))) == ([], [])
    assert [body["title"] for body in hook.bodies] == [f"title {n}" for n in range(20)]
    for thread in threading.enumerate():
        if thread.name == "marcelle-webhook":
            thread.join(10)
            assert not thread.is_alive()


def test_what_passes_is_tried_again(receiver: Callable[..., Receiver]) -> None:
    hook = receiver(503, 429)
    assert posted(hook.url, alert()) == ([], [1.0, 4.0])
    assert len(hook.bodies) == 3


@pytest.mark.parametrize(("status", "times"), [(404, 2), (403, 2), (500, 4)])
def test_a_failure_is_said_once_and_without_the_url(
    receiver: Callable[..., Receiver], status: int, times: int, caplog: pytest.LogCaptureFixture
) -> None:
    hook = receiver(*[status] * 10)
    with caplog.at_level(logging.DEBUG):
        said, _ = posted(hook.url, alert(0), alert(1))
    assert len(hook.bodies) == times
    assert [text for text in said if f"HTTP status {status}" in text and "$MARCELLE_WEBHOOK" in text] == said
    assert len(said) == 1
    assert SECRET not in caplog.text + said[0]


def test_no_redirect_is_followed(receiver: Callable[..., Receiver]) -> None:
    elsewhere = receiver()
    hook = receiver(307, 302, location=elsewhere.url)
    (said,), _ = posted(hook.url, alert(0), alert(1))
    assert elsewhere.bodies == []
    assert "redirect" in said
    assert SECRET not in said


@pytest.mark.parametrize(
    "url",
    [
        f"http://127.0.0.1:9/{SECRET}",
        SECRET,
        f"ftp://{SECRET}/",
        f"http://[{SECRET}",
        f"http://a b/{SECRET}",
        f"http://a:{SECRET}/",
    ],
)
def test_a_url_that_leads_nowhere_is_said_without_it(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        (said,), _ = posted(url, alert())
    assert "could not be posted to $MARCELLE_WEBHOOK" in said
    assert SECRET not in caplog.text + said


def alert_often(writer: Writer) -> None:
    for n in range(300):
        writer.alert(f"title {n}")


def test_a_webhook_that_hangs_holds_no_training_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("MARCELLE_WEBHOOK", f"http://127.0.0.1:{silent.getsockname()[1]}/{SECRET}")
        writer = Writer("w", remote=False, base_log_dir=tmp_path, finish_timeout=0.2)
        writer.create_run()
        with pytest.warns(MarcelleWarning, match="oldest are dropped"):
            alert_often(writer)
        writer.train_end()
    assert writer.status.run == "success"


def test_offline_posts_nothing(
    receiver: Callable[..., Receiver], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = receiver()
    monkeypatch.setenv("MARCELLE_WEBHOOK", hook.url)
    monkeypatch.setenv("MARCELLE_MODE", "offline")
    writer = Writer("w", base_log_dir=tmp_path)
    writer.create_run()
    writer.alert("Look here")
    writer.train_end()
    assert hook.bodies == []
