"""Faults of the sandbox on demand: what the fixture `egov_faults` gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from egov_serang.sandbox.server import Sandbox


class ScriptedFaults:
    """Lets the next calls of an operation go wrong. Faults of one operation happen in the order they were asked for.

    Args:
        sandbox: where they happen.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def lose_answer(self, operation: str, *, times: int = 1) -> None:
        """Carry out the call, then cut the connection: the effect is there, its answer is not.

        Args:
            operation: its id, such as `complaints.submit`.
            times: how many calls.
        """
        self._sandbox.fault(operation, kind="lost_answer", times=times)

    def refuse(
        self,
        operation: str,
        *,
        code: str = "upstream_unavailable",
        status: int | None = None,
        retry_after_s: int | None = None,
        times: int = 1,
    ) -> None:
        """Refuse the call before anything is done.

        Args:
            operation: its id.
            code: the contract's problem code (section 1).
            status: another HTTP status than the code's own.
            retry_after_s: what `Retry-After` says, in seconds.
            times: how many calls.
        """
        self._sandbox.fault(
            operation, kind="status", code=code, status=status, retry_after_s=retry_after_s, times=times
        )

    def spoil_answer(self, operation: str, *, times: int = 1) -> None:
        """Carry out the call, then change its signed answer on the way, as somebody in between would.

        Args:
            operation: its id.
            times: how many calls; the SDK repeats what may be repeated, so 3 are needed for an error.
        """
        self._sandbox.fault(operation, kind="spoiled_answer", times=times)

    def delay(self, operation: str, seconds: float, *, times: int = 1) -> None:
        """Carry out the call at once and answer late.

        Args:
            operation: its id.
            seconds: how late.
            times: how many calls.
        """
        self._sandbox.fault(operation, kind="delay", delay_s=seconds, times=times)
