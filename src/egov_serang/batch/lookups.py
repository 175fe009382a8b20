"""What became of a call whose idempotency key the service need not know any more (contract-v1 section 1)."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Final, cast

from egov_serang.core.modes import Service

LISTS: Final[Mapping[str, str]] = {
    "complaints.submit": "list",
    "permits.applications.start": "list",
    "identity.applications.start": "list",
    "notifications.send": "list",
}
"""The list of the same service that finds what a write made, by its `client_reference`."""


async def made_by(service: Service[Any], dry: Service[Any], operation: str, reference: str | None) -> Any:
    """What a write has made; None where nobody can tell, or nothing is found.

    Args:
        service: of the operation.
        dry: the same in dry mode.
        operation: such as `complaints.submit`.
        reference: its `client_reference`.
    """
    method = LISTS.get(operation)
    if method is None or reference is None:
        return None
    paged = getattr(dry, method)(client_reference=reference)
    page = (await service.engine.perform(paged.first)).data
    found = [one for one in page.data if one.client_reference == reference]
    return found[0] if len(found) == 1 else None


async def completed(service: Service[Any], operation: str, found: Any, arguments: Mapping[str, Any]) -> Any:
    """Do what a flow does after its first call, as far as it is not done.

    Args:
        service: of the operation.
        operation: such as `complaints.submit`.
        found: what its first call made.
        arguments: of the flow.
    """
    if operation != "complaints.submit" or not arguments.get("photos"):
        return found
    kept = {name: arguments[name] for name in ("photos", "keep_photo_location") if name in arguments}
    done = cast("Any", service).attach_missing(found.complaint_id, **kept)
    return await done if inspect.isawaitable(done) else done
