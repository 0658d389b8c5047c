"""Takes the pictures that are named, or all."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable

from marcelle_rt.backend import Backend

from .dashboards import assets, dashboard, parallel, steered
from .elsewhere import clusters, demo, notebook, offline, terminal
from .followed import boosting, browser, huggingface, keras, lightning, loops, pytorch, searches
from .taught import data, python_model, serving

TAKEN: dict[str, Callable[[Backend, str], None]] = {
    "demo": demo, "dashboard": dashboard, "assets": assets, "parallel": parallel, "steered": steered,
    "notebook": notebook, "terminal": terminal, "offline": offline, "clusters": clusters,
    "boosting": boosting, "browser": browser, "huggingface": huggingface, "keras": keras, "lightning": lightning,
    "loops": loops, "pytorch": pytorch, "searches": searches,
    "python-model": python_model, "serving": serving, "data": data,
}  # fmt: skip
"""What takes which picture, with a backend of its own and a folder for its runs."""


def main() -> None:
    for name in sys.argv[1:] or TAKEN:
        print(f"{name} ...", flush=True)
        with Backend() as backend, tempfile.TemporaryDirectory() as folder:
            TAKEN[name](backend, folder)


if __name__ == "__main__":
    main()
