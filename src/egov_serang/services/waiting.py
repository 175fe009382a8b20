"""Waiting for an office: one loop for every service, by conditional reads, restartable at any time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from egov_serang.core.bind import Steps
from egov_serang.core.call import Call

T = TypeVar("T")

_FIRST: Final = 1.0
_LONGEST: Final = 30.0
_GROWTH: Final = 1.5


async def wait_until(
    step: Steps, read: Callable[[str | None], Call[T | None]], reached: Callable[[T], bool], timeout: float
) -> T:
    """Read until the state is reached.

    Args:
        step: of the flow.
        read: the call for the resource, given the ETag last seen; its answer is None when nothing changed.
        reached: the state waited for.
        timeout: seconds for all of it.

    Raises:
        DeadlineExceeded: the time is over first. Nothing is lost: waiting can begin again, in another process too.
    """
    step.within(timeout)
    etag: str | None = None
    pause = _FIRST
    while True:
        reply = await step(read(etag))
        if reply.data is not None:
            if reached(reply.data):
                return reply.data
            etag, pause = reply.etag, _FIRST
        hint = reply.headers.get("retry-after", "")
        await step.sleep(float(hint) if hint.isascii() and hint.isdigit() else pause)
        pause = min(pause * _GROWTH, _LONGEST)
