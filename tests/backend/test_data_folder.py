"""The folder of a backend's data: closed to the other users of the machine, with a secret that is whole."""

from __future__ import annotations

import json
import os
import shutil
import stat
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend, BackendError
from marcelle_rt.backend.data_folder import close_to_others, secret
from tests.support.accounts import ADA


def open_to_others(folder: Path) -> list[str]:
    """What other users may read or write of a folder, by name."""
    everything = [folder, *folder.rglob("*")]
    return [path.name for path in everything if not path.is_symlink() and path.stat().st_mode & 0o077]


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    """What most users have, whatever the tests are run with."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def left_open(tmp_path: Path) -> Path:
    """A data folder as earlier versions left it."""
    folder = tmp_path / "data"
    (folder / "db").mkdir(parents=True)
    (folder / "uploads" / "assets" / "1").mkdir(parents=True)
    for name in ("db/users.db", "backend.log", "backend.lock", "uploads/assets/1/a.png"):
        (folder / name).write_text("")
    (folder / "secret").write_text("s" * 43)
    folder.chmod(0o755)
    return folder


@pytest.mark.parametrize("auth", [True, False])
def test_what_a_backend_makes_is_for_its_owner_alone_also_later(
    own_backend: Callable[..., Backend], tmp_path: Path, auth: bool
) -> None:
    backend = own_backend(data=tmp_path / "data", auth=auth, signup=auth)
    with DataStore(backend.url) as store:
        if auth:
            store.service("users").create(ADA)
            store.login(**ADA)
        store.service("things").create({"a": 1})
    boundary = b'--B\r\nContent-Disposition: form-data; name="a.png"; filename="a.png"\r\n\r\nPNG\r\n--B--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    if auth:
        login = json.dumps({"strategy": "local", **ADA}).encode()
        request = urllib.request.Request(f"{backend.url}/authentication", login, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            headers["Authorization"] = f"Bearer {json.load(answer)['accessToken']}"
    request = urllib.request.Request(f"{backend.url}/assets/upload", boundary, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert (backend.data / "uploads" / "assets" / json.load(answer)["a.png"]).read_bytes() == b"PNG"

    names = {path.name for path in backend.data.rglob("*")}
    assert {"db", "uploads", "things.db", "secret", "backend.log", "backend.lock", "a.png"} <= names
    assert open_to_others(backend.data) == []


def test_with_auth_a_folder_that_was_open_is_closed_and_that_is_said(
    own_backend: Callable[..., Backend], left_open: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(open_to_others(left_open)) == 10

    own_backend(data=left_open, auth=True)

    assert open_to_others(left_open) == []
    assert "Other users of this machine could read the data in" in capsys.readouterr().err
    close_to_others(left_open)
    assert capsys.readouterr().err == ""


def test_without_auth_the_rights_of_a_folder_stay_as_they_are(
    own_backend: Callable[..., Backend], left_open: Path
) -> None:
    own_backend(data=left_open)

    assert stat.S_IMODE(left_open.stat().st_mode) == 0o755


def test_a_folder_with_other_things_in_it_is_never_changed(left_open: Path) -> None:
    (left_open / "thesis.tex").write_text("")
    before = open_to_others(left_open)

    with pytest.raises(BackendError, match=r"has other things in it \(thesis\.tex\).*marcelle-data.*chmod go= "):
        close_to_others(left_open)

    assert open_to_others(left_open) == before


def test_a_folder_with_other_things_that_its_owner_has_closed_is_taken(left_open: Path) -> None:
    (left_open / "thesis.tex").write_text("")
    left_open.chmod(0o700)

    close_to_others(left_open)

    assert open_to_others(left_open) == ["thesis.tex"]


def test_a_folder_of_somebody_else_is_never_changed(left_open: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: left_open.stat().st_uid + 1)
    before = open_to_others(left_open)

    with pytest.raises(BackendError, match=r"belongs to another user"):
        close_to_others(left_open)

    assert open_to_others(left_open) == before


@pytest.mark.parametrize("name", ["db", "uploads", "uploads/linked", "uploads/note", "db/users.db"])
def test_a_link_to_what_others_can_read_is_refused_and_named(left_open: Path, tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "inner").mkdir(parents=True)
    (elsewhere / "notes").write_text("")
    link = left_open / name
    target = elsewhere / "notes" if name in ("uploads/note", "db/users.db") else elsewhere
    if link.is_dir():
        shutil.rmtree(link)
    link.unlink(missing_ok=True)
    link.symlink_to(target)
    before = open_to_others(elsewhere)

    with pytest.raises(BackendError, match=f"{link} is a link to {target}.*chmod -R go= {target}"):
        close_to_others(left_open)

    assert open_to_others(elsewhere) == before
    assert len(before) == 3


def test_what_a_link_to_a_closed_folder_leads_to_is_never_changed(left_open: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "inner").mkdir(parents=True)
    elsewhere.chmod(0o700)
    (left_open / "uploads" / "linked").symlink_to(elsewhere)
    (left_open / "uploads" / "nowhere").symlink_to(tmp_path / "nowhere")
    (left_open / "db" / "users.db").unlink()
    (left_open / "db").rmdir()
    (left_open / "db").symlink_to(elsewhere)

    close_to_others(left_open)

    assert open_to_others(elsewhere) == ["inner"]
    assert open_to_others(left_open) == []


@pytest.mark.parametrize("auth", [True, False])
@pytest.mark.parametrize("exists", [True, False])
def test_a_secret_that_is_a_link_is_refused(
    own_backend: Callable[..., Backend], left_open: Path, tmp_path: Path, auth: bool, exists: bool
) -> None:
    target = tmp_path / "secret-elsewhere"
    if exists:
        target.write_text("s" * 43)
        target.chmod(0o600)
    (left_open / "secret").unlink()
    (left_open / "secret").symlink_to(target)

    with pytest.raises(BackendError, match=rf"is a link to {target}\. Remove the link \(rm "):
        own_backend(data=left_open, auth=auth)

    assert target.exists() is exists


@pytest.mark.parametrize("name", ["backend.log", "backend.lock"])
def test_a_file_that_leads_elsewhere_is_not_written(node: None, left_open: Path, tmp_path: Path, name: str) -> None:
    target = tmp_path / "bashrc"
    target.write_text("mine")
    (left_open / name).unlink()
    (left_open / name).symlink_to(target)

    with pytest.raises(BackendError, match=r"symbolic link"):
        Backend(data=left_open).start()

    assert target.read_text() == "mine"


@pytest.mark.parametrize("cut", ["", "abc", "s" * 31, "\0" * 43, " " * 43, "é" * 43])
def test_a_secret_that_is_not_whole_is_made_anew_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], cut: str
) -> None:
    (tmp_path / "secret").write_text(cut)

    made = secret(tmp_path)

    assert len(made) >= 43
    assert "is not whole, so a new one was made" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
    assert (secret(tmp_path), capsys.readouterr().err) == (made, "")
    assert open_to_others(tmp_path / "secret") == []


def test_with_a_secret_that_was_cut_off_users_sign_in(own_backend: Callable[..., Backend], tmp_path: Path) -> None:
    (tmp_path / "secret").touch(mode=0o600)
    tmp_path.chmod(0o700)

    with DataStore(own_backend(data=tmp_path, auth=True, signup=True).url) as store:
        store.service("users").create(ADA)
        store.login(**ADA)
        assert store.service("runs").count() == 0


def test_a_secret_that_was_left_unfinished_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "secret.new").write_text("half")

    assert len(secret(tmp_path)) == 43
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_a_secret_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()

    with pytest.raises(BackendError, match=r"can't be kept in .*secret"):
        secret(tmp_path)
