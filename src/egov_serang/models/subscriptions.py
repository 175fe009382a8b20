"""Subscriptions to events (contract-v1 section 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, GetPydanticSchema
from pydantic_core import core_schema

from egov_serang.model import Model
from egov_serang.types import OpenEnum, Secret

_MASK: Final = "••••"


class SubscriptionStatus(OpenEnum):
    """How far a subscription is."""

    PENDING = "pending"
    """The sink has not echoed the challenge yet."""
    ACTIVE = "active"
    DISABLED = "disabled"
    """The sink answered 410, or never echoed the challenge."""


def _schema(source: Any, handler: Any) -> core_schema.CoreSchema:
    return core_schema.json_or_python_schema(
        json_schema=core_schema.no_info_after_validator_function(Secret, core_schema.str_schema()),
        python_schema=core_schema.union_schema(
            [
                core_schema.is_instance_schema(Secret),
                core_schema.no_info_after_validator_function(Secret, core_schema.str_schema()),
            ]
        ),
        serialization=core_schema.plain_serializer_function_ser_schema(lambda _: _MASK),
    )


SecretText = Annotated[Secret, GetPydanticSchema(_schema)]
"""A secret in an answer; dumps show a mask."""


class Subscription(Model):
    """A subscription (*langganan peristiwa*): which events are delivered where."""

    subscription_id: str
    types: tuple[str, ...]
    sink: str
    """Where events are delivered: an address of your application."""
    filter: Mapping[str, str] = {}
    status: SubscriptionStatus
    secret: SecretText | None = None
    """Deliveries are signed with it. Shown when it is made, and never again."""
    previous_secret_until: AwareDatetime | None = None
    """Until when deliveries are signed with the secret before as well."""
    created_at: AwareDatetime | None = None
