"""What a client registers to let people log in: where they may come back to, and the name they see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import JSON, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from egov_serang.sandbox.db import KEPT, Base


class WebAppRow(Base):
    """The part of a registration that only applications people log in to have."""

    __tablename__ = "web_apps"
    __table_args__ = KEPT

    client_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    redirect_uris: Mapped[list[str]] = mapped_column(JSON)
    post_logout_redirect_uris: Mapped[list[str]] = mapped_column(JSON)


@dataclass(frozen=True, slots=True)
class WebApp:
    """An application people log in to.

    Attributes:
        name: what the consent page calls it.
        redirect_uris: where people may come back to after logging in; compared as text.
        post_logout_redirect_uris: likewise after logging out.
    """

    name: str
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...] = ()


EXAMPLE_ID: Final = "sandbox-web"
EXAMPLE_SECRET: Final = "sandbox-web-secret"  # noqa: S105 - of the sandbox alone, and printed in the documentation
_PORTS: Final = (8000, 8001)
EXAMPLE: Final = WebApp(
    "Lapor Serang",
    tuple(f"http://{host}:{port}/callback" for host in ("127.0.0.1", "localhost") for port in _PORTS),
    tuple(f"http://{host}:{port}/" for host in ("127.0.0.1", "localhost") for port in _PORTS),
)
"""Registered in every sandbox, so that an example can be tried at once."""


class WebApps:
    """All of them, read once and kept at hand."""

    def __init__(self, session: Session) -> None:
        self._by_id = {
            row.client_id: WebApp(row.name, tuple(row.redirect_uris), tuple(row.post_logout_redirect_uris))
            for row in session.scalars(select(WebAppRow))
        }

    def get(self, client_id: str) -> WebApp | None:
        """The application of a client; None where nobody logs in to it."""
        return self._by_id.get(client_id)

    def register(self, session: Session, client_id: str, app: WebApp | None) -> None:
        """Add, replace or (None) take away. It counts at once; the caller commits."""
        if app is None:
            known = session.get(WebAppRow, client_id)
            if known is not None:
                session.delete(known)
            self._by_id.pop(client_id, None)
            return
        row = WebAppRow(
            client_id=client_id,
            name=app.name,
            redirect_uris=list(app.redirect_uris),
            post_logout_redirect_uris=list(app.post_logout_redirect_uris),
        )
        session.merge(row)
        self._by_id[client_id] = app
