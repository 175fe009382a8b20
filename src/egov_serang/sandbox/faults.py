"""Faults on demand: a status instead of an effect, an effect without an answer, a late or a spoiled answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fastapi import Request

from egov_serang.sandbox.problems import STATUS, Problem


@dataclass(slots=True)
class Fault:
    """What shall go wrong, and how often.

    Args:
        kind: `status`: refuse with `code` before anything is done; `lost_answer`: do it, then cut the connection;
            `delay`: do it, then answer `delay_s` seconds later; `spoiled_answer`, `unsigned_answer`: do it, then
            change one bit of the signed answer on its way, or take its signature off.
        operation: operation id it strikes; or
        method, route_prefix: the requests it strikes, by verb and start of the route template.
        times: how many requests.
        status: HTTP status of kind `status`; by default the code's own.
        code: problem code of kind `status`.
        retry_after_s: hint of kind `status`, in seconds.
        delay_s: seconds of kind `delay`.
    """

    kind: Literal["status", "lost_answer", "delay", "spoiled_answer", "unsigned_answer"]
    operation: str | None = None
    method: str | None = None
    route_prefix: str = ""
    times: int = 1
    status: int | None = None
    code: str = "upstream_unavailable"
    retry_after_s: int | None = None
    delay_s: float = 0.0

    def hits(self, method: str, operation: str | None, route: str) -> bool:
        """Whether this request is meant."""
        if self.times <= 0:
            return False
        if self.operation is not None:
            return self.operation == operation
        return self.method in {None, method} and route.startswith(self.route_prefix)


class Faults:
    """The faults still to come, in the order they were asked for."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let this go wrong too."""
        self._faults.append(fault)

    def clear(self) -> None:
        """No more faults."""
        self._faults.clear()

    def strike(self, request: Request, operation: str | None, route: str) -> None:
        """Apply the first fault that is meant for this request: raise, or mark the request.

        Raises:
            Problem: of a fault of kind `status`.
        """
        fault = next((f for f in self._faults if f.hits(request.method, operation, route)), None)
        if fault is None:
            return
        fault.times -= 1
        if fault.kind == "delay":
            request.state.delay_s = fault.delay_s
        elif fault.kind == "lost_answer":
            request.state.cut = True
        elif fault.kind in {"spoiled_answer", "unsigned_answer"}:
            request.state.spoil = fault.kind
        else:
            code = fault.code if fault.code in STATUS else "internal"
            raise Problem(code, "A fault asked for.", retry_after_s=fault.retry_after_s, status=fault.status)
