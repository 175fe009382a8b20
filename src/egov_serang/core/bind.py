"""Descriptors that bind a service method, written once, to the mode of its client.

`Complaints[Sync].get(...)` is a `Complaint`, `Complaints[Async].get(...)` a coroutine of one, on `client.raw` it is a
`Reply`, on `client.dry` the `Call` itself. Type checkers follow the overloads below; at run time the mode is a value.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine
from functools import cached_property
from typing import Any, Concatenate, Generic, Never, ParamSpec, Self, TypeVar, overload

from egov_serang.core.call import Call
from egov_serang.core.engine import Engine
from egov_serang.core.exchange import surer
from egov_serang.core.modes import Async, AsyncRaw, Dry, M, Mode, Service, Sync, SyncRaw
from egov_serang.core.paging import AsyncPager, AsyncPageReplies, Paged, Pager, PageReplies
from egov_serang.core.reply import Reply
from egov_serang.core.resume import Undertaking, Unfinished, Work
from egov_serang.core.steps import Steps
from egov_serang.errors import EgovError, UnsupportedOperation

__all__ = [
    "Async",
    "AsyncRaw",
    "Dry",
    "M",
    "Service",
    "Steps",
    "Sync",
    "SyncRaw",
    "flow",
    "operation",
    "paginated",
]

P = ParamSpec("P")
T = TypeVar("T")


class _Descriptor:
    """What the three descriptors share: names, signature, and one bound function per service object."""

    _hidden = 1  # leading parameters a caller does not give: self

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
        self.__wrapped__ = function

    def __set_name__(self, owner: type, name: str) -> None:
        self.__name__ = name

    @cached_property
    def __signature__(self) -> inspect.Signature:
        return self._signature(self.function, 0)

    def _signature(self, function: Callable[..., Any], visible_self: int) -> inspect.Signature:
        signature = inspect.signature(function)
        parameters = list(signature.parameters.values())
        kept = parameters[:1][: 1 - visible_self] + parameters[self._hidden :]
        return signature.replace(parameters=kept, return_annotation=_result(signature.return_annotation))

    def _dress(self, bound: Callable[..., Any]) -> Callable[..., Any]:
        """Give the bound function the public face: name, docstring, signature without the hidden parameters."""
        function = self.function
        bound.__name__ = self.__name__
        bound.__qualname__ = function.__qualname__
        bound.__module__ = function.__module__
        bound.__doc__ = function.__doc__
        signature = self._signature(function, 1)
        bound.__signature__ = signature  # type: ignore[attr-defined]
        bound.__annotations__ = {
            **{p.name: p.annotation for p in signature.parameters.values() if p.annotation is not p.empty},
            "return": signature.return_annotation,
        }
        bound.__wrapped__ = function  # type: ignore[attr-defined]
        return bound

    def _resolve(self, service: Service[Any] | None) -> Any:
        if service is None:
            return self
        bound = self._dress(self._bind(service))
        vars(bound)["__self__"] = service
        # An attribute of the instance goes before a descriptor without __set__: the next access costs nothing.
        service.__dict__[self.__name__] = bound
        return bound

    def _bind(self, service: Service[Any]) -> Callable[..., Any]:
        raise UnsupportedOperation(f"{type(self).__name__} binds nothing")

    def __call__(self, service: Service[Any], *args: Any, **kwargs: Any) -> Any:
        """`Complaints.get(client.complaints, ...)`: the unbound form."""
        return getattr(service, self.__name__)(*args, **kwargs)


def _result(annotation: Any) -> Any:
    """`Call[X]` is shown as X: what a caller receives."""
    if isinstance(annotation, str) and annotation.startswith("Call[") and annotation.endswith("]"):
        return annotation[5:-1]
    return annotation


def _caller(service: Service[Any], work: Work) -> Callable[..., Any]:
    """The function a user calls, in the service's mode. A real `async def` where that is asynchronous."""
    engine, raw = service.engine, service.mode.raw

    if service.mode.asynchronous:

        async def bound_async(*args: Any, **kwargs: Any) -> Any:
            given = Undertaking(args, kwargs)
            del args, kwargs
            try:
                reply = await engine.finish_async(work(engine, given))
            except EgovError as error:
                Unfinished(engine, work, given, raw).keep(error)
                raise
            return reply if raw else reply.data

        return bound_async

    def bound(*args: Any, **kwargs: Any) -> Any:
        given = Undertaking(args, kwargs)
        del args, kwargs
        try:
            reply = engine.finish(work(engine, given))
        except EgovError as error:
            Unfinished(engine, work, given, raw).keep(error)
            raise
        return reply if raw else reply.data

    return bound


class operation(_Descriptor, Generic[P, T]):
    """A method that is one call: written as `def get(self, ...) -> Call[T]`."""

    function: Callable[Concatenate[Any, P], Call[T]]

    def __init__(self, function: Callable[Concatenate[Any, P], Call[T]]) -> None:
        super().__init__(function)

    @overload
    def __get__(self, service: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, service: Service[Sync], owner: type[Any] | None = None) -> Callable[P, T]: ...
    @overload
    def __get__(
        self, service: Service[Async], owner: type[Any] | None = None
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, service: Service[SyncRaw], owner: type[Any] | None = None) -> Callable[P, Reply[T]]: ...
    @overload
    def __get__(
        self, service: Service[AsyncRaw], owner: type[Any] | None = None
    ) -> Callable[P, Coroutine[Any, Any, Reply[T]]]: ...
    @overload
    def __get__(self, service: Service[Dry], owner: type[Any] | None = None) -> Callable[P, Call[T]]: ...
    def __get__(self, service: Service[Any] | None, owner: type[Any] | None = None) -> Any:
        return self._resolve(service)

    def _bind(self, service: Service[Any]) -> Callable[..., Any]:
        function = self.function
        if service.mode is Dry:
            return _builder(service, function)

        async def work(engine: Engine, given: Undertaking) -> Reply[Any]:
            call = given.call
            if call is None:
                call = given.call = function(service, *given.pos, **given.kw)
                given.safety = call.safety
            return await engine.perform(call, key=given.key, sent=given.sent)

        return _caller(service, work)


