"""Carries events to their sinks: in order for each subject, again when a sink fails, until 24 hours have passed."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

import httpx
from pydantic import BaseModel, ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from egov_serang.sandbox.eventlog import EventRow
from egov_serang.sandbox.events.ladder import signed, wait_after
from egov_serang.sandbox.events.log import of_types, told, visible
from egov_serang.sandbox.events.subscriptions import give_up, secrets_of
from egov_serang.sandbox.events.tables import DeliveryRow, SubscriptionRow, awaiting
from egov_serang.sandbox.platform import Platform

CHALLENGE: Final = "subscription.challenge"
_PATIENCE_S: Final = 10.0
_AT_ONCE: Final = 8
_LONGEST_ANSWER: Final = 64 * 1024
_IDLE_S: Final = 3600.0
_GONE: Final = 410
_OK: Final = range(200, 300)


class _Echo(BaseModel):
    """What a sink answers to a challenge."""

    challenge: str


@dataclass(frozen=True, slots=True)
class _Errand:
    """One attempt of one delivery; secrets and data do not print."""

    delivery: int
    lane: tuple[int, str]
    """Subscription and subject: one errand at a time, so that order holds."""
    at: float
    """The city's time when it was found due: what the next attempt is counted from."""
    sink: str
    webhook_id: str
    body: bytes = field(repr=False)
    keys: tuple[str, ...] = field(repr=False)
    challenge: str | None = field(default=None, repr=False)


class Courier:
    """Delivers while the sandbox runs. Wakes when something is committed or due; polls nothing.

    Args:
        here: whose events they are.
    """

    def __init__(self, here: Platform) -> None:
        self._here = here
        self._under_way: dict[tuple[int, str], asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Deliver until cancelled."""
        limits = httpx.Limits(max_connections=_AT_ONCE)
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=_PATIENCE_S, limits=limits) as http:
                while True:
                    self._here.committed.clear()
                    if await run_in_threadpool(self._behind):
                        async with self._here.writer:
                            await run_in_threadpool(self._fan_out)
                    errands, wait = await run_in_threadpool(self._due)
                    for errand in errands:
                        task = asyncio.create_task(self._carry(http, errand))
                        self._under_way[errand.lane] = task
                    try:
                        async with asyncio.timeout(wait):
                            await self._here.committed.wait()
                    except TimeoutError:
                        pass
        finally:
            for task in self._under_way.values():
                task.cancel()

    def _behind(self) -> bool:
        """Whether the log holds what some subscription has not been asked about."""
        with closing(self._here.database.reading()) as session:
            end = session.scalar(select(func.max(EventRow.seq))) or 0
            least = session.scalar(select(func.min(SubscriptionRow.position)).where(SubscriptionRow.status == "active"))
            return least is not None and least < end

    def _fan_out(self) -> None:
        """Enter what happened since into what is to be delivered. The writer lock is held."""
        with closing(self._here.database.writing()) as session:
            end = session.scalar(select(func.max(EventRow.seq))) or 0
            for one in session.scalars(select(SubscriptionRow).where(SubscriptionRow.status == "active")):
                client = self._here.clients.get(one.client_id)
                wanted = visible(one.client_id, frozenset() if client is None else client.scopes)
                wanted = wanted.where(EventRow.seq > one.position, EventRow.seq <= end, of_types(one.types))
                if "subject" in one.filter:
                    wanted = wanted.where(EventRow.subject == one.filter["subject"])
                now = self._here.clock.timestamp()
                for event in session.scalars(wanted.order_by(EventRow.seq)):
                    session.add(awaiting(one.seq, event.subject, now, event.seq))
                one.position = end
            session.commit()

    def _due(self) -> tuple[list[_Errand], float]:
        """What is to be carried now, and the seconds until the next thing is due."""
        now, errands, wait = self._here.clock.now(), list[_Errand](), _IDLE_S
        busy, seen = len(self._under_way), set(self._under_way)
        with closing(self._here.database.reading()) as session:
            waiting = select(DeliveryRow).where(DeliveryRow.state == "waiting").order_by(DeliveryRow.seq)
            for row in session.scalars(waiting):
                lane = (row.subscription_seq, row.subject)
                if lane in seen:
                    continue
                seen.add(lane)
                if row.due_at > now.timestamp():
                    wait = min(wait, row.due_at - now.timestamp())
                elif busy + len(errands) < _AT_ONCE:  # else whoever comes back looks again
                    errands.append(self._errand(session, row, lane))
        return errands, wait

    def _errand(self, session: Session, row: DeliveryRow, lane: tuple[int, str]) -> _Errand:
        subscription = session.get_one(SubscriptionRow, row.subscription_seq)
        now = self._here.clock.now()
        at, keys = now.timestamp(), tuple(secrets_of(subscription, now))
        if row.event_seq is None:
            document = json.dumps({"type": CHALLENGE, "challenge": subscription.challenge})
            name = f"chl_{subscription.subscription_id}"
            return _Errand(row.seq, lane, at, subscription.sink, name, document.encode(), keys, subscription.challenge)
        event = session.get_one(EventRow, row.event_seq)
        body = told(event, self._here.city.code).model_dump_json(exclude_none=True).encode()
        # Two subscriptions of one sink deliver an event twice: two deliveries, and so two names.
        name = f"evt_{event.seq:012}_{subscription.seq}"
        return _Errand(row.seq, lane, at, subscription.sink, name, body, keys)

    async def _carry(self, http: httpx.AsyncClient, errand: _Errand) -> None:
        try:
            status = await self._sent(http, errand)
            async with self._here.writer:
                await run_in_threadpool(self._note, errand, status)
        finally:
            self._under_way.pop(errand.lane, None)
            self._here.committed.set()

    async def _sent(self, http: httpx.AsyncClient, errand: _Errand) -> int | None:
        """The status of the answer; None where there is none, or a challenge was not echoed."""
        headers = signed(errand.webhook_id, errand.body, self._here.clock.wall(), errand.keys)
        headers["content-type"] = "application/cloudevents+json" if errand.challenge is None else "application/json"
        try:
            async with (
                asyncio.timeout(_PATIENCE_S),
                http.stream("POST", errand.sink, content=errand.body, headers=headers) as answer,
            ):
                if errand.challenge is None or answer.status_code not in _OK:
                    return answer.status_code
                content = b""
                async for piece in answer.aiter_bytes():
                    content += piece
                    if len(content) > _LONGEST_ANSWER:
                        return None
        except (httpx.HTTPError, TimeoutError):
            return None
        try:
            echoed = _Echo.model_validate_json(content).challenge
        except ValidationError:
            return None
        return answer.status_code if echoed == errand.challenge else None

    def _note(self, errand: _Errand, status: int | None) -> None:
        """Write down what came of an attempt. The writer lock is held."""
        with closing(self._here.database.writing()) as session:
            row = session.get(DeliveryRow, errand.delivery)
            if row is None or row.state != "waiting":  # the subscription was deleted or disabled meanwhile
                return
            subscription = session.get_one(SubscriptionRow, row.subscription_seq)
            row.attempts += 1
            row.last_status = status
            wait = wait_after(row.attempts)
            if status is not None and status in _OK:
                row.state = "delivered"
                if row.event_seq is None:
                    subscription.status = "active"
            elif status == _GONE or (wait is None and row.event_seq is None):
                give_up(session, subscription)
            elif wait is None:
                row.state = "given_up"
            else:
                row.due_at = errand.at + wait
            session.commit()
