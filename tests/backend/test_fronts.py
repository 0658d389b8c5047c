"""A backend behind nginx or Caddy with TLS, configured as docs/reach.md says, where one of them is installed."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trustme

from marcelle_rt import DataStore, Remote, Writer
from marcelle_rt.backend import Backend, users
from marcelle_rt.commands import http
from tests.backend.fronts import FRONTS, NAME, front, resolving
from tests.helpers import eventually, free_port
from tests.support.accounts import ADA, EMAIL, PASSWORD
from tests.support.command import marcelle_rt

DASHBOARD = "https://dashboard.example.org"


class Behind(NamedTuple):
    """A backend and its address outside."""

    backend: Backend
    url: str


if FRONTS:  # and no skipped test where there is none: in CI a skipped test has failed

    @pytest.fixture(scope="module", params=FRONTS)
    def behind(
        request: pytest.FixtureRequest, node: None, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Behind]:
        """A backend with a sign-in, behind each of those that are installed."""
        folder = tmp_path_factory.mktemp(request.param)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(folder / "authority.pem"))
        port = free_port()
        url = f"https://{NAME}:{port}"
        with pytest.MonkeyPatch.context() as patched, Backend(auth=True, allow_origin=[url, DASHBOARD]) as backend:
            patched.setenv("MARCELLE_CA_BUNDLE", str(folder / "authority.pem"))
            patched.setattr(socket, "getaddrinfo", resolving(socket.getaddrinfo))
            users.add(backend.data, EMAIL, PASSWORD)
            with front(request.param, port, backend.url, folder / "front", authority):
                yield Behind(backend, url)

    def test_a_training_streams_through_it(behind: Behind, tmp_path: Path) -> None:
        seen: list[dict[str, Any]] = []
        with DataStore(behind.url, **ADA) as store:
            store.service("runs").on("patched", seen.append)
            with Remote(store) as remote, Writer("a", base_log_dir=tmp_path / "logs", remote=remote) as writer:
                writer.create_run()
                writer.train_begin(3)
                for epoch in range(3):
                    assert writer.flush(20)
                    writer.save_epoch(epoch, {"loss": 1.0 / (epoch + 1)})
                writer.train_end()
            (run,) = store.service("runs").find()["data"]
            assert run["logs"]["loss"] == [1, 0.5, 1 / 3]
            assert eventually(lambda: seen and seen[-1]["status"] == "success")

    def test_a_large_file_goes_through_it(behind: Behind, tmp_path: Path) -> None:
        weights = tmp_path / "model.weights.bin"
        weights.write_bytes(bytes(range(256)) * 4096 * 12)  # 12 MB; by itself nginx takes one
        with DataStore(behind.url, **ADA) as store:
            file = ("model.weights.bin", "model.weights.bin", weights, "application/octet-stream")
            ((_, stored),) = store.uploads.post_files("tfjs-models/upload", [file])

        assert (behind.backend.data / "uploads" / "tfjs" / stored).read_bytes() == weights.read_bytes()

    def test_pages_that_were_named_may_use_it_and_others_may_not(behind: Behind) -> None:
        for origin in (DASHBOARD, behind.url):
            answer = http.get(behind.url, headers={"Origin": origin})
            assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, origin)
        refused = http.get(behind.url, headers={"Origin": "https://evil.example"})
        assert (refused.status, refused.headers["Access-Control-Allow-Origin"]) == (403, None)

    def test_the_doctor_finds_nothing_wrong(behind: Behind) -> None:
        done = marcelle_rt("doctor", MARCELLE_BACKEND=behind.url, MARCELLE_EMAIL=EMAIL, MARCELLE_PASSWORD=PASSWORD)

        assert done.returncode == 0, done.stdout
        assert f"other machines reach it at {NAME}, and need a login" in done.stdout
        assert "980 kB comes through" in done.stdout
        assert "pages of strangers are refused" in done.stdout
