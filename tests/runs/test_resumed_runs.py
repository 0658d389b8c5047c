"""A run that goes on: how it ends, and where it goes on, without a backend."""

from __future__ import annotations

from pathlib import Path

import pytest

from marcelle_rt import Writer
from tests.support.writers import document


@pytest.mark.parametrize(
    ("ended", "then", "status", "error"),
    [
        (("error", "CUDA out of memory"), "", "error", "CUDA out of memory"),
        (("success", None), "", "success", None),
        (("stopped", "by Ada"), "", "success", None),
        (("error", "CUDA out of memory"), "begin", "error", "ended after 1 of 6 epochs"),
        (("error", "CUDA out of memory"), "epoch", "error", "ended after 2 of 6 epochs"),
        (("error", "CUDA out of memory"), "epochs", "success", None),
        (("error", "CUDA out of memory"), "end", "success", None),
    ],
)
def test_a_run_that_is_resumed_and_closed_ends_by_what_it_had_planned_or_as_it_had_ended(
    ended: tuple[str, str | None], then: str, status: str, error: str | None, tmp_path: Path
) -> None:
    writer = Writer("closed", remote=False, base_log_dir=tmp_path)
    writer.create_run()
    writer.train_begin(6)
    writer.save_epoch(1, {"loss": 1})
    writer.end(*ended)
    again = Writer.resume(str(writer.run_directory), remote=False)
    assert again.planned_epochs == 6
    if then == "begin":
        again.train_begin(6)
        assert document(again)["error"] is None
    for epoch in range(2, {"epoch": 3, "epochs": 7}.get(then, 2)):
        again.save_epoch(epoch, {"loss": 1})
    if then == "end":
        again.train_end()
    again.close()
    told = document(again)
    assert (told["status"], told.get("error")) == (status, error)
    if ended[0] == "stopped":
        assert (told["outcome"], told["reason"]) == ended
