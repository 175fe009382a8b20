"""What a method would send first, without sending it: for whoever keeps a call to make it later."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator
from typing import Any, Final, cast

from egov_serang.core.bind import flow, operation, paginated
from egov_serang.core.call import Call
from egov_serang.core.modes import Mode, Service, path_of
from egov_serang.core.resume import Undertaking
from egov_serang.core.steps import Steps
from egov_serang.errors import UnsupportedOperation

_ENDED: Final = "it sends nothing"


class Bound:
    """A method of a client's service, taken apart.

    Args:
        method: as a client has it: `client.complaints.submit`.

    Raises:
        UnsupportedOperation: it is none.
    """

    def __init__(self, method: Callable[..., Any]) -> None:
        service: object = getattr(method, "__self__", None)
        name = getattr(method, "__name__", "")
        descriptor: object = getattr(type(service), name, None)
        if not isinstance(service, Service) or not isinstance(descriptor, operation | flow | paginated):
            raise refused("it is no method of a client's service", "Pass the method itself: client.complaints.submit")
        self.service: Service[Any] = cast("Service[Any]", service)
        self._name = name
        self.place = path_of(self.service)
        self.path = f"{self.place}.{name}"
        self._descriptor: operation[Any, Any] | flow[Any, Any] | paginated[Any, Any] = descriptor

    @property
    def mode(self) -> type[Mode]:
        return self.service.mode

    @property
    def function(self) -> Callable[..., Any]:
        """As it is written in the service, with its annotations; `self`, and `step` of a flow, come first."""
        return self._descriptor.function

    def bind(self, given: Undertaking) -> dict[str, Any]:
        """The arguments by their names.

        Raises:
            TypeError: they do not fit.
        """
        return dict(inspect.signature(getattr(self.service, self._name)).bind(*given.pos, **given.kw).arguments)

    def write(self, given: Undertaking) -> Call[Any]:
        """The first call these arguments lead to. They are checked as far as they are before it.

        Raises:
            Invalid: an argument is refused.
            UnsupportedOperation: it is no write that may be repeated safely.
        """
        descriptor = self._descriptor
        if isinstance(descriptor, paginated):
            raise refused("it is a list", "Read when there is a network; only what changes something is kept")
        call = (
            self._first(descriptor.function, given)
            if isinstance(descriptor, flow)
            else descriptor.function(self.service, *given.pos, **given.kw)
        )
        if call.method == "GET":
            raise refused("it only reads", "Read when there is a network; only what changes something is kept")
        if call.safety != "keyed":
            raise refused("its service honours no idempotency key, so it might be done twice", "Make the call at once")
        return call

    def _first(self, function: Callable[..., Any], given: Undertaking) -> Call[Any]:
        coroutine = function(self.service, _Rehearsal(self.service.engine, self.path), *given.pos, **given.kw)
        try:
            halted: Call[Any] = coroutine.send(None)
            return halted
        except StopIteration:
            pass
        finally:
            coroutine.close()
        raise refused(_ENDED, "Make the call at once")


class _Halt:
    """Hands a call out where it would be sent."""

    def __init__(self, call: Call[Any]) -> None:
        self._call = call

    def __await__(self) -> Generator[Call[Any], None, Any]:
        yield self._call


class _Rehearsal(Steps):
    """The steps of a flow that goes no further than to its first."""

    async def __call__(self, call: Call[Any], name: str | None = None) -> Any:
        return await _Halt(call)

    async def offload(self, work: Callable[[], Any]) -> Any:
        return work()


def refused(why: str, hint: str) -> UnsupportedOperation:
    """The error for what cannot be kept to be sent later."""
    return UnsupportedOperation(f"this cannot be kept in an outbox: {why}", code="not_kept", hint=hint)
