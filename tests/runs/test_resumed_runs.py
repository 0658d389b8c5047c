"""A run that goes on: how it ends, and where it goes on, without a backend."""

from __future__ import annotations

from pathlib import Path

import numpy as np
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


HALVES = [0.5, 1, 1.5, 2, 2.5, 3]


@pytest.mark.filterwarnings("ignore::marcelle_rt.notices.MarcelleWarning")
@pytest.mark.parametrize(
    ("saved", "on", "kept"),
    [
        ([1, 2, 3], 2.5, [1, 2]),
        ([1, 2, 3], 3.0, [1, 2]),
        (HALVES, 2.5, [0.5, 1, 1.5, 2]),
        (HALVES, 2.25, [0.5, 1, 1.5, 2]),
        (HALVES, 2, [0.5, 1, 1.5]),
        (HALVES, 2.75, [0.5, 1, 1.5, 2, 2.5]),
        ([0.5, 1.5, 2.5], 1.5, [0.5]),
        ([0.5, 1.5, 2.5], 0.25, []),
    ],
)
def test_a_run_goes_on_at_a_fraction_of_an_epoch_with_what_it_had_before(
    saved: list[float], on: float, kept: list[float], tmp_path: Path
) -> None:
    writer = Writer("halves", remote=False, base_log_dir=tmp_path)
    writer.create_run()
    for epoch in saved:
        writer.save_epoch(epoch, {"loss": epoch}, assets={f"at {epoch}": np.zeros((1, 1))})
    writer.end("error", "cut off")
    for again in range(2):  # the journal of a resumed run tells of its fractions too
        writer = Writer.resume(str(writer.run_directory), remote=False)
        writer.save_epoch(on, {"loss": again}, assets={f"at {on}": np.zeros((1, 1))})
        if on == 2.5:
            writer.save_epoch(on + 0.25, {"loss": -1})
            assert document(writer)["logs"] == {"loss": [*kept, again, -1]}
        else:
            assert document(writer)["logs"] == {"loss": [*kept, again]}
        assert [asset["filename"] for asset in document(writer)["assets"]] == [f"at {at}.png" for at in [*kept, on]]
        writer.end("error", "cut off")
