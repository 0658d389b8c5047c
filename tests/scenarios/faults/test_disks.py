"""Disks that are full: the training goes on, the backend gets everything, and no part of a file stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from marcelle_rt.backend import Backend
from tests.support.small_disk import Disk, small_disk
from tests.support.trainings.live_training import Live


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path / "disk") as made:
        yield made


def test_a_disk_that_is_full_for_a_while_costs_no_epoch_and_leaves_no_part_of_a_file(
    backend: Backend, disk: Disk, train: Callable[..., Live]
) -> None:
    live = train(backend.url, base_log_dir=disk.folder / "logs")
    live.save(1, files=True)
    assert live.writer.flush()
    before = {path for path in live.directory.rglob("*") if path.is_file()}
    disk.fill()
    live.save(*range(2, 402))
    live.save(402, files=True)  # neither the checkpoint nor the asset has room
    live.files_saved -= 2
    assert not live.writer.flush()  # the backend has it all, and the folder does not
    assert live.writer.status.problem == "No space left on device"
    assert {path for path in live.directory.rglob("*") if path.is_file()} == before
    told = " ".join(live.said)
    assert "can't be written" in told
    assert "checkpoint of epoch 402 was not saved" in told
    assert "fig.png is not kept" in told
    disk.free()
    live.save(403, files=True)
    live.writer.train_end()
    assert live.is_complete(backend)


def test_what_is_only_in_memory_is_not_said_to_be_in_the_folder(
    unused_url: str, disk: Disk, train: Callable[..., Live]
) -> None:
    live = train(unused_url, base_log_dir=disk.folder / "logs", finish_timeout=0.2)
    live.save(1)
    disk.fill()
    live.save(*range(2, 402))
    live.writer.train_end()
    assert "what its disk took is kept in" in live.said[-1]
    assert "all of it is kept" not in live.said[-1]
