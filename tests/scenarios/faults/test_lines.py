"""Lines that break between a training and its backend: nothing is lost, and nothing is there twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from marcelle_rt import DataStore, Remote
from marcelle_rt.backend import Backend
from marcelle_rt.runs.sync.publisher import publisher_for
from tests.helpers import eventually
from tests.support.clock import Clock
from tests.support.proxy import Proxy
from tests.support.trainings.audit import folders_of_nobody
from tests.support.trainings.live_training import Live


def test_a_line_that_is_cut_for_a_second_costs_nothing(
    backend: Backend, proxy: Proxy, train: Callable[..., Live]
) -> None:
    live = train(proxy.url)
    live.save(1, 2, files=True)
    assert live.writer.flush()
    proxy.refuse()
    cut_at = time.monotonic()
    live.save(3, 4, files=True)
    eventually(lambda: time.monotonic() > cut_at + 1)
    live.save(5)
    proxy.allow()
    live.writer.train_end()
    assert live.is_complete(backend)


def test_a_line_that_is_cut_for_ten_minutes_costs_nothing(
    backend: Backend, proxy: Proxy, train: Callable[..., Live]
) -> None:
    clock = Clock()
    with DataStore(proxy.url, timeout=0.1) as store, Remote(store) as remote:
        live = train(None, remote=remote, clock=clock)
        publisher = publisher_for(remote.link, clock)

        def a_second_later() -> bool:
            clock.now += 1
            publisher.wake()
            return live.writer.status.complete

        live.save(1, files=True)
        eventually(a_second_later, timeout=30)
        proxy.refuse()
        for minute in range(2, 12):
            live.save(minute, files=minute == 5)
            eventually(lambda: publisher._away_until > clock())
            clock.now += 60
        proxy.allow()
        live.writer.finish_timeout = 0.0
        live.writer.end("success")
        eventually(a_second_later, timeout=30)
        assert live.is_complete(backend)
        assert len([text for text in live.said if "The training goes on" in text]) == 1


def test_answers_that_are_lost_after_the_write_make_nothing_twice(
    own_backend: Callable[..., Backend], train: Callable[..., Live]
) -> None:
    backend = own_backend()
    uploads = [b'"model.json","', b'/fig.png"}']
    documents = [b'"status":"epoch"', b'"tfjsModelFormat"', b'"url":"']
    with Proxy(backend.url) as proxy:
        proxy.lose(b'"params":', 2)
        live = train(proxy.url)
        assert live.writer.flush()
        for answer in (*documents, *uploads):
            proxy.lose(answer, 2)
        live.save(1, 2, 3, files=True)
        assert live.writer.flush()
        assert proxy.to_lose == 0
        live.writer.train_end()
    assert live.is_complete(backend)
    # A backend tells nobody the names of the folders whose answers were lost; they are in no document.
    assert folders_of_nobody(backend) <= 2 * len(uploads)


def test_a_line_that_is_cut_in_the_middle_of_a_file_sends_it_again(
    backend: Backend, proxy: Proxy, train: Callable[..., Live], tmp_path: Path
) -> None:
    live = train(proxy.url)
    live.save(1)
    assert live.writer.flush()
    large = tmp_path / "large.png"
    large.write_bytes(bytes(range(256)) * 2000)
    proxy.cut_after(200_000)
    live.writer.save_epoch(2, {"n": 2, "loss": 2 / 7}, assets=[large])
    live.saved.append(2)
    live.files_saved += 1
    live.writer.train_end()
    assert proxy.cuts == 1
    assert live.is_complete(backend)


def test_a_half_open_line_is_given_up_and_nothing_is_lost(backend: Backend, train: Callable[..., Live]) -> None:
    # The server's word of 25 s is made 1 s on its way to the client, who pings in Engine.IO 3.
    with Proxy(backend.url, {b'"pingInterval":25000': b'"pingInterval": 1000'}) as proxy:
        with Remote(proxy.url) as remote:
            live = train(None, remote=remote)
            live.save(1, files=True)
            assert live.writer.flush()
            proxy.hold()
            live.save(2, 3, files=True)
            eventually(lambda: remote.store.status == "connecting")
            live.save(4)
            proxy.cut()
            proxy.release()
            live.writer.train_end()
        assert live.is_complete(backend)


def test_a_latency_of_300_ms_slows_no_training_and_loses_nothing(
    backend: Backend, proxy: Proxy, train: Callable[..., Live]
) -> None:
    proxy.delay = 0.15  # each way
    live = train(proxy.url)
    began = time.monotonic()
    live.save(*range(1, 501))
    assert time.monotonic() - began < 10  # 500 answers would take 150 s
    live.save(501, files=True)
    live.writer.train_end()
    assert live.is_complete(backend)


def test_with_one_frame_in_a_hundred_cut_everything_arrives_once(backend: Backend, train: Callable[..., Live]) -> None:
    with Proxy(backend.url, seed=1) as proxy:
        proxy.chance = 0.01
        live = train(proxy.url)
        for epoch in range(1, 601):
            live.save(epoch, files=epoch % 10 == 0)
            assert live.writer.flush()
            if proxy.cuts >= 2:
                break
        live.writer.train_end()
        assert proxy.cuts >= 2
    assert live.is_complete(backend)
