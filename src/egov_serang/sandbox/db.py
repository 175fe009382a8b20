"""The database: SQLite through SQLAlchemy, many readers, one writer.

A handler takes `Db`: on a GET a read transaction, else the one write transaction, which the route (see `route`)
commits together with the idempotency record. Handlers never commit.

Tables say in `info={"kept": True}` that a reset of the sandbox leaves them alone; all others are emptied and seeded.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from sqlalchemy import Connection, Engine, Table, create_engine, delete, event, func, select
from sqlalchemy.orm import DeclarativeBase, Session

KEPT: Final = {"info": {"kept": True}}
"""`__table_args__` of a table that outlives a reset: keys and registrations."""


NUMBERED: Final = {"sqlite_autoincrement": True}
"""`__table_args__` of a table whose numbers are never given again, not after a reset either."""


class Base(DeclarativeBase):
    """Parent of every table."""


class Database:
    """The engines over one SQLite file.

    Args:
        path: the file; made 0600 when it does not exist.
        durable: whether a commit waits for the disk (synchronous=FULL). Off for throw-away databases.
    """

    def __init__(self, path: Path, *, durable: bool) -> None:
        path.touch(mode=0o600)
        level = "FULL" if durable else "OFF"
        self._readers = _engine(path, level, "BEGIN")
        self._writer = _engine(path, level, "BEGIN IMMEDIATE")
        Base.metadata.create_all(self._writer)

    def reading(self) -> Session:
        """A session that sees one committed state."""
        return Session(self._readers, expire_on_commit=False)

    def writing(self) -> Session:
        """A session whose first statement takes SQLite's write lock. Hold the platform's writer lock meanwhile."""
        return Session(self._writer, expire_on_commit=False)

    def empty(self, session: Session) -> None:
        """Delete everything but what is kept."""
        for table in reversed(Base.metadata.sorted_tables):
            if not table.info.get("kept"):
                session.execute(delete(table))

    def counts(self) -> dict[str, int]:
        """Rows per table."""
        with self.reading() as session:
            return {table.name: _count(session, table) for table in Base.metadata.sorted_tables}

    def close(self) -> None:
        """Close every connection."""
        self._readers.dispose()
        self._writer.dispose()


def _count(session: Session, table: Table) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def _engine(path: Path, level: str, begin: str) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"check_same_thread": False, "timeout": 30},
        hide_parameters=True,
        pool_size=10,
        max_overflow=60,
    )

    def connect(connection: sqlite3.Connection, record: object) -> None:
        # sqlite3's own transaction control would begin too late (at the first write, not the first read).
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", f"synchronous={level}", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    def started(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", started)
    return engine


async def _session(request: Request) -> Session:
    session: Any = request.state.session
    assert isinstance(session, Session)  # noqa: S101 - the route sets it; this narrows the type
    return session


Db = Annotated[Session, Depends(_session)]
"""The session of this request."""
