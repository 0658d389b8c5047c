"""Starts the real Marcelle backend, with Node.js and its packages where they are missing."""

from __future__ import annotations

from .errors import BackendError
from .server import Backend

__all__ = ["Backend", "BackendError"]
