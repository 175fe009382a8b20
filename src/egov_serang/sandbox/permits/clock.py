"""The statutory clock of an application: working time, pause, resume, restart (contract-v1 section 3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from egov_serang.sandbox.working import add_working, working_between


class StatutoryClock(BaseModel):
    """How much of its legal time the authority has used. Every verb returns a new clock.

    A paused clock keeps its elapsed time; a restarted one begins from zero (contract-v1 section 3).
    """

    model_config = ConfigDict(frozen=True)

    period: timedelta
    working_days: bool = True
    """Whether `period` is working time. Only the sandbox's own `deem-grant` type counts plain seconds."""
    state: Literal["running", "paused", "stopped"] = "stopped"
    started_at: datetime | None = None
    running_since: datetime | None = None
    used: timedelta = timedelta()
    paused_since: datetime | None = None
    pause_reason: str | None = None
    restarts: int = 0

    @property
    def due_at(self) -> datetime | None:
        """When the time runs out; None unless the clock runs, since a pause moves it."""
        if self.running_since is None:
            return None
        left = self.period - self.used
        due = add_working(self.running_since, left) if self.working_days else self.running_since + left
        return due.astimezone(UTC)

    def start(self, now: datetime) -> Self:
        """Begin from zero."""
        return self._with(
            state="running",
            started_at=now,
            running_since=now,
            used=timedelta(),
            paused_since=None,
            pause_reason=None,
        )

    def pause(self, now: datetime, reason: str | None) -> Self:
        """Stop counting and keep what has been used."""
        return self._with(
            state="paused", running_since=None, used=self._used(now), paused_since=now, pause_reason=reason
        )

    def resume(self, now: datetime) -> Self:
        """Go on counting from where the pause began."""
        return self._with(state="running", running_since=now, paused_since=None, pause_reason=None)

    def restart(self, now: datetime) -> Self:
        """Begin from zero again, and count that it was done."""
        return self.start(now)._with(restarts=self.restarts + 1)

    def stop(self, now: datetime) -> Self:
        """End: nothing is counted any more."""
        return self._with(
            state="stopped", running_since=None, used=self._used(now), paused_since=None, pause_reason=None
        )

    def _used(self, now: datetime) -> timedelta:
        if self.running_since is None:
            return self.used
        ran = working_between(self.running_since, now) if self.working_days else now - self.running_since
        return self.used + ran

    def _with(self, **changes: object) -> Self:
        return self.model_copy(update=changes)
