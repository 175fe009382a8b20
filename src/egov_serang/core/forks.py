"""What a forked child must not inherit: locks that are held, and work that is under way, by threads it does not have.

A server that forks its workers after the first call (gunicorn with preloading, multiprocessing by fork) would wait for
them for ever. Connections are not among these: the lanes are a process's own.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Final, Protocol


class Inherited(Protocol):
    """Something that must be set right in a forked child, before anything else runs there."""

    def after_fork(self) -> None: ...


_locks: Final[weakref.WeakSet[threading.Lock]] = weakref.WeakSet()
_watched: Final[weakref.WeakSet[Inherited]] = weakref.WeakSet()


def lock() -> threading.Lock:
    """A lock that is free in a forked child, whoever held it in the parent."""
    made = threading.Lock()
    _locks.add(made)
    return made


def watch(thing: Inherited) -> None:
    """Have `after_fork` called on it in every forked child, as long as it lives."""
    _watched.add(thing)


def _in_the_child() -> None:
    for held in _locks:
        held._at_fork_reinit()  # type: ignore[attr-defined]
    for thing in _watched:
        thing.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_the_child)
