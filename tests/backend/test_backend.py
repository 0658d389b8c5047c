"""The backend as a context manager, on the real thing."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt.backend import Backend, BackendError
from marcelle_rt.backend.packages import folder_of, install
from tests.helpers import eventually, is_running


def call(url: str, body: object = None) -> Any:
    """One REST call: a POST where there is a body."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def listening_addresses(port: int) -> set[str]:
    """The local addresses, as the kernel writes them, on which something listens at that port."""
    lines = [
        line.split()
        for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
        for line in table.read_text().splitlines()[1:]
    ]
    return {local.split(":")[0] for _, local, _, state, *_ in lines if state == "0A" and local.endswith(f":{port:04X}")}


def test_it_answers_as_soon_as_it_has_started(backend: Backend) -> None:
    assert "services" in call(f"{backend.url}/info")


def test_what_node_has_compiled_is_kept_and_where_it_can_not_be_the_backend_runs_all_the_same(
    node: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = install()
    monkeypatch.setenv("MARCELLE_RT_CACHE", str(tmp_path))
    folder = folder_of()
    folder.mkdir(parents=True)
    (folder / "node_modules").symlink_to(installed / "node_modules")
    compiled = folder / "compiled"

    with Backend():
        pass
    assert 900 < len(list(compiled.rglob("*"))) < 1100  # 1,300 with what a backend on files never uses

    compiled.rename(tmp_path / "away")
    compiled.write_text("a file stands where the folder should be")
    with Backend() as backend:
        assert "services" in call(f"{backend.url}/info")


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads Linux's table of sockets")
def test_it_listens_on_the_loopback_interface_alone(backend: Backend) -> None:
    assert listening_addresses(backend.port) == {"0100007F"}


def test_it_takes_documents_of_any_service(backend: Backend) -> None:
    created = call(f"{backend.url}/anything-at-all", {"a": 1})

    assert call(f"{backend.url}/anything-at-all/{created['_id']}")["a"] == 1


def test_temporary_data_and_the_port_stay_over_a_restart_and_the_data_are_removed_at_the_end(node: None) -> None:
    with Backend() as backend:
        created = call(f"{backend.url}/things", {"a": 1})
        port = backend.port
        backend.stop()
        assert backend.process is None
        backend.start()
        assert backend.port == port
        assert call(f"{backend.url}/things/{created['_id']}")["a"] == 1

    assert not backend.data.exists()


def test_a_taken_port_is_named(own_backend: Callable[..., Backend]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(BackendError, match=rf"127\.0\.0\.1:{port} is taken"):
            own_backend(port=port)


def test_an_address_of_another_machine_is_refused(own_backend: Callable[..., Backend]) -> None:
    with pytest.raises(BackendError, match="is not an address of this machine"):
        own_backend(host="192.0.2.1", open=True)


def test_two_backends_never_share_their_data(own_backend: Callable[..., Backend], backend: Backend) -> None:
    with pytest.raises(BackendError, match="Another backend uses the data"):
        own_backend(data=backend.data)


def test_a_data_folder_that_cannot_be_made_is_named(own_backend: Callable[..., Backend], tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(BackendError, match="file/data"):
        own_backend(data=tmp_path / "file" / "data")


def test_each_backend_signs_with_a_secret_of_its_own_that_others_cannot_read(backend: Backend, asking: Backend) -> None:
    first, second = backend.data / "secret", asking.data / "secret"

    assert first.read_text() != second.read_text()
    assert first.stat().st_mode & 0o077 == 0


def test_with_auth_alone_nobody_signs_up(asking: Backend) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        call(f"{asking.url}/users", {"email": "ada@example.com", "password": "correct horse"})


def test_signup_without_auth_is_refused_with_the_way_out() -> None:
    with pytest.raises(BackendError, match=r"--signup \(signup=True\) needs --auth \(auth=True\)"):
        Backend(signup=True)


def test_a_killed_parent_takes_the_backend_along(node: None) -> None:
    program = (
        "from marcelle_rt.backend import Backend\nb = Backend().start()\nprint(b.process.pid, flush=True)\ninput()"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert is_running(pid)

    parent.kill()
    parent.communicate()

    assert eventually(lambda: not is_running(pid))


def test_a_forked_child_leaves_the_parents_backend_alone(own_backend: Callable[..., Backend]) -> None:
    backend = own_backend()
    child = os.fork()
    if child == 0:
        backend.stop()
        os._exit(0)
    os.waitpid(child, 0)

    assert "services" in call(f"{backend.url}/info")


def test_ctrl_c_in_a_terminal_does_not_reach_the_backend_before_python_has_ended(backend: Backend) -> None:
    assert backend.process is not None

    assert os.getpgid(backend.process.pid) != os.getpgid(os.getpid())


def test_a_script_that_fails_is_told_with_its_log(own_backend: Callable[..., Backend], tmp_path: Path) -> None:
    (tmp_path / "db").write_text("a file where the database wants a folder")

    with pytest.raises(BackendError, match=r"(?s)backend\.log, ends with:.*(EEXIST|ENOTDIR)"):
        own_backend(data=tmp_path)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_the_command_ends_by_a_signal_and_leaves_nothing_running(node: None, sent: signal.Signals) -> None:
    command = [sys.executable, "-c", "from marcelle_rt.cli import main; main()", "backend", "--port", "0"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    assert running.stdout is not None
    url = running.stdout.readline().split(" at ")[1].split()[0]
    assert "services" in call(f"{url}/info")

    running.send_signal(sent)
    running.communicate(timeout=20)

    assert running.returncode == 130
    with pytest.raises(urllib.error.URLError):
        call(f"{url}/info")
