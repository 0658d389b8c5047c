"""What of a run is read from its journal again, and when it lets go of what its copies have."""

from __future__ import annotations

from pathlib import Path

import pytest

from marcelle_rt.runs.document import events, tail
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.folder.journal import Journal
from marcelle_rt.runs.sync import past
from marcelle_rt.runs.sync.past import Past
from tests.runs.sync.memory_feed import RUN
from tests.support.runs import epoch


def test_what_is_not_folded_yet_is_not_read(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for event in (events.create(0, "r", RUN), *(epoch(n) for n in range(5))):
        journal.append(event)
    made = Past(Run(), journal, 3)
    assert made.run().logs() == {"loss": [0.0, 1 / 7]}
    made.folded += 1
    assert len(list(made.events())) == 4
    journal.close()


@pytest.mark.parametrize(("room", "stays"), [(2, 5), (1, 5), (0, 0), (-1, 0)])
def test_a_run_lets_go_as_soon_as_it_holds_as_much_as_it_may(
    room: int, stays: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, run = Journal(tmp_path), Run()
    for event in (events.create(0, "r", RUN), *(epoch(n) for n in range(5))):
        journal.append(event)
        run.apply(event)
    monkeypatch.setattr(past, "_HELD", tail.held(run) + room)
    held = tail.held(run)
    made = Past(run, journal, 6)
    made.forget(None)
    assert tail.held(run) == (held if stays else 0)
    assert made.due == (run.version + room // 3 if room > 0 else 0)
    journal.close()
