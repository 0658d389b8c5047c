"""The search for garbage in processes of this package's own, where libraries have made a million objects.

`import keras` makes that many, and none of them is garbage before the process ends. Python looks through them again
and again all the same while they are made, and once more at the end: 1.5 to 2 seconds of a processor.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

_RARELY = 50_000
"""After how many new objects garbage is looked for during imports; Python's own number is 700, or 2,000."""


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Keeps what is imported meanwhile until the process ends: nobody looks through it for garbage any more."""
    before = gc.get_threshold()
    gc.set_threshold(_RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.freeze()
