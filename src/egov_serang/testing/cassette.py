"""A transport that records a real run without its personal data, and plays it again without a network."""

from __future__ import annotations

import inspect
import json
import os
import threading
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self, cast
from urllib.parse import urlsplit

from egov_serang.core.message import Limits, Request, Response, Stream, TransportFault
from egov_serang.testing import tape
from egov_serang.testing.fake import FakeResponse, is_token_request, respond, seen, token
from egov_serang.testing.tape import Asked, CassetteMismatch

if TYPE_CHECKING:
    from egov_serang.testing.redaction import Redactor
    from egov_serang.transport.port import AsyncTransport, Transport

Mode = Literal["record", "replay", "auto"]
_KEY: Final = "EGOV_SERANG_CASSETTE_KEY"


class Cassette:
    """Records exchanges into a JSON file, or answers from it; `Client(config, transport=Cassette(path))`.

    Nothing personal and no secret is written: of requests the shape, of answers what a model's `repr` shows (ids,
    codes, states, times), the rest masked in its own format. What an answer repeats of a request is given back from
    the request that is played. Token requests are never written; played, they are answered here.

    Args:
        path: the file, best kept with the tests.
        transport: how requests are really sent while recording; connections of its own by default.
        mode: `record` begins anew, `replay` never sends, `auto` replays if the file is there and records if not.
        key: secret under which values that are not shown are compared, never written;
            `EGOV_SERANG_CASSETTE_KEY` by default. Without one, of such values only the kind is compared.
        keep: names of fields whose content is public all the same, such as `service_name`.

    Raises:
        ValueError: the file cannot be played, or needs another key; the key is too short, the mode unknown.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        transport: Transport | AsyncTransport | None = None,
        mode: Mode = "auto",
        key: str | None = None,
        keep: Collection[str] = (),
    ) -> None:
        if mode not in ("record", "replay", "auto"):
            raise ValueError("mode is record, replay or auto")
        self.path = Path(path)
        self._mac = tape.keyed(os.environ.get(_KEY) if key is None else key)
        del key  # this frame is printed when the file is refused
        self.is_recording = mode == "record" or (mode == "auto" and not self.path.exists())
        self._transport = transport
        self._own: Transport | None = None
        self._own_async: AsyncTransport | None = None
        self._lock = threading.Lock()
        self._exchanges: list[dict[str, Any]] = [] if self.is_recording else tape.read(self.path, self._mac)
        self._left = list(range(len(self._exchanges)))
        self._sent: dict[int, list[Any]] = {}
        self._redactor = self._make_redactor(keep) if self.is_recording else None

    @property
    def unplayed(self) -> list[str]:
        """Method and path of what was recorded and not yet asked for, with ids that are not shown as `*`."""
        return [_title(self._exchanges[number]) for number in self._left]

    def send(self, request: Request, limits: Limits) -> Response:
        """Send and record, or answer from the file.

        Raises:
            TransportFault: what the real transport raised, also when it is played.
            CassetteMismatch: nothing like this was recorded.
        """
        if not self.is_recording:
            return self._play(request, limits)
        try:
            answer = self._real(request).send(request, limits)
        except TransportFault as fault:
            self._record(request, fault)
            raise
        self._record(request, answer)
        return answer

    async def send_async(self, request: Request, limits: Limits) -> Response:
        """As `send`, from a task."""
        if not self.is_recording:
            return self._play(request, limits)
        try:
            answer = self._real_async(request).send(request, limits)
            response = await answer if inspect.isawaitable(answer) else answer
        except TransportFault as fault:
            self._record(request, fault)
            raise
        self._record(request, response)
        return response

    def close(self) -> None:
        """Close the connections made for recording from threads; a transport of yours stays open."""
        if self._own is not None:
            self._own.close()

    async def close_async(self) -> None:
        """Close the connections made for recording from tasks."""
        if self._own_async is not None:
            await self._own_async.close()

    def asynchronous(self) -> AsyncCassette:
        """The same cassette for `AsyncClient`."""
        return AsyncCassette(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.close_async()

    def __repr__(self) -> str:
        return f"<Cassette {self.path} {'recording' if self.is_recording else 'playing'}>"

    def _make_redactor(self, keep: Collection[str]) -> Redactor:
        from egov_serang.testing.redaction import Redactor  # noqa: PLC0415 - loads the models, which playing never needs

        return Redactor(keep, self._mac)

    def _real(self, request: Request) -> Transport:
        if self._transport is not None:
            if inspect.iscoroutinefunction(self._transport.send):
                raise TypeError("this cassette records from tasks: its transport is asynchronous")
            return cast("Transport", self._transport)
        _check_recordable(request)
        with self._lock:
            if self._own is None:
                from egov_serang.transport.lanes import Lanes  # noqa: PLC0415 - loads httpcore

                self._own = Lanes()
            return self._own

    def _real_async(self, request: Request) -> Transport | AsyncTransport:
        if self._transport is not None:
            return self._transport
        _check_recordable(request)
        if self._own_async is None:
            from egov_serang.transport.alanes import AsyncLanes  # noqa: PLC0415 - loads httpcore and asyncio

            self._own_async = AsyncLanes()
        return self._own_async

    def _record(self, request: Request, outcome: Response | TransportFault) -> None:
        asked = seen(request)
        if self._redactor is None or is_token_request(asked):
            return
        with self._lock:
            for secret in (asked.headers.get("authorization", "").rpartition(" ")[2], *request.secrets):
                self._redactor.hide(secret)
            what = Asked.of(asked, request.secrets)
            entry: dict[str, Any] = {"request": self._redactor.request(len(self._exchanges), what)}
            self._exchanges.append(entry)
            if isinstance(outcome, TransportFault):
                entry["fault"] = {"kind": outcome.kind, "sent": outcome.sent, "permanent": outcome.permanent}
            else:
                entry["answer"] = {
                    "status": outcome.status,
                    "headers": self._redactor.headers(outcome.headers),
                    **self._content(outcome),
                }
                if outcome.stream is not None:
                    outcome.stream = _Measured(outcome.stream, partial(self._measured, entry))
            tape.write(self.path, self._exchanges, self._mac)

    def _content(self, answer: Response) -> dict[str, Any]:
        """The JSON of an answer, masked; of anything else its length."""
        document = None if answer.stream is not None else _json(answer.body)
        if document is None or self._redactor is None:
            return {"length": len(answer.body)}
        return {"json": self._redactor.answer(document)}

    def _measured(self, entry: dict[str, Any], size: int) -> None:
        with self._lock:
            entry["answer"]["length"] = size
            tape.write(self.path, self._exchanges, self._mac)

    def _play(self, request: Request, limits: Limits) -> Response:
        asked = seen(request)
        if is_token_request(asked):
            return respond(asked, FakeResponse(json=token(asked)), request, limits)
        what = Asked.of(asked, request.secrets)
        with self._lock:
            number = self._find(what)
            self._left.remove(number)
            self._sent[number] = what.leaves()
            recorded = self._exchanges[number]
            if "fault" in recorded:
                raise TransportFault(reason="a fault of the recorded run", **recorded["fault"])
            answer = recorded["answer"]
            if "json" in answer:
                content = json.dumps(tape.restored(answer["json"], self._sent)).encode()
            else:
                content = bytes(answer["length"])
        return respond(asked, FakeResponse(answer["status"], body=content, headers=answer["headers"]), request, limits)

    def _find(self, asked: Asked) -> int:
        """The first exchange not yet played that fits.

        Raises:
            CassetteMismatch: none fits.
        """
        near = ""
        for number in self._left:
            where = asked.difference(self._exchanges[number]["request"], self._mac)
            if where is None:
                return number
            if not near and not where.startswith(("method", "path")):
                near = f"; it was recorded with another {where}"
        left = self.unplayed
        after = near or (f"; next would be {left[0]}" if left else "; everything recorded has been played")
        known = {step for entry in self._exchanges for step in entry["request"]["path"] if isinstance(step, str)}
        path = "/".join(step if step in known else "*" for step in asked.path)  # an id may be anything
        raise CassetteMismatch(
            f"{asked.method} /{path} is not on the cassette {self.path.name}{after}. "
            "If the change is meant, record again with mode='record'"
        )


class AsyncCassette:
    """A `Cassette` seen from tasks."""

    def __init__(self, cassette: Cassette) -> None:
        self._cassette = cassette

    async def send(self, request: Request, limits: Limits) -> Response:
        """As `Cassette.send`."""
        return await self._cassette.send_async(request, limits)

    async def close(self) -> None:
        """As `Cassette.close_async`."""
        await self._cassette.close_async()

    def asynchronous(self) -> AsyncCassette:
        """Itself."""
        return self


class _Measured(Stream):
    """Hands pieces on and says at the end how many bytes they were."""

    def __init__(self, stream: Stream, done: Callable[[int], None]) -> None:
        self._stream = stream
        self._done = done
        self._size = 0

    async def read(self) -> bytes:
        piece = await self._stream.read()
        self._size += len(piece)
        if not piece:
            self._done(self._size)
        return piece

    async def close(self) -> None:
        await self._stream.close()


def _check_recordable(request: Request) -> None:
    """A client without configuration has no gateway: what a run of it brings is not worth keeping."""
    if urlsplit(request.url).hostname == "gateway.invalid":
        raise ValueError("recording needs a real gateway: Client(config, transport=cassette)")


def _title(entry: dict[str, Any]) -> str:
    request = entry["request"]
    return f"{request['method']} /{'/'.join(step if isinstance(step, str) else '*' for step in request['path'])}"


def _json(body: bytes) -> Any:
    """The JSON document that these bytes are; None when they are none."""
    try:
        return json.loads(body)
    except ValueError:
        return None
