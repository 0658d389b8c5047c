"""The script that lists what the backend's lock has without support, on an npm that answers as the registry might."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from marcelle_rt.backend.packages import BACKEND

ROOT = Path(__file__).parents[2]

NPM = """
import json, os, sys
if sys.argv[1] == "install":
    assert os.listdir() == ["package.json"]
    open("package-lock.json", "w").write(open({lock!r}).read())
elif sys.argv[1] == "ci":
    os.mkdir("node_modules")
elif sys.argv[1] == "outdated":
    print(json.dumps({outdated!r}))
    sys.exit(1)
"""


@pytest.fixture
def outdated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """Runs the script where the registry deprecates some packages, and has newer versions of others."""

    def run(deprecated: dict[str, str], newest: dict[str, object]) -> tuple[int, str]:
        lock = json.loads((BACKEND / "package-lock.json").read_text())
        for name, why in deprecated.items():
            lock["packages"][f"node_modules/{name}"]["deprecated"] = why
        (tmp_path / "lock.json").write_text(json.dumps(lock))
        (tmp_path / "npm.py").write_text(NPM.format(lock=str(tmp_path / "lock.json"), outdated=newest))
        scripts = {"node": "echo v24.19.0", "npm": f'exec "{sys.executable}" "{tmp_path}/npm.py" "$@"'}
        for name, script in scripts.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / name).chmod(0o755)
        env = {"PATH": f"{tmp_path}:/bin:/usr/bin", "MARCELLE_RT_CACHE": str(tmp_path / "cache")}
        command = [sys.executable, "scripts/outdated.py"]
        answer = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
        return answer.returncode, answer.stdout + answer.stderr

    return run


def test_a_package_that_is_deprecated_and_not_explained_is_a_failure(
    outdated: Callable[..., tuple[int, str]],
) -> None:
    code, said = outdated({"cors": "use another", "helmet": "too old"}, {})

    assert code == 1
    assert "Deprecated by their maintainers: 1\n  cors 2" in said
    assert "kept for what OVERRIDES.md tells: 1\n  helmet 4" in said


def test_packages_behind_by_a_major_version_are_listed_with_who_asks_for_them(
    outdated: Callable[..., tuple[int, str]],
) -> None:
    old = {"current": "2.5.1", "wanted": "2.5.1", "latest": "4.8.4", "dependent": "@feathersjs/socketio"}
    near = {"current": "2.8.5", "wanted": "2.8.6", "latest": "2.8.6", "dependent": "@marcellejs/backend"}

    code, said = outdated({}, {"socket.io": [old, {**old, "dependent": "other"}], "cors": near})

    assert code == 0
    assert "behind the newest: 1\n  socket.io 2.5.1, newest 4.8.4, for @feathersjs/socketio, other (see" in said
