"""Takes the documentation's pictures anew, from real runs: `.venv/bin/python -m scripts.screenshots [PICTURE ...]`.

Needs the `dev` extra and a Chromium, as the tests do. Without names all pictures are taken.
"""

from __future__ import annotations

import io
import math
import multiprocessing
import random
import re
import sys
import tempfile
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.dashboard.pages import page_files
from marcelle_rt.dashboard.site import Site
from marcelle_rt.demo.run import demo_site
from marcelle_rt.monitor import LiveRuns
from tests.helpers import chromium, eventually
from tests.support.jupyterlab import Notebook, jupyterlab

if TYPE_CHECKING:
    from playwright.sync_api import Page

DOCS = Path(__file__).parents[1] / "docs"
PATIENCE = 600.0  # seconds for a training, also on a machine that has other work


def arc(x: float, y: float, radius: float, start: int, end: int) -> list[tuple[float, float]]:
    """Places on a circle, from one angle to another in degrees, clockwise from the right."""
    angles = [math.radians(angle) for angle in range(start, end + 1, 10)]
    return [(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles]


THREE = [*arc(160, 105, 55, 200, 440), *arc(160, 210, 62, 280, 520)]
"""A 3, as places on the demo's drawing pad."""


def train(url: str, folder: str, *epochs: int) -> None:
    """Trains the demo's network, once for each number of epochs."""
    from marcelle_rt.demo.train import train

    for count in epochs:
        train(url, Path(folder), count)


@contextmanager
def training(url: str, folder: str, *epochs: int) -> Iterator[None]:
    """Trains in a process of its own meanwhile."""
    process = multiprocessing.get_context("spawn").Process(target=train, args=(url, folder, *epochs))
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


@contextmanager
def new_page(width: int, height: int) -> Iterator[Page]:
    """A page in a headless Chromium."""
    with chromium() as browser:
        yield browser.new_page(viewport={"width": width, "height": height})


def reaches(store: DataStore, name: str, epoch: int) -> Callable[[], bool]:
    """Asks whether a run has come to an epoch."""
    return lambda: any(run.get("epoch", 0) >= epoch for run in store.service("runs").items({"name": name}))


def demo(backend: Backend, folder: str) -> None:
    """The demo's dashboard in its second training, with a drawn 3."""
    with demo_site(backend.url) as site, DataStore(backend.url) as store, new_page(1280, 1320) as page:
        page.goto(site.url)
        with training(backend.url, folder, 40, 60):
            eventually(reaches(store, "digits-2", 30), timeout=PATIENCE)
            pad = page.locator("canvas.sketchpad-container")
            pad.scroll_into_view_if_needed()
            box = pad.bounding_box()
            assert box is not None
            places = [(box["x"] + x, box["y"] + y) for x, y in THREE]
            page.mouse.move(*places[0])
            page.mouse.down()
            for place in places[1:]:
                page.mouse.move(*place, steps=5)
            page.mouse.up()
            page.locator("code", has_text="3").wait_for()
            page.mouse.move(0, 0)
            page.wait_for_timeout(1000)  # the charts' animations
            page.screenshot(path=DOCS / "demo.png")


def notebook(backend: Backend, folder: str) -> None:
    """A notebook in JupyterLab: a widget with two finished trainings and one that goes on."""
    place = Path(folder) / "lab"
    place.mkdir()
    cells = [
        f"""from marcelle_rt import DataStore, Writer
from marcelle_rt.monitor import LiveRuns

LiveRuns(DataStore("{backend.url}"), metrics=["loss", "val_loss", "val_accuracy"])"""
    ]
    with jupyterlab(place) as url, DataStore(backend.url) as store, new_page(1280, 1000) as page:
        opened = Notebook(page, url, place / "notebooks" / "watching.ipynb", cells)
        opened.wait_for_kernel()
        with training(backend.url, folder, 30, 40, 60):
            eventually(reaches(store, "digits-3", 10), timeout=PATIENCE)
            opened.run(0)
            opened.cell(0).locator(".js-plotly-plot").first.wait_for(timeout=60_000)
            page.keyboard.press("Control+b")  # without the side bar
            eventually(reaches(store, "digits-3", 40), timeout=PATIENCE)
            page.wait_for_timeout(1000)
            page.screenshot(path=DOCS / "notebook.png")


def terminal(backend: Backend, folder: str) -> None:
    """What `marcelle-rt watch` shows while two trainings go on."""
    with (
        DataStore(backend.url) as store,
        training(backend.url, folder, 60),
        training(backend.url, f"{folder}/other", 90),
        LiveRuns(store) as live,
    ):
        eventually(reaches(store, "digits-2", 25), timeout=PATIENCE)
        console = Console(record=True, width=104, file=io.StringIO(), force_terminal=True)
        console.print(live)
        drawn = console.export_svg(title="marcelle-rt watch")
        # Fonts of another host would not be loaded where the picture is an image.
        (DOCS / "watch.svg").write_text(re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL))


