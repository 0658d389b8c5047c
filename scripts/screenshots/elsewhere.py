"""Pictures of what follows trainings elsewhere: the demo, a notebook, a terminal."""

from __future__ import annotations

import io
import math
import subprocess
from pathlib import Path

from rich.console import Console

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.demo.run import demo_site
from marcelle_rt.monitor import LiveRuns
from marcelle_rt.serving.documents import JOBS, TASKS
from tests.helpers import eventually
from tests.support.docs.reader import environment, running, words
from tests.support.jupyterlab import Notebook, jupyterlab

from .followed import follow
from .taking import DOCS, PATIENCE, keep, keep_commands, keep_drawn, new_page
from .trainings import reaches, training

ON_DASK = """

import numpy as np
from distributed import Client, get_worker
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier
from marcelle_rt import TrainingServer

server = TrainingServer(
    executor=lambda: Client(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None)
)


@server.task
def digits(job, *, width: int = 16, epochs: int = 200):
    x, y = load_digits(return_X_y=True)
    network = MLPClassifier((width,), random_state=1)
    job.writer.train_begin(epochs)
    for epoch in range(1, epochs + 1):
        network.partial_fit(x / 16, y, classes=np.unique(y))
        job.writer.save_epoch(epoch, {"loss": network.loss_})
        job.progress(epoch / epochs, f"worker {get_worker().name}, loss {network.loss_:.3f}")
"""


def arc(x: float, y: float, radius: float, start: int, end: int) -> list[tuple[float, float]]:
    """Places on a circle, from one angle to another in degrees, clockwise from the right."""
    angles = [math.radians(angle) for angle in range(start, end + 1, 10)]
    return [(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles]


THREE = [*arc(160, 105, 55, 200, 440), *arc(160, 210, 62, 280, 520)]
"""A 3, as places on the demo's drawing pad."""


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
            keep(page, "demo", DOCS)


def notebook(backend: Backend, folder: str) -> None:
    """A notebook in JupyterLab: a widget with two finished trainings and one that goes on."""
    place = Path(folder) / "lab"
    place.mkdir()
    cells = [
        f"""from marcelle_rt import DataStore, Writer
from marcelle_rt.monitor import LiveRuns
from marcelle_rt.serving.documents import JOBS, TASKS

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
            keep(page, "notebook", DOCS)


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
        keep_drawn(console, DOCS / "watch.svg", "marcelle-rt watch")


def offline(backend: Backend, folder: str) -> None:
    """Runs that were recorded without a network, in a terminal, and how they are uploaded."""
    follow("offline", backend, folder, 1, times=3, env={"MARCELLE_MODE": "offline"})
    lines = ("marcelle-rt runs --local", "marcelle-rt upload marcelle-logs/*", "marcelle-rt runs")
    keep_commands("offline", Path(folder) / "reader", environment(backend.url), *lines)


def clusters(backend: Backend, folder: str) -> None:
    """Jobs that two workers of a Dask cluster have, in a terminal."""
    env = environment(backend.url)
    (Path(folder) / "train.py").write_text(ON_DASK)
    with DataStore(backend.url) as store, running("marcelle-rt serve train:server", Path(folder), env):
        eventually(lambda: list(store.service(TASKS).items()), timeout=PATIENCE)
        for width, epochs in ((8, 100), (16, 100), (32, 9000), (64, 9000), (128, 9000)):
            submit = words(f"marcelle-rt jobs submit digits width={width} epochs={epochs}")
            subprocess.run(submit, env=env, check=True, stdout=subprocess.DEVNULL)

        def at_work() -> int:
            return sum(0.02 < (job["progress"]["fraction"] or 0) < 1 for job in store.service(JOBS).items())

        eventually(lambda: at_work() == 2, timeout=PATIENCE)
        keep_commands("clusters", Path(folder), env, "marcelle-rt jobs")
