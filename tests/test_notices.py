"""The log of this package's: whatever a program's own handlers do, nothing comes out of it but lines."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from marcelle_rt import Writer
from marcelle_rt.notices import Log, bar, no_bar
from marcelle_rt.redaction import keep_secret


class Raising(logging.Handler):
    """A handler of a program's, as one that writes to a server that is away."""

    def __init__(self, error: type[BaseException]) -> None:
        super().__init__()
        self.error, self.seen = error, 0

    def emit(self, record: logging.LogRecord) -> None:
        self.seen += 1
        raise self.error("the log's server is away")


@pytest.fixture
def all_is_logged() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    before, handlers = root.level, list(root.handlers)
    root.setLevel(logging.DEBUG)
    yield root
    root.setLevel(before)
    root.handlers[:] = handlers


@pytest.mark.parametrize("error", [RuntimeError, SystemExit])
@pytest.mark.filterwarnings("ignore::marcelle_rt.notices.MarcelleWarning")
def test_a_log_handler_that_raises_ends_no_training_and_loses_no_epoch(
    error: type[BaseException], all_is_logged: logging.Logger, tmp_path: Path
) -> None:
    handler = Raising(error)
    all_is_logged.addHandler(handler)
    with Writer("logged", remote=False, base_log_dir=tmp_path) as writer:
        writer.create_run()
        writer.train_begin(3)
        for epoch in (1, 2, 3):
            writer.save_epoch(epoch, {"loss": epoch, f"a.{epoch}": 1, f"b{epoch}": "text"}, assets=["/nothing.png"])
    journal = (Path(writer.run_directory) / "journal.jsonl").read_text()
    assert journal.count('"type":"epoch"') == 3
    assert handler.seen > 3


def test_ctrl_c_comes_out_of_the_log(all_is_logged: logging.Logger) -> None:
    all_is_logged.addHandler(Raising(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        Log("marcelle_rt").info("anything")


def test_a_line_says_where_it_comes_from_and_has_no_secret_not_in_its_traceback_either(
    caplog: pytest.LogCaptureFixture,
) -> None:
    keep_secret("correct-horse")
    with caplog.at_level(logging.INFO, "marcelle_rt.tried"):
        try:
            raise ValueError("correct-horse is not known")
        except ValueError as error:
            log, line = Log("marcelle_rt.tried"), sys._getframe().f_lineno + 1
            log.info("%d%% of %s were told", 5, error)
            log.exception("it failed")
            log.info("so it is", exc_info=error)
            log.info("100% as it is")
    first, failed, again, last = caplog.records
    assert (first.name, first.filename, first.lineno, failed.levelname) == (log.name, "test_notices.py", line, "ERROR")
    assert first.getMessage() == "5% of *** is not known were told"
    for record, begin in ((failed, "it failed\nTraceback"), (again, "so it is\nTraceback")):
        assert record.getMessage().startswith(begin)
        assert record.getMessage().endswith("\nValueError: *** is not known")
    assert last.getMessage() == "100% as it is"
    assert "correct-horse" not in caplog.text


def test_what_cannot_be_written_raises_nothing() -> None:
    Log("marcelle_rt").error("%d epochs", "three")


@pytest.mark.parametrize("methods", [("write",), ("write", "closed"), ("write", "closed", "isatty")])
def test_a_stderr_of_a_programs_own_gets_no_bar_where_it_cannot_be_asked(
    methods: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = type("Own", (), {"write": print, "closed": False, "isatty": lambda self: 1 / 0})
    for name in {"write", "closed", "isatty"} - set(methods):
        delattr(own, name)
    monkeypatch.setattr(sys, "stderr", own())
    assert no_bar() is True


@pytest.mark.parametrize("hidden", [True, False])
def test_a_bar_leaves_no_thread_behind(hidden: bool, capsys: pytest.CaptureFixture[str]) -> None:
    before = set(threading.enumerate())
    assert list(bar(range(3), desc="Counting", disable=hidden)) == [0, 1, 2]
    assert set(threading.enumerate()) <= before
    assert ("Counting" in capsys.readouterr().err) is not hidden
