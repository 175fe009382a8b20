"""The ways to authenticate (contract-v1 section 1): what each needs in a configuration, and what does not fit it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from egov_serang.errors import ConfigError

AuthProfile = Literal[
    "private_key_jwt", "client_secret", "fapi2", "mtls", "jwt_grant", "api_key", "basic", "bearer", "login", "none"
]
SignatureName = Literal["rfc9421", "custom", "none"]
SecretMethod = Literal["basic", "post"]
Place = Literal["header", "query"]
BackendScheme = Literal["api_key", "basic", "bearer"]
WireName = Literal["gateway", "open311"]
WireFormat = Literal["xml", "json"]

ENVIRONMENT: Final = ("gateway", "issuer", "client_id", "key_file", "signing_key_file", "city", "transport")
"""Settings that an environment variable may hold."""
SANDBOX: Final = "Run `egov sandbox` for a local gateway and a profile to copy"
API_KEY_NAME: Final = "x-api-key"
BACKEND_HEADER: Final = "auth"


@dataclass(frozen=True, slots=True)
class Scheme:
    """What one profile needs, each the first name of several that do as well, and what it may have besides."""

    needs: tuple[tuple[str, ...], ...] = ()
    takes: tuple[str, ...] = ()

    def settings(self) -> set[str]:
        """All it reads."""
        return {name for names in self.needs for name in names} | {*self.takes}


SCHEMES: Final[Mapping[str, Scheme]] = MappingProxyType(
    {
        "private_key_jwt": Scheme((("client_id",), ("key_file",)), ("audience",)),
        "client_secret": Scheme(
            (("client_id",), ("client_secret_file", "client_secret")), ("client_secret_method", "audience")
        ),
        "fapi2": Scheme(
            (("client_id",), ("key_file",)), ("dpop_key_file", "dpop_key_passphrase_file", "dpop_exp", "audience")
        ),
        "mtls": Scheme((("client_id",), ("client_cert_file",)), ("audience",)),
        "jwt_grant": Scheme((("client_id",), ("key_file",)), ("audience",)),
        "api_key": Scheme((("credential_file",),), ("credential_name", "credential_in")),
        "basic": Scheme((("credential_name",), ("credential_file",))),
        "bearer": Scheme((("credential_file",),)),
        "login": Scheme((("client_id",),), ("session_folder", "redirect_uri", "issuer_origins", "audience")),
        "none": Scheme(),
    }
)
_OWN: Final = (
    *("client_secret_method", "audience", "credential_file", "credential_name", "credential_in"),
    *("dpop_key_file", "dpop_key_passphrase_file", "dpop_exp"),
    *("session_folder", "redirect_uri", "issuer_origins"),
)
"""Settings that not every profile reads: under another they would be a silent nothing."""
_EXTENSIONS: Final = ("6aika", "mysociety")
_OPEN311: Final = ("open311_url", "open311_jurisdiction", "open311_key_file", "open311_extensions")
_BACKEND: Final = ("backend_credential_file", "backend_header", "backend_user")
_FIELD: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_PARAMETER: Final = re.compile(r"[A-Za-z0-9._~-]{1,64}")
_BACK: Final = re.compile(r"http://127\.0\.0\.1(:[1-9][0-9]{0,4})?/[A-Za-z0-9._~/-]{0,200}")
_ORIGIN: Final = re.compile(r"https://[a-z0-9.-]+(:[0-9]{1,5})?|http://(127\.0\.0\.1|localhost)(:[0-9]{1,5})?")
_TAKEN: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "dpop", "host", "connection", "te", "upgrade", "date"}
    | {"transfer-encoding", "content-length", "content-type", "content-digest", "content-encoding"}
    | {"signature", "signature-input", "idempotency-key", "if-match", "if-none-match", "x-acting-for"}
    | {"x-request-id", "x-correlation-id", "traceparent", "tracestate", "egov-contract", "user-agent"}
    | {"accept", "accept-encoding", "accept-language"}
)
"""Headers that mean something else already."""

Setting = Callable[[str], Any]


def check(setting: Setting) -> None:
    """Refuse what cannot work, with the remedy.

    Args:
        setting: the value of a setting by its name; None or empty where it is not set.

    Raises:
        ConfigError: `config_missing` or `config_value`.
    """
    auth: object = setting("auth")
    for name, value, known in (
        ("auth", auth, AuthProfile),
        ("signature", setting("signature"), SignatureName),
        ("client_secret_method", setting("client_secret_method") or "basic", SecretMethod),
        ("credential_in", setting("credential_in") or "header", Place),
        ("backend_auth", setting("backend_auth") or "basic", BackendScheme),
        ("complaints_wire", setting("complaints_wire") or "gateway", WireName),
        ("open311_format", setting("open311_format") or "xml", WireFormat),
    ):
        if value not in get_args(known):
            raise unknown(name, value, ", ".join(get_args(known)))
    scheme = SCHEMES[str(auth)]
    for name in _OWN:
        if setting(name) and name not in scheme.settings():
            others = " or ".join(other for other, that in SCHEMES.items() if name in that.settings())
            raise conflict(
                f"{name} is set, and auth = {auth!r} does not use it", f"Set auth = {others}, or remove {name}"
            )
    for names in scheme.needs:
        if not any(setting(name) for name in names):
            raise missing(names[0], f"auth = {auth!r}")
    _check_names(setting)
    _check_backend(setting)
    _check_open311(setting)
    if auth == "login":
        _check_login(setting)
    if auth == "mtls" and (setting("token_endpoint") or setting("issuer")).startswith("http:"):
        raise conflict(
            "auth = 'mtls' needs an authorization server with https: over http no certificate is shown",
            "Set issuer or token_endpoint to its https:// address",
        )
    if setting("client_key_file") and not setting("client_cert_file"):
        raise missing("client_cert_file", "client_key_file")
    if setting("client_cert_passphrase_file") and not setting("client_cert_file"):
        raise missing("client_cert_file", "client_cert_passphrase_file")


def _check_open311(setting: Setting) -> None:
    for name in _OPEN311:
        if setting(name) and setting("complaints_wire") != "open311":
            raise conflict(f"{name} is set, and complaints go over the gateway", "Set complaints_wire = 'open311'")
    for extension in str(setting("open311_extensions") or "").split():
        if extension not in _EXTENSIONS:
            raise unknown("open311_extensions", extension, ", ".join(_EXTENSIONS))


def _check_names(setting: Setting) -> None:
    auth, name = setting("auth"), setting("credential_name")
    if auth == "basic" and (":" in name or not name.isprintable()):
        raise conflict("credential_name is the user of auth = 'basic', and has no colon", "Check the user's name")
    if auth != "api_key" or not name:
        return
    if setting("credential_in") == "query":
        if not _PARAMETER.fullmatch(name):
            raise conflict("credential_name cannot be the name of a query parameter", "Use letters, digits and ._~-")
    else:
        _check_field("credential_name", name, "auth = 'bearer' or 'basic'")


def _check_login(setting: Setting) -> None:
    if setting("client_secret") or setting("client_secret_file"):
        raise conflict(
            "auth = 'login' has no client secret: a program on people's own machines cannot keep one",
            "Have the client registered as public (RFC 8252 section 8.5), and remove client_secret_file",
        )
    if setting("redirect_uri") and not _BACK.fullmatch(setting("redirect_uri")):
        raise conflict(
            "redirect_uri must lead to this machine, such as http://127.0.0.1/callback",
            "Write it as registered, with 127.0.0.1 (not localhost) and without query; with a port only where the "
            "issuer knows one port alone",
        )
    for origin in setting("issuer_origins").split():
        if not _ORIGIN.fullmatch(origin):
            raise conflict(
                "issuer_origins must look like https://keys.example", "Separate them by blanks; no slash at the end"
            )


def _check_backend(setting: Setting) -> None:
    backend = setting("backend_auth")
    if not backend:
        for name in _BACKEND:
            if setting(name):
                raise missing("backend_auth", name)
        return
    if not setting("backend_credential_file"):
        raise missing("backend_credential_file", f"backend_auth = {backend!r}")
    if backend == "basic" and not setting("backend_user"):
        raise missing("backend_user", "backend_auth = 'basic'")
    if setting("backend_user") and (backend != "basic" or ":" in setting("backend_user")):
        raise conflict("backend_user is the user of backend_auth = 'basic', and has no colon", "Check both settings")
    header = backend_header(setting)
    _check_field("backend_header", header, "auth for what the gateway itself asks")
    if setting("auth") == "api_key" and setting("credential_in") != "query":
        first = setting("credential_name") or API_KEY_NAME
        if first.lower() == header.lower():
            raise conflict(
                f"the gateway's and the backend's credential would both be in the header {header}",
                "Set backend_header or credential_name to another name",
            )


def backend_header(setting: Setting) -> str:
    """The header the backend's credential is in; by default the one that backends behind SPLP read.

    Source: national-systems.md section 3.
    """
    name: str = setting("backend_header")
    return name or (API_KEY_NAME if setting("backend_auth") == "api_key" else BACKEND_HEADER)


def _check_field(setting: str, name: str, instead: str) -> None:
    if not _FIELD.fullmatch(name):
        raise conflict(f"{setting} cannot be the name of a header", "Use letters, digits and -")
    if name.lower() in _TAKEN:
        raise conflict(
            f"{setting} = {name!r} is a header with a meaning of its own", f"Choose another, or use {instead}"
        )


def missing(name: str, reason: str) -> ConfigError:
    """A setting that another one needs."""
    how = f"Set {name}, or {variable(name)}" if name in ENVIRONMENT else f"Set {name}"
    return ConfigError(f"{name} is missing; {reason} needs it", code="config_missing", hint=f"{how}. {SANDBOX}")


def unknown(name: str, value: object, known: str) -> ConfigError:
    """A word that means nothing."""
    return ConfigError(f"{name} = {value!r} is not known", code="config_value", hint=f"Known: {known}")


def conflict(what: str, remedy: str) -> ConfigError:
    """Settings that do not go together."""
    return ConfigError(what, code="config_value", hint=remedy)


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"EGOV_SERANG_{name.upper()}"
