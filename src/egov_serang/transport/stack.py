"""What threads and tasks share of the lanes: one lane, and the stacks of those at rest."""

from __future__ import annotations

import operator
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from egov_serang.transport.outgoing import Address
from egov_serang.transport.tls import Shown

# httpcore tells only upgraded connections of bytes behind an answer; a stray answer in the same packet lies there too,
# and would be taken for the answer to the next request.
_bytes_behind: Callable[[Any], tuple[bytes, bool]] = operator.attrgetter("_connection._h11_state.trailing_data")


class Count(NamedTuple):
    """Lanes now: with a call on them, at rest, and how many calls there may be at once."""

    busy: int
    idle: int
    slots: int


class Keep(NamedTuple):
    """How long lanes are kept, in seconds: at rest, and altogether."""

    idle: float = 30.0
    age: float = 300.0


KEEP = Keep()


class Line(Protocol):
    """What a lane asks of its line."""

    def is_quiet(self) -> bool: ...
    def rest(self) -> None: ...
    def cut(self) -> None: ...


class Connection(Protocol):
    """What a lane asks of httpcore's connection."""

    def is_idle(self) -> bool: ...


C = TypeVar("C", bound=Connection)
W = TypeVar("W", bound=Line)


class Lane(Generic[C, W]):
    """One connection to one address, used by one call at a time; `shown` is the certificate it was opened with."""

    __slots__ = ("address", "born", "condemned", "connection", "line", "rested", "shown")

    def __init__(self, address: Address, connection: C, line: W, shown: Shown | None = None) -> None:
        self.address = address
        self.connection = connection
        self.line = line
        self.shown = shown
        self.born = self.rested = time.monotonic()
        self.condemned = False

    def is_reusable(self) -> bool:
        """Whether the answer was read to its end, nothing lies behind it, and nobody has condemned the lane."""
        return not self.condemned and self.connection.is_idle() and not self._has_bytes_behind() and self.is_fit()

    def is_fit(self) -> bool:
        """Whether a lane at rest is still what it was when it came to rest."""
        return not self.condemned and self.line.is_quiet()

    def _has_bytes_behind(self) -> bool:
        return bool(_bytes_behind(self.connection)[0])


L = TypeVar("L", bound=Lane[Any, Any])


class Stacks(Generic[L]):
    """Lanes at rest, last in first out, so that those not needed grow old and go. Locking is the owner's affair."""

    def __init__(self, keep: Keep = KEEP) -> None:
        self._keep = keep
        self._stacks: dict[Address, deque[L]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._stacks.values()))

    def push(self, lane: L) -> None:
        """Lay a reusable lane to rest, and throw away those at the bottom that have rested too long."""
        lane.rested = now = time.monotonic()
        lane.line.rest()
        stack = self._stacks.get(lane.address)
        if stack is None:
            stack = self._stacks[lane.address] = deque()
        stack.append(lane)
        while now - stack[0].rested > self._keep.idle:
            stack.popleft().line.cut()

    def pop(self, address: Address, shown: Shown | None = None) -> L | None:
        """The lane that rested last and is still fit; the unfit met on the way are thrown away.

        A lane that shows another certificate than the present one is unfit: a token bound to this one would be refused.
        """
        stack = self._stacks.get(address)
        while stack:
            lane = stack.pop()
            now = time.monotonic()
            is_young = now - lane.rested <= self._keep.idle and now - lane.born <= self._keep.age
            if is_young and lane.shown == shown and lane.is_fit():
                return lane
            lane.line.cut()
        self._stacks.pop(address, None)
        return None

    def condemn(self, lane: L) -> None:
        """Never use this lane again: gone at once when it rests, after its present call when it does not."""
        lane.condemned = True
        stack = self._stacks.get(lane.address)
        if stack is not None and lane in stack:
            stack.remove(lane)
            lane.line.cut()

    def clear(self) -> None:
        """Throw away every lane at rest."""
        for stack in self._stacks.values():
            while stack:
                stack.pop().line.cut()
        self._stacks.clear()
