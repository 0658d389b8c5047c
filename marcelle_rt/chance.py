"""Chance of our own, beside the user's.

Python's global generator belongs to whoever trains: a number drawn from it by a thread of ours would change a training
that was seeded (Keras takes its own seeds from there), and a seed that a hundred processes share would have them all
wait alike.
"""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Iterator

CHANCE: random.Random = random.SystemRandom()


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Has the user's numbers go on as if nothing had been drawn meanwhile: Python's and NumPy's global ones.

    For code of the user's that is run beside a training, on the thread that trains.
    """
    python = random.getstate()
    numpy = sys.modules.get("numpy")
    state = numpy.random.get_state() if numpy is not None else None
    try:
        yield
    finally:
        random.setstate(python)
        if numpy is not None:
            numpy.random.set_state(state)
