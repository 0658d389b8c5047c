"""What a training draws is kept as it would be seen: figures, images, arrays."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marcelle_rt import Writer
from marcelle_rt.notices import MarcelleWarning, Notices
from marcelle_rt.runs.folder import reading
from marcelle_rt.runs.folder.files import made_asset_event

Image = pytest.importorskip("PIL.Image")


def kept(writer: Writer) -> dict[str, Any]:
    """A run's assets by their names, opened."""
    writer.train_end()
    assert writer.run_directory is not None
    run, _ = reading.read(writer.run_directory)
    assets = run.document()["assets"]
    assert all(asset["mime"] == "image/png" for asset in assets)
    return {asset["filename"]: Image.open(writer.run_directory / asset["local_path"]) for asset in assets}


def test_a_figure_is_kept_as_it_was_at_its_epoch(writer: Writer) -> None:
    figures = pytest.importorskip("matplotlib.figure")
    figure = figures.Figure(figsize=(2, 1), dpi=100)
    axes = figure.subplots()
    writer.create_run()
    writer.save_epoch(1, {}, assets=[figure])
    axes.fill_between([0, 1], [1, 1], color="black")
    writer.save_epoch(2, {}, assets={"confusion": figure})

    found = kept(writer)
    assert list(found) == ["figure.png", "confusion.png"]
    white, black = (np.asarray(image.convert("L")).mean() for image in found.values())
    assert found["figure.png"].size == (200, 100)
    assert black < white - 50


@pytest.mark.parametrize(
    ("array", "pixels"),
    [
        (np.array([[0, 255], [7, 9]], np.uint8), [[0, 255], [7, 9]]),
        (np.array([[0.0, 5.0], [10.0, np.nan]]), [[0, 128], [255, 0]]),
        (np.array([[3, 3], [3, 3]]), [[0, 0], [0, 0]]),
        (np.array([[True, False]]), [[255, 0]]),
        (np.array([[[0.0, 0.5, 1.0], [-1.0, 2.0, np.inf]]]), [[[0, 128, 255], [0, 255, 255]]]),
        (np.array([[[0, 100, 300]]], np.int64), [[[0, 100, 255]]]),
        (np.zeros((1, 2, 4), np.uint8), [[[0] * 4, [0] * 4]]),
        (np.array([[[9], [7]]], np.uint8), [[9, 7]]),
    ],
)
def test_an_array_is_shown_as_imshow_would(array: Any, pixels: Any, writer: Writer) -> None:
    writer.create_run()
    writer.save_epoch(1, {}, assets=[array])

    assert np.asarray(kept(writer)["image.png"]).tolist() == pixels


def test_names_are_free_and_stay_apart_from_the_folder(writer: Writer) -> None:
    image = Image.new("RGB", (3, 2), "red")
    writer.create_run()
    for epoch in (1, 2):
        writer.save_epoch(epoch, {}, assets={"a/../b": image, "c.png": image})

    assert writer.run_directory is not None
    assert set(kept(writer)) == {"a-..-b.png", "c.png"}
    assert {file.name for file in (writer.run_directory / "assets").iterdir()} == {
        *("a-..-b.png", "a-..-b-2.png", "c.png", "c-2.png")
    }


def test_a_file_gets_the_name_that_is_given_to_it(writer: Writer, picture: Path) -> None:
    writer.create_run()
    writer.save_epoch(1, {}, assets={"curves": picture})
    writer.save_epoch(2, {}, assets=picture)

    assert set(kept(writer)) == {"curves.png", "fig.png"}


@pytest.mark.parametrize("odd", [{"a": 1}, np.zeros((2, 2, 2)), np.zeros((0, 3)), np.array(["a"]), object(), 3.5])
def test_what_is_no_picture_is_said_in_a_line_and_raises_nothing(odd: Any, writer: Writer) -> None:
    writer.create_run()
    with pytest.warns(MarcelleWarning, match="can't be kept as an asset") as said:
        writer.save_epoch(1, {"loss": 1.0}, assets=[odd])

    assert len(str(said[0].message)) < 250
    assert kept(writer) == {}


def test_a_figure_that_can_not_be_drawn_costs_the_training_nothing(writer: Writer) -> None:
    class Broken:
        def savefig(self, path: Path, format: str) -> None:
            path.write_bytes(b"half")
            raise RuntimeError("no font")

    writer.create_run()
    with pytest.warns(MarcelleWarning, match=r"figure\.png is not kept: no font"):
        writer.save_epoch(1, {"loss": 1.0}, assets=[Broken()])
    assert writer.run_directory is not None
    assert list((writer.run_directory / "assets").iterdir()) == []


def test_a_run_without_a_folder_says_that_it_keeps_no_picture(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", MarcelleWarning)
        with Writer("w", remote=False, base_log_dir=tmp_path / "file") as writer:
            writer.create_run()
            writer.save_epoch(1, {"loss": 1.0}, assets=[np.zeros((2, 2))])
    assert any("image.png is not kept: the run has no folder" in str(one.message) for one in said)


def test_a_name_that_comes_at_each_epoch_costs_no_more_at_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices = Notices()
    looked: list[str] = []
    real = Path.exists

    def counted(path: Path) -> bool:
        looked.append(path.name)
        return real(path)

    monkeypatch.setattr(Path, "exists", counted)
    costs = []
    for epoch in range(1, 301):
        looked.clear()
        event = made_asset_event("q.png", lambda path: path.write_bytes(b"x"), tmp_path, epoch, notices)
        assert event is not None
        assert event["path"] == ("assets/q.png" if epoch == 1 else f"assets/q-{epoch}.png")
        costs.append(len(looked))
    assert max(costs) <= 20
