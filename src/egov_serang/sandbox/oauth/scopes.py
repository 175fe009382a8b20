"""What the scopes of a login stand for: claims, and words for the consent page (OpenID Connect Core section 5.4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, Final

from egov_serang.sandbox.language import Bilingual
from egov_serang.sandbox.oauth.residents import Resident

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


def claims_of(person: Resident, scopes: Collection[str]) -> dict[str, Any]:
    """What an application learns of a person who agreed to these scopes."""
    known, claims = person.attributes, dict[str, Any]()
    if "profile" in scopes:
        claims["name"] = known["full_name"]
        claims["birthdate"] = known["birth_date"]
        claims["gender"] = known["sex"]
        claims["place_of_birth"] = {"locality": known["birth_place"]}
    if "address" in scopes:
        claims["address"] = {"formatted": known["address"]}
    return claims
