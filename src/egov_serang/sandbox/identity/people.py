"""The register of the sandbox: invented people whose numbers begin with province 99, and the magic numbers.

A number is never stored: the table is keyed by its keyed hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, Session, mapped_column

from egov_serang.sandbox.cities.municipality import Municipality
from egov_serang.sandbox.db import Base
from egov_serang.sandbox.keys import ServerKeys

Behaviour = Literal[
    "match", "no_match", "not_found", "deceased", "inactive", "duplicate", "quota", "slow", "unavailable", "pending"
]

_BEHAVIOURS: Final[tuple[Behaviour, ...]] = (
    "match",
    "no_match",
    "not_found",
    "deceased",
    "inactive",
    "duplicate",
    "quota",
    "slow",
    "unavailable",
    "pending",
)
MAGIC: Final[Mapping[str, Behaviour]] = MappingProxyType(
    {f"997301010190{n:04}": behaviour for n, behaviour in enumerate(_BEHAVIOURS)}
)
"""What the magic numbers of contract section 7 do, whatever attributes are sent."""


class PersonRow(Base):
    """An invented resident."""

    __tablename__ = "people"

    number_hash: Mapped[str] = mapped_column(primary_key=True)
    household_hash: Mapped[str] = mapped_column(index=True)
    is_head: Mapped[bool]
    status: Mapped[str]
    attributes: Mapped[dict[str, str]] = mapped_column(JSON)


@dataclass(frozen=True, slots=True)
class _Invented:
    nik: str
    no_kk: str
    is_head: bool
    status: str
    full_name: str
    birth_date: str
    birth_place: str
    sex: str
    address: str
    mother_name: str | None = None


_PEOPLE: Final = (
    _Invented(
        *("9973014507850001", "9973010101100001", True, "active", "Contoh Rahmawati", "1985-07-05", "Serang"),
        *("female", "Jl. Contoh Raya No. 1, Cipare", "Contoh Aminah"),
    ),
    _Invented(
        *("9973011203830002", "9973010101100001", False, "active", "Contoh Hidayat", "1983-03-12", "Pandeglang"),
        *("male", "Jl. Contoh Raya No. 1, Cipare", "Contoh Halimah"),
    ),
    _Invented(
        *("9973022110900003", "9973020101100002", True, "active", "Contoh Suherman", "1990-10-21", "Serang"),
        *("male", "Kp. Contoh RT 001 RW 002, Banten", "Contoh Rukmini"),
    ),
    _Invented(
        *("9973036002950004", "9973030101100003", True, "active", "Contoh Nurhayati", "1995-02-20", "Cilegon"),
        *("female", "Perumahan Contoh Blok A 3, Pipitan", "Contoh Solihah"),
    ),
    _Invented(
        *("9973040101400005", "9973040101100004", True, "deceased", "Contoh Marjuki", "1940-01-01", "Serang"),
        *("male", "Kp. Contoh, Curug Manis", "Contoh Saodah"),
    ),
    _Invented(
        *("9973051506780006", "9973050101100005", True, "inactive", "Contoh Wibowo", "1978-06-15", "Lebak"),
        *("male", "Jl. Contoh Timur No. 9, Karundang"),
    ),
)


def number_hash(keys: ServerKeys, number: str) -> str:
    """The form in which a number is stored and looked up."""
    return keys.pseudonym("number", number)


def subject_of(keys: ServerKeys, client_id: str, hashed: str) -> str:
    """The pseudonym under which one client knows a person; another client knows another."""
    return f"sub_{keys.pseudonym('subject', client_id, hashed)[:32]}"


def seed(session: Session, city: Municipality) -> None:
    """Enter the invented people: the same in every city, since the register is the nation's."""
    keys = ServerKeys(session, city)
    for person in _PEOPLE:
        attributes = {
            "full_name": person.full_name,
            "birth_date": person.birth_date,
            "birth_place": person.birth_place,
            "sex": person.sex,
            "address": person.address,
        }
        if person.mother_name is not None:
            attributes["mother_name"] = person.mother_name
        session.add(
            PersonRow(
                number_hash=number_hash(keys, person.nik),
                household_hash=number_hash(keys, person.no_kk),
                is_head=person.is_head,
                status=person.status,
                attributes=attributes,
            )
        )
