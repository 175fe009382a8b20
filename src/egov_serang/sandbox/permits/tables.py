"""How permits are kept: one row a record, the record itself as JSON beside the columns that lists search by."""

from __future__ import annotations

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from egov_serang.sandbox.db import Base


class TypeRow(Base):
    """One version of a permit type."""

    __tablename__ = "permit_type"

    serial: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(index=True)
    version: Mapped[int]
    published: Mapped[bool]
    body: Mapped[dict[str, object]] = mapped_column(JSON)


class ApplicationRow(Base):
    """An application as it was last written."""

    __tablename__ = "permit_application"

    serial: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[str] = mapped_column(unique=True)
    client_id: Mapped[str] = mapped_column(index=True)
    permit_type_code: Mapped[str]
    client_reference: Mapped[str | None] = mapped_column(index=True)
    body: Mapped[dict[str, object]] = mapped_column(JSON)


class ApplicationStateRow(Base):
    """A span of time in which an application is in one state, now or later, unless somebody acts.

    Times are seconds since the epoch on the city's clock. Lists join the span that holds now, so that what time brings
    (a deemed grant) is found by a filter without anybody having written it.
    """

    __tablename__ = "permit_application_state"

    serial: Mapped[int] = mapped_column(primary_key=True)
    application: Mapped[int] = mapped_column(ForeignKey("permit_application.serial"), index=True)
    begins: Mapped[float]
    """0 for the state that was written, since the city's clock may be set back."""
    ends: Mapped[float | None]
    updated_at: Mapped[float]
    stage: Mapped[str]
    status: Mapped[str]


class LicenceRow(Base):
    """An issued licence; `serial` is its place in the status list too."""

    __tablename__ = "permit_licence"

    serial: Mapped[int] = mapped_column(primary_key=True)
    licence_id: Mapped[str] = mapped_column(unique=True)
    client_id: Mapped[str]
    body: Mapped[dict[str, object]] = mapped_column(JSON)
