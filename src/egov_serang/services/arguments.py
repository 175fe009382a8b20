"""Checks of arguments that several services share. The errors name the argument and the rule, never the value."""

from __future__ import annotations

from egov_serang.core.call import invalid
from egov_serang.types import Nik


def nik(value: Nik | str) -> Nik:
    """The number, from text too."""
    if isinstance(value, Nik):
        return value
    try:
        return Nik(value)
    except ValueError:
        del value
    raise invalid("subject", "a NIK has 16 digits", "nik")


def text(name: str, value: str, most: int) -> str:
    """Text of 1 to `most` characters that is not blank."""
    given: object = value
    if isinstance(given, str) and given.strip() and len(given) <= most:
        return given
    del given, value
    raise invalid(name, f"must be text of 1 to {most} characters", "text")


def needed_version(version: int | None) -> int:
    """The version a transition must name when the resource is given by its id."""
    if version is None:
        raise invalid("version", "pass the resource as you read it, or its version", "required")
    return version
