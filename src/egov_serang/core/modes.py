"""The modes of a client, and the base of every service, which is in one of them."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar

from egov_serang.core.engine import Engine


class Mode:
    """How a client answers. The subclasses are never instantiated: they are type arguments and run-time tags."""

    asynchronous = False
    raw = False


class Sync(Mode):
    """Results."""


class Async(Mode):
    """Coroutines of results."""

    asynchronous = True


class SyncRaw(Mode):
    """Replies: results with status, headers, request id, attempts."""

    raw = True


class AsyncRaw(Mode):
    """Coroutines of replies."""

    asynchronous = True
    raw = True


class Dry(Mode):
    """The `Call` itself; nothing is sent."""


M = TypeVar("M", bound=Mode)


class Service(Generic[M]):
    """A service in one mode.

    Args:
        engine: carries calls out.
        wire: builds them; which Protocol it implements is the concrete service's business.
        mode: the run-time tag of M.

    A subclass says where a client has it: `class Updates(Service[M], path="complaints.updates")`.
    """

    wire: Any
    _path: ClassVar[str] = ""

    def __init_subclass__(cls, *, path: str = "", **more: Any) -> None:
        super().__init_subclass__(**more)
        cls._path = path or cls._path

    def __init__(self, engine: Engine, wire: Any, mode: type[M]) -> None:
        self.engine = engine
        self.wire = wire
        self.mode = mode

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.mode.__name__}>"


def path_of(service: Service[Any]) -> str:
    """Where a client has a service, such as `complaints.updates`."""
    return service._path  # pyright: ignore[reportPrivateUsage]