def digit(folder: Path) -> Path:
    """A file with the picture of a digit, as the demo's network knows them."""
    from PIL import Image
    from sklearn.datasets import load_digits

    path = folder / "digit.png"
    ink = load_digits().images[24] * (255 / 16)
    Image.fromarray(ink.astype("uint8")).resize((160, 160), Image.Resampling.NEAREST).save(path)
    return path


def dashboard(backend: Backend, folder: str) -> None:
    """The dashboard with trainings that have ended and one that goes on, and that run's page."""
    with (
        Site(page_files(backend.url)) as site,
        DataStore(backend.url) as store,
        new_page(1280, 760) as page,
        training(backend.url, folder, 20, 30, 25, 60),
    ):
        eventually(reaches(store, "digits-4", 15), timeout=PATIENCE)
        page.goto(site.url)
        for name in ("digits-2", "digits-3"):
            page.get_by_role("row", name=name).get_by_role("checkbox").check()
        eventually(reaches(store, "digits-4", 40), timeout=PATIENCE)
        page.mouse.move(0, 0)
        for scheme, ending in (("light", ""), ("dark", "-dark")):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.wait_for_timeout(300)
            page.screenshot(path=DOCS / f"dashboard{ending}.png")
        page.get_by_role("link", name="digits-4").click()
        page.emulate_media(color_scheme="light")
        page.get_by_role("button", name="epoch 40", exact=True).click()
        page.get_by_text("is loaded").wait_for(timeout=60_000)
        page.locator(".rt-bench input[type=file]").set_input_files(digit(Path(folder)))
        eventually(lambda: page.locator(".rt-answer").inner_text() != "")
        page.set_viewport_size({"width": 1280, "height": 1280})
        page.wait_for_timeout(1500)  # the chart's animation
        page.screenshot(path=DOCS / "dashboard-run.png")
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(site.url)
        page.locator(".rt-chart canvas").first.wait_for()
        page.screenshot(path=DOCS / "dashboard-phone.png")


def sweep(url: str, folder: str, count: int = 30) -> None:
    """Trains small networks of scikit-learn on its digits, each with parameters of its own."""
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    chance = random.Random(4)
    x, y = load_digits(return_X_y=True)
    x = x / 16
    for _ in range(count):
        params = {
            "rate": float(f"{10 ** chance.uniform(-4, -0.7):.2g}"),
            "width": chance.choice([8, 16, 32, 64]),
            "solver": chance.choice(["adam", "sgd"]),
            "activation": chance.choice(["relu", "tanh", "logistic"]),
            "decay": chance.choice([0, 1e-5, 1e-3, 0.1]),
        }
        network = MLPClassifier(
            (params["width"],), params["activation"], solver=params["solver"], alpha=params["decay"],
            learning_rate_init=params["rate"], random_state=1,
        )  # fmt: skip
        with Writer("digits", url, base_log_dir=folder, group="first-sweep") as writer:
            writer.create_run(run_params=params)
            writer.train_begin(epochs=6)
            for epoch in range(1, 7):
                network.partial_fit(x[:1200], y[:1200], classes=np.unique(y))
                writer.save_epoch(epoch, {"loss": network.loss_, "val_accuracy": network.score(x[1200:], y[1200:])})


def parallel(backend: Backend, folder: str) -> None:
    """Parallel coordinates of a sweep, in which the best runs are marked."""
    sweep(backend.url, folder)
    with Site(page_files(backend.url)) as site, new_page(1000, 500) as page:
        page.goto(site.url)
        page.get_by_text("Parallel coordinates").click()
        axes = page.locator(".rt-parallel")
        axes.locator("canvas").wait_for()
        axes.scroll_into_view_if_needed()
        page.wait_for_timeout(500)
        box = axes.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] - 70, box["y"] + 36  # the upper end of the last axis
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x, y + 65, steps=5)
        page.mouse.up()
        page.get_by_text("runs are marked").wait_for()
        page.mouse.move(0, 0)
        page.wait_for_timeout(500)
        axes.locator("xpath=ancestor::section/..").screenshot(path=DOCS / "dashboard-parallel.png")


