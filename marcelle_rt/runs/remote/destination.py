"""Where a Writer's runs are sent; decided once, when the Writer is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from ...errors import InvalidData
from .link import Link
from .remote import Remote


@dataclass(frozen=True)
class Destination:
    """The backend that runs are sent to.

    Attributes:
        url: Its URL.
        open: Makes the link for a run, or gives the one that all runs share.
        owns_link: Each run has a link of its own, which is closed after it.
    """

    url: str
    open: Callable[[], Link]
    owns_link: bool

    @classmethod
    def of(
        cls, remote: Remote | Literal[False] | None, backend_root: str | None, save_format: str
    ) -> Destination | None:
        """What a Writer's parameters mean; `None` for the folder alone.

        Raises:
            InvalidData: For what is not a URL, and a `remote` of another kind.
        """
        if remote is False:
            return None
        if isinstance(remote, Remote):
            return cls(remote.location, partial(getattr, remote, "link"), owns_link=False)
        if remote is not None:
            raise InvalidData(
                "remote",
                remote,
                "is not a Remote; give backend_root=URL, or remote=Remote(URL), or remote=False to send nothing",
            )
        link = Link(backend_root, save_format)  # a bad URL is said here, not in the loop
        link.close()
        return cls(link.location, partial(Link, backend_root, save_format), owns_link=True)
