"""What children of `audited_training` find imported: they are forked from a process that has read this."""

import keras
import tensorflow  # noqa: F401  # Keras asks for it when it saves a model, whatever its backend

import marcelle_rt
from marcelle_rt import models

marcelle_rt.Writer, models.convert, keras.Sequential  # noqa: B018  # these are imported when they are touched
