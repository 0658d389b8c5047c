"""What is imported in our own processes is not looked through for garbage."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc
from marcelle_rt.processes import garbage

class Ring:
    def __init__(self, name):
        self.name, self.itself = name, self
    def __del__(self):
        print(self.name, "found")

thresholds = gc.get_threshold()
with garbage.kept():
    Ring("imported")
Ring("made later")
gc.collect()
print(gc.get_threshold() == thresholds)
Ring("left at the end")
"""


def test_what_is_imported_is_never_looked_through_and_what_comes_later_is() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["made later found", "True", "left at the end found"]
