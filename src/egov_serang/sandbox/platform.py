"""What the parts of one running sandbox share; a handler takes it as `Here`."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import dataclass, field
from types import ModuleType
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from egov_serang.sandbox.audit import AuditTrail
from egov_serang.sandbox.cities.municipality import Municipality
from egov_serang.sandbox.clients import Clients
from egov_serang.sandbox.clock import Clock
from egov_serang.sandbox.db import Database
from egov_serang.sandbox.faults import Faults
from egov_serang.sandbox.keys import ServerKeys
from egov_serang.sandbox.logins import Logins
from egov_serang.sandbox.nonces import Nonces
from egov_serang.sandbox.oauth.devices import Devices
from egov_serang.sandbox.oauth.families import Families
from egov_serang.sandbox.records import Records
from egov_serang.sandbox.replays import Replays
from egov_serang.sandbox.settings import Settings
from egov_serang.sandbox.webapps import WebApps


@dataclass(slots=True)
class Platform:
    """One sandbox: its settings, city clock (`clock.now()`), keys (`keys.sign(claims)`) and stores."""

    settings: Settings
    database: Database
    clients: Clients
    keys: ServerKeys
    replays: Replays
    modules: tuple[ModuleType, ...]
    webapps: WebApps
    clock: Clock = field(default_factory=Clock)
    records: Records = field(default_factory=Records)
    faults: Faults = field(default_factory=Faults)
    audit: AuditTrail = field(default_factory=AuditTrail)
    nonces: Nonces = field(default_factory=Nonces)
    logins: Logins = field(default_factory=Logins)
    families: Families = field(default_factory=Families)
    devices: Devices = field(default_factory=Devices)
    writer: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held around every write transaction: SQLite has one writer, and a queue is fairer than its busy loop."""
    committed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when something was written, or the city's clock was moved: there may be something to deliver."""
    in_flight: set[str] = field(default_factory=set)
    """Idempotency keys (hashed, with their scope) of calls under way. In memory: a killed server has none."""

    @property
    def city(self) -> Municipality:
        """The city it plays."""
        return self.settings.city

    def reseed(self) -> None:
        """Empty the database and seed it again. Hold the writer lock."""
        with closing(self.database.writing()) as session:
            self.database.empty(session)
            self.seed(session)
            session.commit()

    def seed(self, session: Session) -> None:
        """Let every module with a `seed(session, city)` enter what it starts with. The caller commits."""
        for module in self.modules:
            if hasattr(module, "seed"):
                module.seed(session, self.city)

    def tick(self) -> None:
        """Let every module with a `tick(session, now)` do what the city's time has brought. Hold the writer lock."""
        with closing(self.database.writing()) as session:
            for module in self.modules:
                if hasattr(module, "tick"):
                    module.tick(session, self.clock.now())
            session.commit()

    def close(self) -> None:
        """Close the stores."""
        self.database.close()
        self.replays.close()


async def _platform(request: Request) -> Platform:
    return platform_of(request)


def platform_of(request: Request) -> Platform:
    """The sandbox a request came to."""
    platform: Platform = request.app.state.platform
    return platform


Here = Annotated[Platform, Depends(_platform)]
"""The platform, in a handler's signature."""
