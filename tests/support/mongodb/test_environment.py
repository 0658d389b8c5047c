"""What is said where the MongoDB server can't run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.mongodb import environment


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MARCELLE_RT_CACHE", str(tmp_path))


def test_a_machine_without_a_new_python_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "_candidates", lambda: iter(["no-such-python", "/dev/null"]))
    with pytest.raises(environment.NoMongoDB, match=r"Python 3\.13 or newer.*uv python install 3\.13"):
        environment.python()


def test_what_can_not_be_installed_says_why_and_is_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    refusing = tmp_path / "python"
    refusing.write_text("#!/bin/sh\ncase \"$2\" in *ensurepip*) exit 0;; esac\necho 'no room' >&2; exit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setattr(environment, "_candidates", lambda: iter([str(refusing)]))

    for _ in range(2):
        with pytest.raises(environment.NoMongoDB, match="no room"):
            environment.python()
