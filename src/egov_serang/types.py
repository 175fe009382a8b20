"""Identifiers and small types users hold: numbers that never print themselves, open enums, `UNSET`."""

from __future__ import annotations

import re
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, Never, Self, TypeAlias, final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

__all__ = [
    "UNSET",
    "HeaderFields",
    "Json",
    "Language",
    "Nib",
    "Nik",
    "NoKk",
    "Npwp",
    "OpenEnum",
    "Phone",
    "Secret",
    "Unset",
]

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Language: TypeAlias = Literal["id", "en"]
HeaderFields: TypeAlias = (
    "Mapping[str, str] | Mapping[bytes, bytes] | Iterable[tuple[str, str]] | Iterable[tuple[bytes, bytes]]"
)
"""Header fields as a framework has them: a mapping or pairs, text or bytes, in any case."""

_SEPARATORS: Final = str.maketrans("", "", " .-")


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET: Final = Unset.UNSET
"""Not given, as distinct from None. Only on fields of a PATCH body, where None means "empty it"."""


@final
class Secret:
    """A secret text that no `repr`, `vars`, pickle or copy shows.

    Args:
        text: the secret.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret in clear."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('••••')"

    def __reduce__(self) -> Never:
        raise TypeError("a secret cannot be pickled or copied: pass the path of its file")


class OpenEnum(StrEnum):
    """An enumeration a server may extend: an unknown value is kept, compares as its text and is not `is_known`."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member

    @property
    def is_known(self) -> bool:
        """Whether this version of the SDK knows the value."""
        return type(self).__members__.get(self._name_) is self  # an unknown value may spell a member's name

    def __reduce_ex__(self, proto: object) -> tuple[Any, ...]:
        return type(self), (str(self),)


class _MaskedNumber:
    """Digits that are not text: `str`, `repr`, `format` and JSON show four of them, `reveal()` gives all."""

    __slots__ = ("_digits",)
    _lengths: ClassVar[tuple[int, ...]]
    _name: ClassVar[str]
    _digits: str

    def __init__(self, number: str | Self) -> None:
        digits = number._digits if isinstance(number, _MaskedNumber) else _compact(number)
        if digits is None or len(digits) not in self._lengths:
            # A mistyped number is still somebody's number: nothing of it may stand in this frame or in the message.
            lengths, name = " or ".join(map(str, self._lengths)), self._name
            del self, number, digits  # `self` too: it has no digits yet to show, so a debugger's repr would fail
            raise ValueError(f"a {name} has {lengths} digits (spaces, dots and hyphens are ignored)")
        object.__setattr__(self, "_digits", digits)

    def reveal(self) -> str:
        """The digits in clear. Only the encoder of a wire needs this."""
        return self._digits

    def check(self) -> tuple[str, ...]:
        """What looks odd about the number: hints for a form, never a verification (a real number may look odd)."""
        return ()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __str__(self) -> str:
        return self._digits[:4] + "•" * (len(self._digits) - 4)

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{self}')"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._digits == self._digits

    def __hash__(self) -> int:
        return hash((type(self), self._digits))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._digits,)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema as cs  # noqa: PLC0415 - `import egov_serang` must not load pydantic

        return cs.no_info_plain_validator_function(cls, serialization=cs.to_string_ser_schema(when_used="json"))

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": "^(" + "|".join(f"[0-9]{{{n}}}" for n in cls._lengths) + ")$"}


def _compact(number: object) -> str | None:
    if not isinstance(number, str):
        return None
    digits = number.translate(_SEPARATORS)
    return digits if digits.isascii() and digits.isdigit() else None


@final
class Nik(_MaskedNumber):
    """Population number (*Nomor Induk Kependudukan*): any 16 digits.

    Args:
        number: 16 digits; spaces, dots and hyphens are ignored.

    Raises:
        ValueError: not 16 digits. The message holds nothing of the input.

    Source: national-systems 9.1. There is no check digit, and a district that no longer exists is still valid.
    """

    __slots__ = ()
    _lengths = (16,)
    _name = "NIK"

    def check(self) -> tuple[str, ...]:
        """Oddities among `birth_date`, `serial`, `region`: hints for a form, never a verification."""
        from stdnum.exceptions import ValidationError  # noqa: PLC0415 - rarely needed
        from stdnum.id import nik  # noqa: PLC0415

        odd: list[str] = []
        try:
            nik.get_birth_date(self._digits)
        except ValidationError:
            odd.append("birth_date")
        if self._digits.endswith("0000"):
            odd.append("serial")
        # python-stdnum names the region only inside validate(), so a sound date stands in for the real one.
        if not nik.is_valid(self._digits[:6] + "010190" + self._digits[12:]):
            odd.append("region")
        return tuple(odd)


@final
class NoKk(_MaskedNumber):
    """Family card number (*nomor Kartu Keluarga*): any 16 digits.

    Raises:
        ValueError: not 16 digits. The message holds nothing of the input.

    Source: national-systems 9.1.
    """

    __slots__ = ()
    _lengths = (16,)
    _name = "family card number (KK)"


@final
class Npwp(_MaskedNumber):
    """Taxpayer number (*Nomor Pokok Wajib Pajak*): 15 digits (old) or 16. Masked, since a resident's NPWP is the NIK.

    Raises:
        ValueError: neither 15 nor 16 digits. The message holds nothing of the input.

    Source: national-systems 9.1 (PMK 112/2022).
    """

    __slots__ = ()
    _lengths = (15, 16)
    _name = "NPWP"

    def check(self) -> tuple[str, ...]:
        """`("number",)` where python-stdnum finds the check digit or the embedded NIK odd; else empty."""
        from stdnum.id import npwp  # noqa: PLC0415 - rarely needed

        return () if npwp.is_valid(self._digits) else ("number",)


class _Text(str):
    """A validated text that pydantic reads and writes as a plain string."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema as cs  # noqa: PLC0415 - `import egov_serang` must not load pydantic

        return cs.no_info_after_validator_function(cls, cs.str_schema())


@final
class Nib(_Text):
    """Business number (*Nomor Induk Berusaha*): 13 digits, public, so it prints. No check digit is published.

    Raises:
        ValueError: not 13 digits.

    Source: national-systems 9.1.
    """

    __slots__ = ()

    def __new__(cls, number: str) -> Self:
        digits = _compact(number)
        if digits is None or len(digits) != 13:  # noqa: PLR2004 - the rule itself
            del number, digits
            raise ValueError("a NIB has 13 digits (spaces, dots and hyphens are ignored)")
        return super().__new__(cls, digits)


_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")


@final
class Phone(_Text):
    """Telephone number in E.164. A national number takes Indonesia's +62: `0812...` and `62812...` are `+62812...`.

    It is text (so it can be sent), but its `repr` shows the country code and the last three digits only.

    Raises:
        ValueError: not a telephone number. The message holds nothing of the input.

    Source: contract-v1 section 5 (recipients), ITU-T E.164.
    """

    __slots__ = ()

    def __new__(cls, number: str) -> Self:
        text = re.sub(r"[\s().\-]", "", number)
        if text.startswith("0") and not text.startswith("00"):
            text = "+62" + text[1:]
        elif text.startswith("62"):
            text = "+" + text
        if not _E164.fullmatch(text):
            del number, text
            raise ValueError("a telephone number looks like +62 812 0000 0001 or 0812 0000 0001")
        return super().__new__(cls, text)

    def __repr__(self) -> str:
        return f"Phone('{self[:3]}{'•' * (len(self) - 6)}{self[-3:]}')"
