"""A client as threads use it and as tasks use it, behind one face: what is done with it is written once, as coroutines.

Over threads nothing ever suspends, so that `run_sync` finishes a coroutine on the thread it began on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, Protocol, TypeVar

from tests.soak.gateway import TEMPLATE, TO

from egov_serang import AsyncClient, Client, Config, EgovError, RetryPolicy
from egov_serang.auth.tokens import TokenSource
from egov_serang.core.runtime import run_sync
from egov_serang.models.notifications import Message
from egov_serang.transport.stack import Count

T = TypeVar("T")
Kind = Literal["threads", "tasks"]


class Hands(Protocol):
    """How a client is used."""

    @property
    def tokens(self) -> TokenSource | None: ...
    @property
    def count(self) -> Count: ...
    async def write(self, number: int) -> Message: ...
    async def resume(self, error: EgovError) -> Message: ...
    async def upload(self, content: bytes) -> str:
        """Send a file; the digest the gateway computed of it."""
        ...

    async def download(self) -> bytes: ...
    async def pause(self, seconds: float) -> None: ...
    async def aside(self, work: Callable[[], T]) -> T:
        """Do something that keeps a thread waiting."""
        ...

    async def crowd(self, work: Callable[[], Coroutine[Any, Any, None]], width: int) -> None:
        """Do the same so often at once."""
        ...

    async def close(self) -> None: ...


class Threads:
    def __init__(self, config: Config, tokens: TokenSource | None = None, retry: RetryPolicy | None = None) -> None:
        self._client = Client(config, tokens=tokens, retry=retry)
        self.tokens = self._client.tokens

    @property
    def count(self) -> Count:
        return self._client._transport.count  # type: ignore[attr-defined]

    async def write(self, number: int) -> Message:
        return self._client.notifications.send(TEMPLATE, TO, client_reference=str(number))

    async def resume(self, error: EgovError) -> Message:
        message: Message = self._client.resume(error)
        return message

    async def upload(self, content: bytes) -> str:
        return self._client.complaints.attach("c-1", content).sha256

    async def download(self) -> bytes:
        with self._client.complaints.download("c-1", "m-1") as photo:
            return photo.read()

    async def pause(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251 - on a thread of its own

    async def aside(self, work: Callable[[], T]) -> T:
        return work()

    async def crowd(self, work: Callable[[], Coroutine[Any, Any, None]], width: int) -> None:
        with ThreadPoolExecutor(width) as pool:
            for one in [pool.submit(lambda: run_sync(work())) for _ in range(width)]:
                one.result()

    async def close(self) -> None:
        self._client.close()


class Tasks:
    def __init__(self, config: Config, tokens: TokenSource | None = None, retry: RetryPolicy | None = None) -> None:
        self._client = AsyncClient(config, tokens=tokens, retry=retry)
        self.tokens = self._client.tokens

    @property
    def count(self) -> Count:
        return self._client._transport.count  # type: ignore[attr-defined]

    async def write(self, number: int) -> Message:
        return await self._client.notifications.send(TEMPLATE, TO, client_reference=str(number))

    async def resume(self, error: EgovError) -> Message:
        message: Message = await self._client.resume(error)
        return message

    async def upload(self, content: bytes) -> str:
        return (await self._client.complaints.attach("c-1", content)).sha256

    async def download(self) -> bytes:
        async with await self._client.complaints.download("c-1", "m-1") as photo:
            return await photo.aread()

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def aside(self, work: Callable[[], T]) -> T:
        return await asyncio.to_thread(work)

    async def crowd(self, work: Callable[[], Coroutine[Any, Any, None]], width: int) -> None:
        await asyncio.gather(*(work() for _ in range(width)))

    async def close(self) -> None:
        await self._client.close()


HANDS: dict[str, type[Threads] | type[Tasks]] = {"threads": Threads, "tasks": Tasks}


def finished(kind: str, work: Coroutine[Any, Any, T]) -> T:
    """Carry out to its end what uses hands of this kind."""
    return run_sync(work) if kind == "threads" else asyncio.run(work)
