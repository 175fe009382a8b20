"""The people who may log in here: the invented residents of the register, one click each, without a password."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from egov_serang.sandbox.identity.people import PersonRow, subject_of
from egov_serang.sandbox.keys import ServerKeys
from egov_serang.sandbox.platform import Platform


@dataclass(frozen=True, slots=True)
class Resident:
    """One of them.

    Attributes:
        mark: what a form sends; says nothing about the person.
        name: as the page shows it.
        number_hash: which row of the register.
        attributes: what the register says of them.
    """

    mark: str
    name: str = field(repr=False)
    number_hash: str = field(repr=False)
    attributes: Mapping[str, str] = field(repr=False)

    def subject(self, keys: ServerKeys, client_id: str) -> str:
        """The pseudonym under which a client knows this person: that of verifications too (contract-v1 section 4)."""
        return subject_of(keys, client_id, self.number_hash)


def residents(session: Session, keys: ServerKeys) -> list[Resident]:
    """All that live, by name."""
    rows = session.scalars(select(PersonRow).where(PersonRow.status == "active"))
    found = [
        Resident(
            keys.pseudonym("login", row.number_hash)[:16], row.attributes["full_name"], row.number_hash, row.attributes
        )
        for row in rows
    ]
    return sorted(found, key=lambda resident: resident.name)


def by_mark(here: Platform) -> dict[str, Resident]:
    """All of them, by what a form sends."""
    with closing(here.database.reading()) as session:
        return {one.mark: one for one in residents(session, here.keys)}