def tone(path: Path, pitch: float) -> str:
    """Writes two seconds of a sound, and says where it is."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound = (int(9000 * math.sin(2 * math.pi * pitch * place / 16_000)) for place in range(32_000))
        file.writeframes(b"".join(value.to_bytes(2, "little", signed=True) for value in sound))
    return str(path)


def assets(backend: Backend, folder: str) -> None:
    """A run's files: figures of each epoch with their slider, one of which somebody went back to, and a sound."""
    import numpy as np
    from matplotlib import pyplot
    from sklearn.datasets import load_digits
    from sklearn.metrics import confusion_matrix
    from sklearn.neural_network import MLPClassifier

    x, y = load_digits(return_X_y=True)
    x = x / 16
    network = MLPClassifier((16,), learning_rate_init=0.002, random_state=1)
    with Writer("digits", backend.url, base_log_dir=folder) as writer:
        writer.create_run()
        writer.train_begin(epochs=20)
        for epoch in range(1, 21):
            network.partial_fit(x[:1200], y[:1200], classes=np.unique(y))
            matrix, axes = pyplot.subplots(figsize=(4, 4), layout="constrained")
            axes.imshow(confusion_matrix(y[1200:], network.predict(x[1200:])), cmap="Blues")
            axes.set(xlabel="predicted", ylabel="true", xticks=range(10), yticks=range(10))
            kernels, places = pyplot.subplots(4, 4, figsize=(4, 4), layout="constrained")
            for place, weights in zip(places.flat, network.coefs_[0].T, strict=True):
                place.imshow(weights.reshape(8, 8), cmap="coolwarm")
                place.axis("off")
            score = network.score(x[1200:], y[1200:])
            sound = tone(Path(folder) / "accuracy.wav", 220 * 2 ** (2 * score))
            files = {"confusion": matrix, "weights": kernels, "accuracy": sound}
            writer.save_epoch(epoch, {"loss": network.loss_, "val_accuracy": score}, assets=files)
            pyplot.close("all")
    with Site(page_files(backend.url)) as site, new_page(1280, 900) as page:
        page.goto(site.url)
        page.get_by_role("link", name="digits-1").click()
        page.get_by_text("confusion.png, epoch 20").wait_for()
        for _ in range(17):
            page.get_by_role("slider", name="epoch").first.press("ArrowLeft")
        page.get_by_text("confusion.png, epoch 3").wait_for()
        page.evaluate("document.activeElement.blur()")
        files_card = page.get_by_role("region", name="Files")
        eventually(lambda: files_card.locator("audio").evaluate("(sound) => sound.duration") > 0)
        page.wait_for_timeout(500)
        files_card.locator("xpath=..").screenshot(path=DOCS / "dashboard-files.png")


def steered(backend: Backend, folder: str) -> None:
    """The page of a training that can be stopped there, and that has given an alert."""
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    x, y = load_digits(return_X_y=True)
    network = MLPClassifier((16,), learning_rate_init=0.02, random_state=1)
    with Writer("digits", backend.url, base_log_dir=folder) as writer:
        writer.create_run(run_params={"rate": 0.02, "width": 16})
        writer.train_begin(epochs=40)
        writer.on_plateau("val_accuracy", 5)
        writer.commands()  # from here on people can stop it
        for epoch in range(1, 31):
            network.partial_fit(x[:1200] / 16, y[:1200], classes=np.unique(y))
            score = network.score(x[1200:] / 16, y[1200:])
            writer.save_epoch(epoch, {"loss": network.loss_, "val_accuracy": score})
        writer.flush(30)
        with Site(page_files(backend.url)) as site, new_page(1100, 520) as page:
            page.goto(site.url)
            page.get_by_role("link", name="digits-1").click()
            page.get_by_role("button", name="Stop this training").wait_for()
            page.get_by_role("region", name="Alerts").wait_for()
            page.locator(".rt-chart canvas").first.wait_for()
            page.mouse.move(0, 0)
            page.wait_for_timeout(1000)
            page.screenshot(path=DOCS / "dashboard-stop.png")


PICTURES = {
    "demo": demo, "dashboard": dashboard, "assets": assets, "parallel": parallel, "steered": steered,
    "notebook": notebook, "terminal": terminal,
}  # fmt: skip


def main() -> None:
    """Takes the pictures that are named, or all."""
    for name in sys.argv[1:] or PICTURES:
        print(f"{name} ...", flush=True)
        with Backend() as backend, tempfile.TemporaryDirectory() as folder:
            PICTURES[name](backend, folder)


if __name__ == "__main__":
    main()