class paginated(_Descriptor, Generic[P, T]):
    """A method that is a list: written as `def list(self, ...) -> Paged[T]`. Nothing is sent before the first item."""

    function: Callable[Concatenate[Any, P], Paged[T]]

    def __init__(self, function: Callable[Concatenate[Any, P], Paged[T]]) -> None:
        super().__init__(function)

    @overload
    def __get__(self, service: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, service: Service[Sync], owner: type[Any] | None = None) -> Callable[P, Pager[T]]: ...
    @overload
    def __get__(self, service: Service[Async], owner: type[Any] | None = None) -> Callable[P, AsyncPager[T]]: ...
    @overload
    def __get__(self, service: Service[SyncRaw], owner: type[Any] | None = None) -> Callable[P, PageReplies[T]]: ...
    @overload
    def __get__(
        self, service: Service[AsyncRaw], owner: type[Any] | None = None
    ) -> Callable[P, AsyncPageReplies[T]]: ...
    @overload
    def __get__(self, service: Service[Dry], owner: type[Any] | None = None) -> Callable[P, Paged[T]]: ...
    def __get__(self, service: Service[Any] | None, owner: type[Any] | None = None) -> Any:
        return self._resolve(service)

    def _bind(self, service: Service[Any]) -> Callable[..., Any]:
        build, mode = _builder(service, self.function), service.mode
        if mode is Dry:
            return build
        pagers: dict[type[Mode], type[Any]] = {
            Sync: Pager,
            Async: AsyncPager,
            SyncRaw: PageReplies,
            AsyncRaw: AsyncPageReplies,
        }
        pager = pagers[mode]

        def bound(*args: Any, **kwargs: Any) -> Any:
            given = Undertaking(args, kwargs)
            del args, kwargs
            return pager(service.engine, build(*given.pos, **given.kw))

        return bound


class flow(_Descriptor, Generic[P, T]):
    """A method of several calls: `async def submit(self, step, ...) -> T`, where `await step(call)` is a `Reply`.

    With an idempotency key of its own a flow that failed half way is run again whole, and repeats no effect. In raw
    mode the reply is the last step's with the flow's result; in dry mode there is nothing to show.
    """

    function: Callable[Concatenate[Any, Steps, P], Awaitable[T]]
    _hidden = 2  # self and step

    def __init__(self, function: Callable[Concatenate[Any, Steps, P], Awaitable[T]]) -> None:
        super().__init__(function)

    @overload
    def __get__(self, service: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, service: Service[Sync], owner: type[Any] | None = None) -> Callable[P, T]: ...
    @overload
    def __get__(
        self, service: Service[Async], owner: type[Any] | None = None
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, service: Service[SyncRaw], owner: type[Any] | None = None) -> Callable[P, Reply[T]]: ...
    @overload
    def __get__(
        self, service: Service[AsyncRaw], owner: type[Any] | None = None
    ) -> Callable[P, Coroutine[Any, Any, Reply[T]]]: ...
    @overload
    def __get__(self, service: Service[Dry], owner: type[Any] | None = None) -> Callable[P, Never]: ...
    def __get__(self, service: Service[Any] | None, owner: type[Any] | None = None) -> Any:
        return self._resolve(service)

    def _bind(self, service: Service[Any]) -> Callable[..., Any]:
        function, name = self.function, self.__name__
        if service.mode is Dry:

            def refuse(*args: Any, **kwargs: Any) -> Never:
                raise UnsupportedOperation(
                    f"{name} is several calls, so there is no single one to show",
                    code="dry_flow",
                    hint="Use the operations it is made of in dry mode",
                )

            return refuse

        async def work(engine: Engine, given: Undertaking) -> Reply[Any]:
            with Steps(engine, name, given.key) as steps:
                try:
                    result = await function(service, steps, *given.pos, **given.kw)
                except EgovError as error:
                    # A key nobody honours would promise that running it again has no second effect.
                    error.idempotency_key = None if steps.safety == "never_repeat" else steps.key
                    # Of the flow as a whole: where an earlier step was answered, the service has seen it.
                    error.sent = surer(given.sent, "yes" if steps.last else error.sent)
                    given.safety = steps.safety
                    raise
            last = steps.last
            if last is None:
                raise UnsupportedOperation(f"{name} ended without a call")
            return Reply(result, last.status, last.headers, last.request_id, last.attempts, last.replayed)

        return _caller(service, work)


def _builder(service: Service[Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """Build a value without sending; errors are as bare as those of a sent call."""

    async def build(given: Undertaking) -> Any:
        return function(service, *given.pos, **given.kw)

    def bound(*args: Any, **kwargs: Any) -> Any:
        given = Undertaking(args, kwargs)
        del args, kwargs
        return service.engine.finish(build(given))

    return bound
