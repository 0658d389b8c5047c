"""What children of `audited_training` find imported: they are forked from a process that has read this."""

import sys

from tests.support.lean import UNASKED_BY_JAX

for _name in UNASKED_BY_JAX:
    sys.modules[_name] = None  # type: ignore[assignment]  # as if it were not installed

import keras  # noqa: E402

import marcelle_rt  # noqa: E402
from marcelle_rt import models  # noqa: E402

marcelle_rt.Writer, models.convert, keras.Sequential  # noqa: B018  # these are imported when they are touched
