"""What the scopes of a login stand for: claims, and words for the consent page (OpenID Connect Core section 5.4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, Final

from egov_serang.sandbox.identity.people import Invented
from egov_serang.sandbox.language import Bilingual

OPENID: Final = "openid"
SCOPES: Final[Mapping[str, Bilingual]] = MappingProxyType(
    {
        OPENID: ("mengenali Anda saat masuk, tanpa mengetahui siapa Anda", "recognise you when you log in"),
        "profile": (
            "mengetahui nama, tanggal dan tempat lahir, serta jenis kelamin Anda",
            "learn your name, date and place of birth, and sex",
        ),
        "address": ("mengetahui alamat Anda", "learn your address"),
    }
)


def claims_of(person: Invented, scopes: Collection[str]) -> dict[str, Any]:
    """What an application learns of a person who agreed to these scopes."""
    claims: dict[str, Any] = {}
    if "profile" in scopes:
        claims["name"] = person.full_name
        claims["birthdate"] = person.birth_date
        claims["gender"] = person.sex
        claims["place_of_birth"] = {"locality": person.birth_place}
    if "address" in scopes:
        claims["address"] = {"formatted": person.address}
    return claims
