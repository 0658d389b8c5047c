"""The error of everything around the backend's process: Node, npm, ports and folders."""

from __future__ import annotations

from ..errors import MarcelleError


class BackendError(MarcelleError):
    """The Marcelle backend can't be installed or started; the message says why and what to do."""
