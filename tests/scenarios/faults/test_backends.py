"""Backends that die, come late, never come, lose their memory, or are replaced while a training goes on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from tests.support.command import marcelle_rt
from tests.support.proxy import Proxy
from tests.support.trainings.live_training import Live
from tests.support.trainings.program import logs_of


def test_a_backend_that_is_killed_and_started_again_in_mid_run_gets_everything(
    own_backend: Callable[..., Backend], train: Callable[..., Live]
) -> None:
    backend = own_backend()
    live = train(backend.url)
    live.save(1, 2, files=True)
    assert live.writer.flush()
    live.save(3, 4, files=True)  # what is under way just now is torn
    assert backend.process is not None
    backend.process.kill()
    backend.stop()
    live.save(5, 6, files=True)
    backend.start()
    live.writer.train_end()
    assert live.is_complete(backend)


def test_a_backend_that_comes_after_the_training_has_begun_gets_everything(
    backend: Backend, proxy: Proxy, train: Callable[..., Live]
) -> None:
    proxy.refuse()
    live = train(proxy.url)
    live.save(1, 2, files=True)
    assert not live.writer.flush(timeout=0.5)
    live.save(3)
    proxy.allow()
    live.writer.train_end()
    assert live.is_complete(backend)
    assert len(live.said) == 1


def test_a_backend_that_never_comes_gets_everything_by_upload(
    backend: Backend, unused_url: str, train: Callable[..., Live]
) -> None:
    live = train(unused_url, finish_timeout=0.5)
    live.save(1, 2, files=True)
    live.writer.train_end()
    command = f"marcelle-rt upload {live.directory}"
    assert command in live.said[-1]
    for _ in range(2):  # the second time nothing is sent
        done = marcelle_rt(*command.split()[1:], "--backend", backend.url)
        assert done.returncode == 0, done.stdout + done.stderr
        assert live.is_complete(backend)


def test_a_backend_restored_from_yesterday_gets_what_it_lost(
    own_backend: Callable[..., Backend], train: Callable[..., Live], tmp_path: Path
) -> None:
    backend = own_backend(data=tmp_path / "data")
    live = train(backend.url)
    live.save(1, 2, files=True)
    assert live.writer.flush()
    backend.stop()
    shutil.copytree(backend.data, tmp_path / "yesterday")
    backend.start()
    live.save(3, 4, assets=True)
    assert live.writer.flush()
    assert live.is_complete(backend)
    backend.stop()
    shutil.rmtree(backend.data)
    shutil.copytree(tmp_path / "yesterday", backend.data)
    backend.start()
    live.save(5)
    live.writer.train_end()
    assert live.is_complete(backend)


def test_a_backend_whose_protocol_changes_gets_everything_and_so_does_the_old_one_when_it_is_back(
    own_backend: Callable[..., Backend], feathers5: str, train: Callable[..., Live]
) -> None:
    backend = own_backend()
    with Proxy(backend.url) as proxy:
        live = train(proxy.url)
        live.save(1)
        assert live.writer.flush()
        proxy.retarget(feathers5)
        proxy.cut()
        live.save(2)
        assert live.writer.flush()
        with DataStore(feathers5) as store:
            (run,) = store.service("runs").items({"basename": live.writer.name})
        assert run["logs"] == {key: [logs_of(n)[key] for n in (1, 2)] for key in logs_of(0)}
        proxy.retarget(backend.url)
        proxy.cut()
        live.save(3)
        live.writer.train_end()
    assert live.is_complete(backend)
