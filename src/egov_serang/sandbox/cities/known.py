"""Finding one of the sandbox's cities by what a person calls it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from egov_serang.sandbox.cities.cilegon import CILEGON
from egov_serang.sandbox.cities.municipality import Municipality
from egov_serang.sandbox.cities.serang import SERANG

MUNICIPALITIES: Final[Mapping[str, Municipality]] = MappingProxyType({city.slug: city for city in (SERANG, CILEGON)})
"""Every city of the sandbox by its slug; the first is the default."""


def municipality(name: str) -> Municipality:
    """A city by its slug (`cilegon`) or code (`36.72`).

    Raises:
        ValueError: the sandbox has no such city; the message names those it has.
    """
    wanted = name.strip().lower()
    for city in MUNICIPALITIES.values():
        if wanted in (city.slug, city.code):
            return city
    known = ", ".join(f"{city.slug} ({city.code})" for city in MUNICIPALITIES.values())
    raise ValueError(f"the sandbox has no city of that name; it has {known}")
