"""What a provider says of itself (OpenID Connect Discovery 1.0), believed only as far as the configuration allows.

Source: layers.md 2.2 rule 11.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar, Final, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, StrictBool, ValidationError

from egov_serang.auth.login.addresses import fault_of, origin_of
from egov_serang.errors import UnexpectedReply

MAX_BYTES: Final = 64 * 1024


class Server(BaseModel):
    """What an authorization server says of itself (RFC 8414), as far as every login needs it."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)
    origins_setting: ClassVar[str] = "origins"
    """The setting that allows addresses on other origins, for errors."""

    issuer: str
    pushed_authorization_request_endpoint: str | None = None
    require_pushed_authorization_requests: StrictBool = False
    code_challenge_methods_supported: tuple[str, ...] | None = None
    authorization_response_iss_parameter_supported: StrictBool = False


class Provider(Server):
    """The metadata of a provider, as far as a web application needs it."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None


M = TypeVar("M", bound=Server)


def metadata_address(issuer: str) -> str:
    """Where a provider's metadata is."""
    return f"{issuer.removesuffix('/')}/.well-known/openid-configuration"


def oauth_metadata_address(issuer: str) -> str:
    """Where the metadata of a server is that is no OpenID provider (RFC 8414 section 3.1)."""
    parts = urlsplit(issuer)
    return f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path.removesuffix('/')}"


def read_provider(document: bytes, issuer: str, origins: Collection[str] = ()) -> Provider:
    """A provider's metadata, checked.

    Args:
        document: as it came, at most 64 KiB.
        issuer: the one that was asked for; the document must name it byte for byte.
        origins: origins besides the issuer's own that its addresses may be on.

    Raises:
        UnexpectedReply: no metadata, of another issuer, with an address elsewhere or in plain http, or of a provider
            that cannot do PKCE with S256.
    """
    found = read_server(Provider, document, issuer, origins)
    demand_pkce(found)
    return found


def demand_pkce(server: Server) -> None:
    """Refuse a server that says it cannot do PKCE with S256.

    Raises:
        UnexpectedReply: it does.
    """
    if server.code_challenge_methods_supported is not None and "S256" not in server.code_challenge_methods_supported:
        raise _refused(server.issuer, "offers no PKCE with S256", "discovery_pkce", "Ask the provider to switch it on")


def read_server(kind: type[M], document: bytes, issuer: str, origins: Collection[str] = ()) -> M:
    """The metadata of a server, checked; every address that the kind names is.

    Args:
        kind: what is needed of it.
        document: as it came, at most 64 KiB.
        issuer: the one that was asked for; the document must name it byte for byte.
        origins: origins besides the issuer's own that its addresses may be on.

    Raises:
        UnexpectedReply: no metadata, of another issuer, or with an address elsewhere or in plain http.
    """
    if len(document) > MAX_BYTES:
        raise _refused(issuer, f"is over {MAX_BYTES // 1024} KiB", "discovery_shape")
    found, wrong = None, ""
    try:
        found = kind.model_validate_json(document)
    except ValidationError as error:
        wrong = ", ".join(sorted({str(one["loc"][0]) for one in error.errors(include_input=False) if one["loc"]}))
    if found is None:
        raise _refused(issuer, f"lacks or garbles {wrong}" if wrong else "is not JSON", "discovery_shape")
    if found.issuer != issuer:
        raise _refused(
            issuer,
            "is of another issuer",
            "discovery_issuer",
            "Set issuer exactly as the provider writes itself, a slash at the end included",
        )
    allowed = {origin_of(issuer), *origins}
    for name in kind.model_fields:
        address: str | None = getattr(found, name) if name.endswith(("_endpoint", "_uri")) else None
        if address is None:
            continue
        fault = fault_of(address)
        if fault is not None:
            raise _refused(issuer, f"names a {name} that cannot be used: it {fault}", "discovery_endpoint")
        if origin_of(address) not in allowed:
            raise _refused(
                issuer,
                f"names a {name} on another origin",
                "discovery_origin",
                f"If that is right, add the origin to the setting {kind.origins_setting}; known: "
                f"{', '.join(sorted(allowed))}",
            )
    return found


def _refused(issuer: str, how: str, code: str, hint: str = "Check the setting issuer") -> UnexpectedReply:
    return UnexpectedReply(f"the metadata of {issuer} {how}", code=code, hint=hint, sent="no")
