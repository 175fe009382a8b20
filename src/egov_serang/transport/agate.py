"""The slots of one event loop: so many calls at once, the others wait in order of arrival, no longer than they may."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from egov_serang.transport.outgoing import crowded


class AsyncGate:
    """Counts the calls under way on a loop. `take` and `free` are called on that loop alone.

    Args:
        loop: the loop.
        slots: calls at once.
    """

    busy: int
    """Calls under way."""

    def __init__(self, loop: asyncio.AbstractEventLoop, slots: int) -> None:
        self.loop = loop
        self.slots = slots
        self.busy = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def wait(self, deadline: float) -> None:
        """Wait for a slot somebody frees, and have it.

        Raises:
            TransportFault: `sent=no`: none came free before the deadline.
        """
        turn: asyncio.Future[None] = self.loop.create_future()
        self._waiting.append(turn)
        timer = self.loop.call_later(max(0.0, deadline - time.monotonic()), self._give_up, turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.free()  # cancelled in the very moment the slot came: the next one gets it
            raise
        finally:
            timer.cancel()

    def free(self) -> None:
        """Hand a slot to the first who still waits, else have one more free."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.busy -= 1

    def _give_up(self, turn: asyncio.Future[None]) -> None:
        if not turn.done():
            turn.set_exception(crowded(self.slots))
