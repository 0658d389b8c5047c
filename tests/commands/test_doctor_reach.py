"""What `marcelle-rt doctor` says of backends that let anybody in, and of data that others can read."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from marcelle_rt.backend import Backend, users
from marcelle_rt.backend.node import find_node
from marcelle_rt.backend.packages import install
from marcelle_rt.backend.process import NodeProcess
from marcelle_rt.commands.backend import reach
from tests.support.accounts import ADA, EMAIL, PASSWORD
from tests.support.command import answer_of, marcelle_rt


def found(url: str, **environment: str) -> dict[str, dict[str, str]]:
    """The checks by their names."""
    done = marcelle_rt("doctor", "--json", MARCELLE_BACKEND=url, **environment)
    return {check["name"]: check for check in json.loads(done.stdout)["checks"]}


@contextmanager
def unguarded(folder: Path, host: str = "127.0.0.1") -> Iterator[str]:
    """The backend as it comes."""
    packages = install()
    config = {"nedb": str(folder / "db"), "uploads": str(folder / "up"), "whitelist": {"services": "*"}}
    env = {
        **os.environ,
        "NODE_ENV": "production",
        "NODE_CONFIG": json.dumps(config),
        "NODE_CONFIG_DIR": str(packages / "node_modules" / "@marcellejs" / "backend" / "config"),
    }
    script = Path(__file__).parents[1] / "support" / "unguarded.js"
    command = [find_node().executable, str(script), str(packages), host, "0"]
    process = NodeProcess(command, log=folder / "log", env=env)
    try:
        yield f"http://127.0.0.1:{process.ready['port']}"
    finally:
        process.stop()


@pytest.fixture
def outward() -> str:
    """An address of this machine that others reach."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        try:
            line.connect(("192.0.2.1", 9))
        except OSError:
            pytest.fail("this machine has no address but loopback")
        return str(line.getsockname()[0])


def test_a_backend_without_a_guard_is_told_and_nothing_is_left_there(node: None, tmp_path: Path) -> None:
    with unguarded(tmp_path) as url:
        check = found(url)["guard"]
        assert answer_of("runs", "list", "--backend", url) == []

    assert check["verdict"] == "note"
    assert check["found"] == "it has none: it answers pages of any origin and goes by any name"
    assert "Any web page may read and change" in check["mend"]


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="Linux tells which program listens")
def test_a_guarded_backend_of_this_machine_is_fine_until_others_can_read_its_data(
    own_backend: Callable[..., Backend],
) -> None:
    backend = own_backend()

    checks = found(backend.url)

    assert {checks[name]["verdict"] for name in ("guard", "reach", "data")} == {"ok"}
    assert "this machine alone" in checks["reach"]["found"]
    assert str(backend.data) in checks["data"]["found"]

    backend.data.chmod(0o755)
    check = found(backend.url)["data"]

    assert check["verdict"] == "note"
    assert check["found"] == f"other users of this machine can read {backend.data}"
    assert check["mend"].startswith(f"Close it: chmod -R go= {backend.data}")


def test_a_backend_that_a_network_reaches_without_a_login_is_told(
    own_backend: Callable[..., Backend], outward: str, unused_url: str
) -> None:
    backend = own_backend(host="0.0.0.0", open=True)

    for url in (backend.url, f"http://{outward}:{backend.port}"):
        check = found(url)["reach"]
        assert (check["verdict"], check["found"]) == (
            "note",
            f"other machines reach it at {outward}, and need no login",
        )
        assert "--auth" in check["mend"]
    its_own_addresses_are_not_asked_for_by_a_proxy(backend, outward, unused_url)


def its_own_addresses_are_not_asked_for_by_a_proxy(backend: Backend, outward: str, proxy: str) -> None:
    check = found(backend.url, HTTP_PROXY=proxy, http_proxy=proxy)["reach"]

    assert outward in check["found"]


def test_a_backend_that_a_network_reaches_with_a_login_is_fine(
    own_backend: Callable[..., Backend], outward: str
) -> None:
    backend = own_backend(host="0.0.0.0", auth=True)
    users.add(backend.data, EMAIL, PASSWORD)

    for environment in ({}, {"MARCELLE_EMAIL": EMAIL, "MARCELLE_PASSWORD": ADA["password"]}):
        check = found(backend.url, **environment)["reach"]
        assert (check["verdict"], "need a login" in check["found"]) == ("ok", True)


def test_of_a_port_where_nothing_of_ours_listens_no_folder_is_known(unused_url: str) -> None:
    assert reach.data(unused_url) is None
    assert reach.data("http://backend.invalid") is None
