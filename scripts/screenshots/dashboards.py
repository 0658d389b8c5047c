"""Pictures of the dashboard."""

from __future__ import annotations

from pathlib import Path

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.dashboard.pages import page_files
from marcelle_rt.dashboard.site import Site
from tests.helpers import eventually

from .taking import DOCS, PATIENCE, keep, new_page
from .trainings import digit, reaches, sweep, tone, training


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
            keep(page, f"dashboard{ending}", DOCS)
        page.get_by_role("link", name="digits-4").click()
        page.emulate_media(color_scheme="light")
        page.get_by_role("button", name="epoch 40", exact=True).click()
        page.get_by_text("is loaded").wait_for(timeout=60_000)
        page.locator(".rt-bench input[type=file]").set_input_files(digit(Path(folder)))
        eventually(lambda: page.locator(".rt-answer").inner_text() != "")
        page.set_viewport_size({"width": 1280, "height": 1280})
        page.wait_for_timeout(1500)  # the chart's animation
        keep(page, "dashboard-run", DOCS)
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(site.url)
        page.locator(".rt-chart canvas").first.wait_for()
        keep(page, "dashboard-phone", DOCS)


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
        whole = axes.locator("xpath=ancestor::section/..")
        whole.screenshot(path=DOCS / "dashboard-parallel.png")  # with all of the colors that stand for values


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
        keep(files_card.locator("xpath=.."), "dashboard-files", DOCS)


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
            keep(page, "dashboard-stop", DOCS)
