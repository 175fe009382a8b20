"""Configuration: one frozen value, from arguments, environment and a profile file, checked before anything is sent."""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Literal, Self, cast, get_args
from urllib.parse import urlsplit

from egov_serang import schemes, sources
from egov_serang.errors import ConfigError
from egov_serang.schemes import (
    ENVIRONMENT,
    SANDBOX,
    AuthProfile,
    BackendScheme,
    Place,
    SecretMethod,
    SignatureName,
    WireFormat,
    WireName,
    variable,
)
from egov_serang.types import Language, Secret

TransportName = Literal["lanes", "fast"]

_FILE: Final = "~/.config/egov-serang/config.toml"
_NUMBERS: Final = ("deadline", "connect", "read", "retries", "slots")
_PATHS: Final = (
    "key_file",
    "key_passphrase_file",
    "signing_key_file",
    "signing_key_passphrase_file",
    "client_secret_file",
    "dpop_key_file",
    "dpop_key_passphrase_file",
    "ca_file",
    "credential_file",
    "backend_credential_file",
    "client_cert_file",
    "client_cert_passphrase_file",
    "client_key_file",
    "audit_key_file",
    "webhook_secret_file",
    "session_folder",
    "open311_key_file",
)
_CITY: Final = re.compile(r"[0-9]{2}\.[0-9]{2}")
_CITY_HINT: Final = "Two digits of the province, a dot, two digits of the city or regency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything a client needs to know. Immutable; `dataclasses.replace` makes a variant.

    Args:
        gateway: origin of the Smart City gateway, with its path prefix if it has one.
        issuer: the authorization server, exactly as it writes itself, with or without a slash at the end; the
            gateway by default.
        token_endpoint: address where tokens are asked for; `/oauth2/token` at the issuer by default.
        city: Kemendagri code of the city this profile is for, such as `36.73`. An app finds the city's districts and
            villages by it (`models.regions.CITIES`); whose data it sees the token decides.
        auth: how the client proves who it is (contract-v1 section 1). `private_key_jwt`, `client_secret`, `fapi2`,
            `mtls` and `jwt_grant` obtain tokens; `api_key`, `basic` and `bearer` send what `credential_file` holds;
            `login` uses the session of the person who ran `egov login`; `none` sends nothing.
        client_id: as registered with the gateway.
        key_file: the assertion key, for `private_key_jwt`, `jwt_grant` and `acting_as`: a file (PEM, PKCS#12, JWK),
            `env:NAME` or `keyring:service/name`.
        key_passphrase_file: where its passphrase is, likewise; the text without blanks around it.
        key_id: its `kid`; the JWK's own or the RFC 7638 thumbprint by default.
        client_secret: for `client_secret`; better a file.
        client_secret_file: where the secret is: file, `env:` or `keyring:`; the text without blanks around it.
        client_secret_method: how the secret is sent: `basic` (in the Authorization header, the default) or `post` (in
            the form).
        audience: the service tokens are for, an absolute URI: as the parameter `resource` (RFC 8707), for `jwt_grant`
            as the claim of that name; the server's default when empty.
        credential_file: where the API key, the password of `basic` or the token of `bearer` is: file, `env:` or
            `keyring:`; the text without blanks around it. A replaced file counts from the next second on.
        credential_name: the header or query parameter of an API key, `x-api-key` by default; the user of `basic`.
        credential_in: where an API key is sent: `header` (the default) or `query`.
        backend_auth: a second credential, for the service behind the gateway: `api_key`, `basic` or `bearer`.
        backend_header: the header it is in; by default `x-api-key` for an API key, else `auth`.
        backend_user: the user of `backend_auth = "basic"`.
        backend_credential_file: where its key, password or token is.
        dpop_key_file: the key tokens are bound to, for `fapi2` (ECDSA P-256), kept like `key_file`; by default each
            client makes one of its own and keeps it in memory alone.
        dpop_key_passphrase_file: where its passphrase is.
        dpop_exp: whether DPoP proofs say when they expire (`exp`), which some profiles demand.
        redirect_uri: where a browser comes back to in `egov login --browser`, as registered for this client: plain
            http to 127.0.0.1, and, unless it names a port, on any free one (RFC 8252 section 7.3). `http://127.0.0.1/callback`
            by default.
        issuer_origins: origins besides the issuer's own that its addresses may be on, separated by blanks, for `login`.
        session_folder: where `egov login` keeps what it must; `~/.config/egov-serang/sessions` by default.
        scope: scopes to ask for, separated by blanks; the server's default when None.
        signature: how requests are signed; `none` for gateways that do not ask for it, `custom` where the application
            gives its client a profile or a remote signer (`Client(signature=...)`).
        signing_key_file: the message key (Ed25519, ECDSA P-256 or RSA), kept like `key_file`; never the assertion key.
        signing_key_passphrase_file: where its passphrase is.
        signing_key_id: its `keyid`; the thumbprint by default.
        deadline: seconds for a whole call.
        connect: seconds for a connection to open.
        read: seconds of silence while an answer is awaited.
        retries: repetitions after the first attempt.
        slots: calls at once.
        rate_limit: whether calls are held back where the gateway announces limits (`RateLimit`, `X-RateLimit-*`,
            `Retry-After`) or refuses for want of room; nothing is held back while it does neither.
        language: the language services are asked to answer in first.
        transport: what requests are sent over: `lanes` (httpx's core, the default) or `fast` (pyreqwest, the extra
            `fast`).
        proxy: address of the proxy all requests go through, for `transport = "fast"`; the environment names none.
        ca_file: PEM file of the authorities to trust instead of the machine's; with `transport = "fast"` beside them.
        client_cert_file: certificate for mutual TLS: PEM with its chain, or PKCS#12 with its key. A replaced file
            counts from the next connection on.
        client_cert_passphrase_file: where the passphrase of its key, or of the PKCS#12 file, is.
        client_key_file: its PEM key, where it is in a file of its own.
        audit_key_file: file whose bytes (32 or more) key the pseudonyms in audit events.
        webhook_secret_file: file whose lines are the secrets (`whsec_...`) events are signed with: the current one, and
            the previous while it is rotated.
        request_id_echo: whether answers must carry the request's id; None asks the gateway's discovery document.
        verify_answers: whether answers must be signed by the gateway (contract-v1 section 1); None asks its discovery
            document, False believes TLS alone.
        telemetry: whether calls make OpenTelemetry spans, with the global tracer provider.
        complaints_wire: what `client.complaints` speaks: `gateway` (the default) or `open311` (GeoReport v2). The
            settings `open311_...` are for the latter; how the gateway is authenticated to and signed for is not.
        open311_url: address of the Open311 endpoint, without the names of its resources; `/open311/v2` at the gateway
            by default.
        open311_jurisdiction: its `jurisdiction_id`, where one endpoint serves several cities.
        open311_key_file: where the API key is that it asks for to submit: file, `env:` or `keyring:`.
        open311_format: `xml`, which every server speaks (the default), or `json`.
        open311_extensions: what the city has beyond GeoReport v2: `6aika`, `mysociety`, separated by blanks.

    Raises:
        ConfigError: a value cannot work; the message names it and the remedy.
    """

    gateway: str
    issuer: str = ""
    token_endpoint: str = ""
    city: str | None = None
    auth: AuthProfile = "private_key_jwt"
    client_id: str = ""
    key_file: str | Path | None = None
    key_passphrase_file: str | Path | None = None
    key_id: str | None = None
    client_secret: Secret | None = None
    client_secret_file: str | Path | None = None
    client_secret_method: SecretMethod | None = None
    audience: str = ""
    credential_file: str | Path | None = None
    credential_name: str = ""
    credential_in: Place | None = None
    backend_auth: BackendScheme | None = None
    backend_header: str = ""
    backend_user: str = ""
    backend_credential_file: str | Path | None = None
    dpop_key_file: str | Path | None = None
    dpop_key_passphrase_file: str | Path | None = None
    dpop_exp: bool = False
    redirect_uri: str = ""
    issuer_origins: str = ""
    session_folder: str | Path | None = None
    scope: str | None = None
    signature: SignatureName = "rfc9421"
    signing_key_file: str | Path | None = None
    signing_key_passphrase_file: str | Path | None = None
    signing_key_id: str | None = None
    deadline: float = 60.0
    connect: float = 5.0
    read: float = 20.0
    retries: int = 2
    slots: int = 64
    rate_limit: bool = True
    language: Language = "id"
    transport: TransportName = "lanes"
    proxy: str = ""
    ca_file: str | Path | None = None
    client_cert_file: str | Path | None = None
    client_cert_passphrase_file: str | Path | None = None
    client_key_file: str | Path | None = None
    audit_key_file: str | Path | None = None
    webhook_secret_file: str | Path | None = None
    request_id_echo: bool | None = None
    verify_answers: bool | None = None
    telemetry: bool = False
    complaints_wire: WireName = "gateway"
    open311_url: str = ""
    open311_jurisdiction: str = ""
    open311_key_file: str | Path | None = None
    open311_format: WireFormat = "xml"
    open311_extensions: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "gateway", _address("gateway", self.gateway).rstrip("/"))
        # An issuer is an identifier: audiences and metadata are compared with it byte for byte.
        object.__setattr__(self, "issuer", _address("issuer", self.issuer or self.gateway))
        if self.token_endpoint:
            endpoint = _address("token_endpoint", self.token_endpoint).rstrip("/")
            object.__setattr__(self, "token_endpoint", endpoint)
        if self.open311_url:
            object.__setattr__(self, "open311_url", _address("open311_url", self.open311_url).rstrip("/"))
        for name in ("deadline", "connect", "read"):
            if not _is_positive(getattr(self, name)):
                raise ConfigError(f"{name} must be a number of seconds above 0", code="config_value")
        if not isinstance(self.retries, int) or self.retries < 0 or not isinstance(self.slots, int) or self.slots < 1:
            raise ConfigError("retries must be at least 0 and slots at least 1, both whole", code="config_value")
        if self.proxy:
            object.__setattr__(self, "proxy", _address("proxy", self.proxy, plain_anywhere=True).rstrip("/"))
        for name in ("telemetry", "dpop_exp", "rate_limit"):
            if not isinstance(getattr(self, name), bool):
                raise ConfigError(f"{name} must be true or false", code="config_value")
        if self.verify_answers is not None and not isinstance(self.verify_answers, bool):
            raise ConfigError("verify_answers must be true or false", code="config_value")
        if isinstance(self.client_secret, str):  # a caller without a type checker; text would be shown by repr
            object.__setattr__(self, "client_secret", Secret(self.client_secret))
        if self.city is not None and not _CITY.fullmatch(str(self.city)):
            raise ConfigError("city must be a Kemendagri code such as 36.73", code="config_value", hint=_CITY_HINT)
        self._check_auth()

    def _check_auth(self) -> None:
        if self.language not in ("id", "en"):
            raise schemes.unknown("language", self.language, "id, en")
        if self.transport not in get_args(TransportName):
            raise schemes.unknown("transport", self.transport, ", ".join(get_args(TransportName)))
        if self.proxy and self.transport != "fast":
            raise schemes.conflict(
                "proxy is set, and only transport = 'fast' goes through it",
                "Set transport = 'fast', or give the client an httpx client with the proxy: http_client=",
            )
        schemes.check(lambda name: getattr(self, name))
        if self.signature == "rfc9421" and self.signing_key_file is None:
            raise schemes.missing("signing_key_file", "signature = 'rfc9421'")
        if self.verify_answers and self.signature == "none":
            raise ConfigError(
                "verify_answers = true needs signed requests; signature = 'none' sends none",
                code="config_value",
                hint="The signature of an answer covers that of its request. Set signature and signing_key_file",
            )

    @classmethod
    def load(cls, profile: str | None = None, *, environment: Mapping[str, str] | None = None, **explicit: Any) -> Self:
        """The configuration in effect: explicit over environment over profile file.

        Args:
            profile: table `[profile.NAME]` of the file; `EGOV_SERANG_PROFILE`, then `default`.
            environment: in place of the process's environment variables.
            explicit: fields of `Config`.

        Raises:
            ConfigError: no gateway anywhere, no such profile, an unknown key, a value that cannot work.

        The file is `EGOV_SERANG_CONFIG` or `~/.config/egov-serang/config.toml`; paths in it count from its folder.
        """
        settings = Settings.find(profile, environment=environment, **explicit)
        if "gateway" not in settings.values:
            how = f"Pass Config(gateway=...), set EGOV_SERANG_GATEWAY, or write a profile to {_FILE}. {SANDBOX}"
            raise ConfigError(
                "no gateway is configured", code="config_missing", hint=_others(settings.file, settings.profile) or how
            )
        return cls(**settings.values)

    def with_(self, **changes: Any) -> Self:
        """A variant; checked like the original."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in effect, before they are checked, and where each came from.

    Attributes:
        file: the profile file, whether it is there or not.
        profile: the table of it that is meant.
        values: by the names of `Config`'s fields; never printed by `repr`.
        sources: for each value `argument`, `profile`, or the environment variable's name.
    """

    file: Path
    profile: str
    values: dict[str, Any] = field(repr=False)
    sources: dict[str, str]

    @classmethod
    def find(cls, profile: str | None, *, environment: Mapping[str, str] | None = None, **explicit: Any) -> Self:
        """What `Config.load` would use; arguments and errors as there."""
        found = _variables(os.environ if environment is None else environment)
        file, named = found.pop("config", None), found.pop("profile", None)
        kept = _from_file(file, profile or named)
        sources = dict.fromkeys(kept, "profile") | {name: variable(name) for name in found}
        place = profile_place(profile, environment)
        return cls(*place, kept | found | explicit, sources | dict.fromkeys(explicit, "argument"))


def profile_place(profile: str | None, environment: Mapping[str, str] | None = None) -> tuple[Path, str]:
    """The profile file and the profile that are meant, whether they exist or not."""
    found = _variables(os.environ if environment is None else environment)
    return Path(found.get("config") or _FILE).expanduser(), profile or found.get("profile") or "default"


def _variables(environment: Mapping[str, str]) -> dict[str, Any]:
    """Our variables alone: an error must not have the whole environment in its frames."""
    names = ("config", "profile", *ENVIRONMENT)
    return {name: environment[key] for name in names if (key := variable(name)) in environment}


def _from_file(named_file: str | None, profile: str | None) -> dict[str, Any]:
    path = Path(named_file or _FILE).expanduser()
    if not path.exists():
        if named_file or profile:
            wanted = f"the profile {profile!r}" if profile else "EGOV_SERANG_CONFIG"
            raise ConfigError(f"{wanted} needs the file {path}, which is not there", code="config_file", hint=SANDBOX)
        return {}
    values = _table(_table(_document(path), "profile") or {}, profile or "default")
    if values is None:
        if profile is None:
            return {}
        raise ConfigError(
            f"{path} has no table [profile.{profile}]", code="config_profile", hint=_others(path, profile)
        )
    wrong = next(((name, fault) for name, value in values.items() if (fault := _fault(name, value))), None)
    if wrong is not None:
        del values  # somebody may have put the secret itself here
        hint = "Put the secret in a file and name it: client_secret_file" if wrong[0] == "client_secret" else None
        raise ConfigError(f"{path}: {wrong[0]!r} {wrong[1]}", code="config_key", hint=hint)
    return {name: _located(path, name, value) for name, value in values.items()}


def _others(path: Path, meant: str | None) -> str | None:
    """Which other profiles there are to choose from: the likeliest remedy where the one that is meant is no help."""
    names = sorted({*(_table(_document(path), "profile") or {})} - {meant}) if path.exists() else []
    return (
        f"{path} has the profiles {', '.join(names)}: name one with profile=... or EGOV_SERANG_PROFILE"
        if names
        else None
    )


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not TOML"
    raise ConfigError(f"the configuration file {path} cannot be read: {reason}", code="config_file")


def _fault(name: str, value: object) -> str | None:
    """What is wrong with a setting of a file, by its name and type alone."""
    if name == "client_secret" or name not in {known.name for known in fields(Config)}:
        return "is not a setting"
    if name in _NUMBERS or name in {"request_id_echo", "verify_answers", "telemetry", "dpop_exp", "rate_limit"}:
        return None if isinstance(value, int | float) else "must be a number, or true or false"
    return None if isinstance(value, str) else "must be text"


def _table(document: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    found = document.get(name)
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _located(file: Path, name: str, value: Any) -> Any:
    if name not in _PATHS or not isinstance(value, str):
        return value
    return sources.located(file.parent, value)


def _address(name: str, url: str, *, plain_anywhere: bool = False) -> str:
    """The address without blanks around it; https, or http to this machine (or anywhere)."""
    given: object = url
    try:
        parts = urlsplit(url.strip()) if isinstance(given, str) else urlsplit("")
        host, plain = parts.hostname or "", parts.scheme == "http"
        _ = parts.port
    except ValueError:
        parts, host, plain = urlsplit(""), "", False
    if parts.scheme not in {"https", "http"} or not host:
        raise ConfigError(f"{name} must look like https://gateway.example", code="config_url", hint=SANDBOX)
    if "@" in parts.netloc or "?" in url or "#" in url:  # an empty query too: the path would be appended to it
        raise ConfigError(f"{name} must not hold a user, password, query or fragment", code="config_url")
    if plain and not plain_anywhere and not is_loopback(host):
        raise ConfigError(
            f"{name} uses http, which is allowed to this machine only", code="config_url", hint="Use https://"
        )
    return url.strip()


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name alone (nothing is resolved)."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_positive(value: object) -> bool:
    return isinstance(value, int | float) and 0 < value < float("inf")
