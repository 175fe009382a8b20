"""Who a client is, from its configuration: credentials, tokens, keys, its certificate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from egov_serang import schemes, sources
from egov_serang.auth.credentials import (
    ClientSecret,
    Credentials,
    FollowingCredentials,
    JwtGrant,
    MutualTls,
    PostedSecret,
    PrivateKeyJwt,
)
from egov_serang.auth.dpop import ProofKey
from egov_serang.auth.static import Scheme, StaticCredential
from egov_serang.auth.tokens import TokenSource
from egov_serang.config import Config
from egov_serang.errors import ConfigError
from egov_serang.layers.static import Current
from egov_serang.signing.following import Followed
from egov_serang.signing.keys import PrivateKey

if TYPE_CHECKING:
    from egov_serang.auth.certificate import ClientCertificate
    from egov_serang.auth.issuer import Issuer
    from egov_serang.auth.sessions import Sessions

_SESSIONS: Final = "~/.config/egov-serang/sessions"


def token_source(config: Config) -> TokenSource | None:
    """The token source a configuration describes; None where no token is obtained.

    Raises:
        ConfigError: the key or secret cannot be read.
    """
    credentials: Credentials
    endpoint = config.token_endpoint or None
    if config.auth in {"private_key_jwt", "fapi2", "jwt_grant"}:
        credentials = _assertions(config)
    elif config.auth == "mtls":
        certificate = client_certificate(config)
        assert certificate is not None  # noqa: S101 - a Config with this profile has one
        from egov_serang.auth.bound import BoundTokens  # noqa: PLC0415 - loads X.509

        return BoundTokens(
            config.issuer,
            MutualTls(config.client_id),
            certificate,
            config.scope,
            endpoint=endpoint,
            audience=config.audience,
        )
    elif config.auth == "login":
        from egov_serang.auth.person import PersonTokens  # noqa: PLC0415 - loads filelock

        return PersonTokens(*session_of(config))
    elif config.auth == "client_secret":
        secret = config.client_secret or sources.read_secret(config.client_secret_file or "", "secret")
        kind = PostedSecret if config.client_secret_method == "post" else ClientSecret  # noqa: S105 - a method's name
        credentials = kind(config.client_id, secret.reveal())
    else:
        return None
    dpop = proof_key(config) if config.auth == "fapi2" else None
    audience = "" if config.auth == "jwt_grant" else config.audience  # there it stands in the assertion
    return TokenSource(config.issuer, credentials, config.scope, endpoint=endpoint, audience=audience, dpop=dpop)


def session_of(config: Config) -> tuple[Issuer, Sessions]:
    """The issuer of a person's session, and where it is kept."""
    from egov_serang.auth.issuer import Issuer  # noqa: PLC0415 - loads what web applications need
    from egov_serang.auth.sessions import Sessions  # noqa: PLC0415

    folder = Path(config.session_folder or _SESSIONS).expanduser()
    origins = tuple(config.issuer_origins.split())
    issuer = Issuer(config.issuer, config.client_id, config.token_endpoint, origins, config.audience)
    return issuer, Sessions(folder, config.issuer, config.client_id)


def proof_key(config: Config) -> ProofKey:
    """The DPoP key of one client instance: from its file, or made now and kept in memory alone.

    Raises:
        ConfigError: the file cannot be read, holds no P-256 key, or the assertion key.
    """
    if config.dpop_key_file is None:
        return ProofKey(expires=config.dpop_exp)
    key = PrivateKey.from_file(config.dpop_key_file, None, config.dpop_key_passphrase_file)
    if key.thumbprint() == assertion_key(config).thumbprint():
        raise ConfigError(
            "key_file and dpop_key_file hold the same key",
            code="key_unusable",
            hint="Leave dpop_key_file out: a key is made for each client then; or make one of its own for it",
        )
    return ProofKey(key, expires=config.dpop_exp)


def _assertions(config: Config) -> Credentials:
    def made() -> PrivateKeyJwt:
        return PrivateKeyJwt(config.client_id, assertion_key(config))

    def granting() -> JwtGrant:
        return JwtGrant(made(), config.scope, config.audience)

    file = sources.file_of(config.key_file or "")
    if config.auth == "jwt_grant":
        return granting() if file is None else FollowingCredentials(config.client_id, Followed(file, granting))
    return made() if file is None else FollowingCredentials(config.client_id, Followed(file, made))


def static_credentials(config: Config) -> list[Current]:
    """The credentials that are sent as they are: the gateway's own, then the one of the service behind it.

    Raises:
        ConfigError: one cannot be read or used.
    """
    found: list[Current] = []
    if config.auth in ("api_key", "basic", "bearer"):
        scheme = config.auth
        name = config.credential_name or schemes.API_KEY_NAME if scheme == "api_key" else "authorization"
        in_query = config.credential_in == "query"
        user = config.credential_name
        found.append(_kept(config.credential_file, scheme, name.lower() if not in_query else name, in_query, user))
    if config.backend_auth is not None:
        header = schemes.backend_header(lambda name: getattr(config, name)).lower()
        found.append(_kept(config.backend_credential_file, config.backend_auth, header, False, config.backend_user))
    return found


def open311_key(config: Config) -> Current | None:
    """The API key of an Open311 service; None where there is none, and nothing can be submitted.

    Raises:
        ConfigError: it cannot be read or used.
    """
    if config.open311_key_file is None:
        return None
    return _kept(config.open311_key_file, "api_key", "api_key", False, "")


def _kept(source: str | Path | None, scheme: Scheme, name: str, in_query: bool, user: str) -> Current:
    place = source or ""

    def made() -> StaticCredential:
        return StaticCredential(scheme, name, sources.read_secret(place, scheme), in_query=in_query, user=user)

    file = sources.file_of(place)
    if file is None:
        only = made()
        return lambda at: only
    return Followed(file, made).current


def assertion_key(config: Config) -> PrivateKey:
    """The key that proves who the client is.

    Raises:
        ConfigError: it cannot be read or used.
    """
    return PrivateKey.from_file(config.key_file or "", config.key_id, config.key_passphrase_file)


def client_certificate(config: Config) -> ClientCertificate | None:
    """The certificate this client shows in mutual TLS; None where it shows none.

    Raises:
        ConfigError: it, its key or its passphrase cannot be read, or they do not fit each other.
    """
    certificate = existing(config, "client_cert_file")
    if certificate is None:
        return None
    from egov_serang.auth.certificate import client_certificate as kept_at  # noqa: PLC0415 - loads X.509

    passphrase = config.client_cert_passphrase_file
    return kept_at(certificate, existing(config, "client_key_file"), None if passphrase is None else str(passphrase))


def existing(config: Config, name: str) -> str | None:
    """The file a setting names; None where it names none.

    Raises:
        ConfigError: it is not there.
    """
    given: str | Path | None = getattr(config, name)
    if given is None:
        return None
    path = Path(given).expanduser()
    if not path.is_file():
        raise ConfigError(f"{name} names {path}, which is not a file", code="key_file", hint="Check its path")
    return str(path)
