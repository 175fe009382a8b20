"""Services that are not behind the gateway: where they are, and what their calls go through."""

from __future__ import annotations

from collections.abc import Sequence

from egov_serang.config import Config
from egov_serang.core.engine import Engine
from egov_serang.core.exchange import Layer
from egov_serang.errors import UnsupportedOperation
from egov_serang.layers.acting import ActingFor
from egov_serang.services.complaints_wire import ComplaintsWire
from egov_serang.wires.open311.complaints import ComplaintsOpen311


def open311(engine: Engine, config: Config, layers: Sequence[Layer]) -> tuple[Engine, ComplaintsWire]:
    """What complaints go over to an Open311 endpoint: the client's connections and options, without its credentials.

    Args:
        engine: of the client.
        config: of the client.
        layers: of its calls to that endpoint.

    Raises:
        UnsupportedOperation: the client acts for an officer or was given an idempotency key; Open311 knows neither.
    """
    for given, what in (
        (any(isinstance(layer, ActingFor) for layer in engine.layers), "act for an officer"),
        (engine.options.idempotency_key is not None, "honour an idempotency key"),
    ):
        if given:
            raise UnsupportedOperation(
                f"Open311 cannot {what}",
                code="unsupported",
                hint="Use the client without it for complaints, or complaints_wire = 'gateway'",
            )
    wire = ComplaintsOpen311(
        config.open311_jurisdiction, config.open311_format, frozenset(config.open311_extensions.split())
    )
    base = config.open311_url or f"{config.gateway}/open311/v2"
    return engine.elsewhere(base, layers), wire
