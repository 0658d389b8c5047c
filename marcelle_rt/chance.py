"""Chance of our own, beside the user's.

Python's global generator belongs to whoever trains: a number drawn from it by a thread of ours would change a training
that was seeded (Keras takes its own seeds from there), and a seed that a hundred processes share would have them all
wait alike.
"""

from __future__ import annotations

import random

CHANCE: random.Random = random.SystemRandom()
