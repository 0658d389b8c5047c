"""A backend's store for those who count: on a machine that is busy they wait, where a training would go on alone."""

from __future__ import annotations

from marcelle_rt import DataStore
from marcelle_rt.errors import AWAY

_TIMEOUT = 180.0  # seconds that a call waits
_TRIES = 10


def patient_store(url: str, tries: int = _TRIES) -> DataStore:
    """A store that is connected, of a backend that is known to run."""
    store = DataStore(url, timeout=_TIMEOUT)
    try:
        store.connect()
    except AWAY:
        store.close()
        if not tries:
            raise
        return patient_store(url, tries - 1)
    return store
