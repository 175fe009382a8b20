"""The base of everything a service answers: frozen, tolerant of new fields, silent about people in its `repr`."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, ClassVar, Final, Self

from pydantic import BaseModel, ConfigDict, Field

_SHOWN_SUFFIXES: Final = ("_id", "_at", "_code")
_SHOWN_NAMES: Final = frozenset(
    {"id", "reference", "status", "outcome", "stage", "version", "action", "code", "allowed_actions", "valid_until"}
)


def is_shown(name: str) -> bool:
    """Whether a field of this name may be shown: an id, a code, a state, a time."""
    return name in _SHOWN_NAMES or name.endswith(_SHOWN_SUFFIXES)


class Model(BaseModel):
    """A frozen record. Unknown fields a newer server sends are kept as attributes; `repr` shows ids, states and times.

    A field declared by us is shown when its name ends in `_id`, `_at` or `_code`, or is a state word such as `status`;
    a field the server invented is never shown, since nobody here knows what it holds.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="allow", defer_build=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        for name in type(self).model_fields:
            if is_shown(name):
                value = getattr(self, name)
                if value is not None:
                    yield name, value

    def __str__(self) -> str:
        return repr(self)


class Money(Model):
    """An amount in a currency. The amount is exact decimal text on the wire, never a float.

    Source: contract-v1 section 1.
    """

    amount: Decimal = Field(max_digits=20, decimal_places=4, allow_inf_nan=False)
    currency: str = Field(default="IDR", pattern="^[A-Z]{3}$")

    @classmethod
    def rupiah(cls, amount: int | str | Decimal) -> Self:
        """Indonesian rupiah.

        Args:
            amount: in rupiah; a float is refused because it cannot be exact.
        """
        if isinstance(amount, float):
            raise TypeError("give money as int, text or Decimal, not float")
        return cls(amount=Decimal(amount), currency="IDR")

    def __str__(self) -> str:
        return f"{self.currency} {self.amount}"
