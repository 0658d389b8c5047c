"""What children of `audited_training` find imported: they are forked from a process that has read this."""

import sys

import marcelle_rt
from marcelle_rt.processes import garbage
from tests.support.lean import UNASKED_BY_JAX

for _name in UNASKED_BY_JAX:
    sys.modules[_name] = None  # type: ignore[assignment]  # as if it were not installed

with garbage.kept():
    import keras

    from marcelle_rt import models

    marcelle_rt.Writer, models.convert, keras.Sequential  # noqa: B018  # these are imported when they are touched
