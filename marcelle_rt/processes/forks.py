"""Forked processes: what a child must not share with its parent is made anew there."""

from __future__ import annotations

import os
from collections.abc import Callable

_pid = os.getpid()


def pid() -> int:
    """This process' id; asking the system each time would cost more than what is asked for it."""
    return _pid


def on_fork(work: Callable[[], None]) -> None:
    """Has something done in each child that is forked from now on, before anything else runs there.

    Args:
        work: What to do; it may wait for no lock, as another thread of the parent may have had it.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=work)


def around_fork(before: Callable[[], None], in_parent: Callable[[], None], in_child: Callable[[], None]) -> None:
    """Has something done before each fork from now on, and after it on both sides, on the thread that forks.

    Args:
        before: What to do first.
        in_parent: What to do then.
        in_child: What to do then in the child; as `on_fork`'s.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=before, after_in_parent=in_parent, after_in_child=in_child)


def _note() -> None:
    global _pid
    _pid = os.getpid()


on_fork(_note)
