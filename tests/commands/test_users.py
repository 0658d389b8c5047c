"""`marcelle-rt backend user`, as people and scripts run it."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend, users
from tests.support.accounts import EMAIL, PASSWORD
from tests.support.command import marcelle_rt, surroundings


@pytest.fixture
def data(asking: Backend) -> Path:
    """The data of a backend that runs with a sign-in."""
    return asking.data


def test_a_password_can_be_piped_in(asking: Backend) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "marcelle_rt", "backend", "user", "add", EMAIL, "--data", str(asking.data)],
        input=f"{PASSWORD}\n",
        text=True,
        capture_output=True,
        env=surroundings({}),
        timeout=60,
    )

    assert (done.returncode, done.stdout) == (0, "")
    assert f"{EMAIL} has an account now" in done.stderr
    assert PASSWORD not in done.stderr
    with DataStore(asking.url) as store:
        store.login(EMAIL, PASSWORD)


def typed(data: Path, *passwords: str) -> tuple[int, str]:
    """Adds a user at a terminal, where each password is typed once it is asked for; the exit code and all shown."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "marcelle_rt", "backend", "user", "add", EMAIL, "--data", str(data)]
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    process = subprocess.Popen(command, env=surroundings({}), start_new_session=True, **streams)
    os.close(theirs)
    shown, waiting = "", list(passwords)
    while select.select([ours], [], [], 60)[0]:
        try:
            shown += os.read(ours, 65536).decode()
        except OSError:  # Linux: the other side is closed
            break
        if waiting and shown.endswith(": "):
            os.write(ours, f"{waiting.pop(0)}\n".encode())
    os.close(ours)
    return process.wait(60), shown


def test_a_password_is_typed_twice_and_never_shown(data: Path) -> None:
    code, shown = typed(data, PASSWORD, PASSWORD)

    assert code == 0
    assert f"Password for {EMAIL}" in shown
    assert PASSWORD not in shown
    assert [user.email for user in users.every(data)] == [EMAIL]


def test_two_passwords_that_differ_change_nothing(data: Path) -> None:
    code, shown = typed(data, PASSWORD, "another one")

    assert code == 1
    assert "The two passwords differ; nothing was changed." in shown
    assert users.every(data) == []


def test_a_password_of_the_environment_is_taken_and_that_is_said(data: Path) -> None:
    done = marcelle_rt("backend", "user", "add", EMAIL, "--data", data, MARCELLE_PASSWORD=PASSWORD)

    assert done.returncode == 0
    assert "the one in MARCELLE_PASSWORD" in done.stderr
    assert PASSWORD not in done.stderr


def test_users_are_listed_for_people_and_for_scripts(data: Path) -> None:
    empty = marcelle_rt("backend", "user", "list", "--data", data)
    assert (empty.returncode, empty.stdout) == (0, "")
    assert "Nobody has an account" in empty.stderr
    users.add(data, EMAIL, PASSWORD)

    shown = marcelle_rt("backend", "user", "list", "--data", data).stdout.splitlines()
    listed = json.loads(marcelle_rt("backend", "user", "list", "--data", data, "--json").stdout)

    assert shown[0].split() == ["e-mail", "role", "created"]
    assert shown[1].split()[:2] == [EMAIL, "editor"]
    assert [(user["email"], user["role"]) for user in listed] == [(EMAIL, "editor")]
    assert listed[0]["created"].startswith("20")


def test_a_password_is_changed_and_an_account_removed(data: Path) -> None:
    users.add(data, EMAIL, PASSWORD)

    changed = marcelle_rt("backend", "user", "password", EMAIL, "--data", data, MARCELLE_PASSWORD="another one")
    removed = marcelle_rt("backend", "user", "remove", EMAIL, "--data", data)

    assert (changed.returncode, removed.returncode) == (0, 0)
    assert "stay valid for a day at most" in changed.stderr
    assert "Runs and files of theirs are still there" in removed.stderr
    assert users.every(data) == []


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["add", EMAIL], "The password is empty."),
        (["add", "ada"], "'ada' is not an e-mail address"),
        (["remove", EMAIL], f"Nobody has an account as {EMAIL}"),
        (["password", EMAIL], "The password is empty."),
    ],
)
def test_what_can_not_be_done_is_one_sentence(data: Path, arguments: list[str], why: str) -> None:
    done = marcelle_rt("backend", "user", *arguments, "--data", data)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("marcelle-rt: ")
    assert why in done.stderr


def test_a_password_is_not_taken_from_the_command_line(data: Path) -> None:
    done = marcelle_rt("backend", "user", "add", EMAIL, PASSWORD, "--data", data)

    assert done.returncode == 2
    assert users.every(data) == []


def test_the_data_has_to_be_named() -> None:
    assert marcelle_rt("backend", "user", "list").returncode == 2


def test_options_of_the_backend_before_user_are_refused(tmp_path: Path) -> None:
    done = marcelle_rt("backend", "--data", tmp_path, "user", "list")

    assert done.returncode == 2
    assert "options of user go after it" in done.stderr


def test_the_start_says_how_accounts_are_made(node: None, tmp_path: Path) -> None:
    command = [sys.executable, "-u", "-m", "marcelle_rt", "backend", "--auth", "--port", "0", "--data", "my data"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, env=surroundings({})) as running:
        assert running.stdout is not None
        said = [running.stdout.readline() for _ in range(5)]
        running.terminate()

    assert said[2] == "It can be reached by every user and program of this machine, and used with an account.\n"
    assert said[4] == f"marcelle-rt backend user add EMAIL --data '{tmp_path}/my data' creates accounts.\n"
