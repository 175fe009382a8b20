"""egov-serang: e-government services for Python: identity, complaints, permits, notifications.

Public names load on first use, so `import egov_serang` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

__version__: Final = "0.1.0"

if TYPE_CHECKING:
    from egov_serang.batch.outbox import Outbox
    from egov_serang.client import AsyncClient, Client
    from egov_serang.config import Config
    from egov_serang.core.audit import AuditEvent
    from egov_serang.core.call import Call
    from egov_serang.core.file import File
    from egov_serang.core.paging import AsyncPager, Page, Paged, Pager
    from egov_serang.core.reply import Download, Reply
    from egov_serang.core.transfer import SavedFile
    from egov_serang.errors import (
        ApiError,
        Attempt,
        ConfigError,
        Conflict,
        ConnectionFailed,
        DeadlineExceeded,
        EgovError,
        FieldError,
        Forbidden,
        Invalid,
        InvalidTransition,
        NotFound,
        QuotaExhausted,
        RateLimited,
        ServerFault,
        SignatureInvalid,
        SignatureRefused,
        Unauthorized,
        UnexpectedReply,
        UnsupportedOperation,
    )
    from egov_serang.layers.policy import RetryPolicy
    from egov_serang.model import Model, Money
    from egov_serang.models.events import Event
    from egov_serang.services.webhooks import Webhooks
    from egov_serang.types import UNSET, Nib, Nik, NoKk, Npwp, OpenEnum, Phone, Secret

_HOMES: Final = {
    "batch.outbox": ("Outbox",),
    "client": ("AsyncClient", "Client"),
    "config": ("Config",),
    "core.audit": ("AuditEvent",),
    "core.file": ("File",),
    "core.call": ("Call",),
    "core.paging": ("AsyncPager", "Page", "Paged", "Pager"),
    "core.reply": ("Download", "Reply"),
    "core.transfer": ("SavedFile",),
    "errors": (
        "ApiError",
        "Attempt",
        "ConfigError",
        "Conflict",
        "ConnectionFailed",
        "DeadlineExceeded",
        "EgovError",
        "FieldError",
        "Forbidden",
        "Invalid",
        "InvalidTransition",
        "NotFound",
        "QuotaExhausted",
        "RateLimited",
        "ServerFault",
        "SignatureInvalid",
        "SignatureRefused",
        "Unauthorized",
        "UnexpectedReply",
        "UnsupportedOperation",
    ),
    "layers.policy": ("RetryPolicy",),
    "model": ("Model", "Money"),
    "models.events": ("Event",),
    "services.webhooks": ("Webhooks",),
    "types": ("UNSET", "Nib", "Nik", "NoKk", "Npwp", "OpenEnum", "Phone", "Secret"),
}
_HOME_OF: Final = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "UNSET",
    "ApiError",
    "AsyncClient",
    "AsyncPager",
    "Attempt",
    "AuditEvent",
    "Call",
    "Client",
    "Config",
    "ConfigError",
    "Conflict",
    "ConnectionFailed",
    "DeadlineExceeded",
    "Download",
    "EgovError",
    "Event",
    "FieldError",
    "File",
    "Forbidden",
    "Invalid",
    "InvalidTransition",
    "Model",
    "Money",
    "Nib",
    "Nik",
    "NoKk",
    "NotFound",
    "Npwp",
    "OpenEnum",
    "Outbox",
    "Page",
    "Paged",
    "Pager",
    "Phone",
    "QuotaExhausted",
    "RateLimited",
    "Reply",
    "RetryPolicy",
    "SavedFile",
    "Secret",
    "ServerFault",
    "SignatureInvalid",
    "SignatureRefused",
    "Unauthorized",
    "UnexpectedReply",
    "UnsupportedOperation",
    "Webhooks",
    "__version__",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
