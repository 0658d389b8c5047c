"""What a notebook shows of our objects: what they are, and nothing that others could put into the page."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from marcelle_rt import Dataset, DataStore, Remote, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.cards import card

NOBODY = "http://127.0.0.1:9"


def test_a_card_escapes_what_it_shows_and_links_addresses() -> None:
    shown = card("<b>", {"a&b": "<script>", "backend": "http://x/?a=<b>&c", "none": None})

    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert '<a href="http://x/?a=&lt;b&gt;&amp;c"' in shown
    assert "none" not in shown


def test_stores_services_remotes_and_datasets_say_where_they_are() -> None:
    store = DataStore(NOBODY)
    for thing, title in (
        (store, "DataStore"),
        (store.service("runs"), "Service runs"),
        (Remote(store), "Remote"),
        (Dataset(store, "digits"), "Dataset digits"),
    ):
        assert f"<b>{title}</b>" in thing._repr_html_()
        assert f'href="{NOBODY}"' in thing._repr_html_()
    assert store.status == "disconnected"


def test_a_run_says_its_name_its_epoch_and_its_folder(backend: Backend, tmp_path: Path) -> None:
    name = uuid.uuid4().hex
    writer = Writer(name, backend.url, base_log_dir=tmp_path)
    assert "none yet" in writer._repr_html_()

    writer.create_run()
    writer.save_epoch(3, {"loss": 1.0})
    writer.train_end()

    shown = writer._repr_html_()
    for text in (f"{name}-1", "success", ">3<", str(writer.run_directory), backend.url):
        assert text in shown


def test_a_callback_shows_its_writer(tmp_path: Path) -> None:
    pytest.importorskip("keras")
    from marcelle_rt import KerasCallback

    callback = KerasCallback("named", NOBODY, base_log_dir=tmp_path)

    assert "<b>KerasCallback named</b>" in callback._repr_html_()
