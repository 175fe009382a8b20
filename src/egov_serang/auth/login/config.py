"""What an application must know to let people log in at an identity provider: one frozen value, checked at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, get_args

from egov_serang.auth.login.addresses import fault_of, origin_of
from egov_serang.auth.login.keys import ALGORITHMS
from egov_serang.errors import ConfigError
from egov_serang.types import Secret

LoginAuth = Literal["private_key_jwt", "client_secret", "client_secret_post", "none"]

CLAIMS: Final[Mapping[str, str]] = MappingProxyType(
    {"name": "name", "email": "email", "phone": "phone_number", "birth_date": "birthdate"}
)
"""Which claim fills which field of a `Person`, by the names of OpenID Connect Core section 5.1."""

_OWN: Final = frozenset({"issuer", "subject", "acr", "amr", "authenticated_at"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginConfig:
    """How people log in. Immutable; `dataclasses.replace` makes a variant.

    Args:
        issuer: the identity provider, exactly as it writes itself, with or without a slash at the end.
        client_id: as registered there.
        redirect_uri: where people come back to, exactly as registered there.
        scopes: what is asked for; `openid` is always among it.
        auth: how the application proves itself: by a signed assertion, by a secret in a header or in the form, or not
            at all (a public client).
        key_file: the assertion key, for `private_key_jwt`: a file (PEM, PKCS#12, JWK), `env:NAME` or
            `keyring:service/name`.
        key_passphrase_file: where its passphrase is, likewise.
        key_id: its `kid`; the JWK's own or the RFC 7638 thumbprint by default.
        client_secret: for `client_secret` and `client_secret_post`; better a file.
        client_secret_file: where the secret is: file, `env:` or `keyring:`.
        decryption_key_files: keys (ECDSA P-256 or RSA) that identity tokens are encrypted to, the current one and,
            while it is rotated, the one before. Where there is one, a token that is not encrypted is refused.
        post_logout_redirect_uri: where people come back to after logging out, exactly as registered.
        claims: which claim fills which field of `Person`. A name that begins with a slash is a JSON Pointer into
            nested claims, such as `/address/formatted`; a field `Person` does not have becomes an attribute of it.
        userinfo: whether the userinfo endpoint is asked for claims the identity token lacks.
        algorithms: signatures that are accepted; each also only with a key made for it.
        origins: origins, besides the issuer's own, that its endpoints may be on, such as `https://keys.example`.
        acr_values: levels of assurance to ask for, best first. Whether one was reached `Person.acr` says.
        max_age: seconds a login may be old; the provider asks the person again, and we check that it did.
        deadline: seconds for `begin` or `finish`, all requests together.
        leeway: seconds our clock and the provider's may differ.
        ca_file: PEM file of the authorities to trust instead of the machine's.
        client_cert_file: certificate for mutual TLS: PEM with its chain, or PKCS#12 with its key.
        client_cert_passphrase_file: where the passphrase of its key, or of the PKCS#12 file, is.
        client_key_file: its PEM key, where it is in a file of its own.

    Raises:
        ConfigError: a value cannot work; the message names it and the remedy.
    """

    issuer: str
    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...] = ("openid",)
    auth: LoginAuth = "private_key_jwt"
    key_file: str | Path | None = None
    key_passphrase_file: str | Path | None = None
    key_id: str | None = None
    client_secret: Secret | None = None
    client_secret_file: str | Path | None = None
    decryption_key_files: tuple[str | Path, ...] = ()
    post_logout_redirect_uri: str | None = None
    claims: Mapping[str, str] = field(default_factory=lambda: CLAIMS)
    userinfo: bool = False
    algorithms: tuple[str, ...] = ALGORITHMS
    origins: tuple[str, ...] = ()
    acr_values: tuple[str, ...] = ()
    max_age: int | None = None
    deadline: float = 20.0
    leeway: float = 60.0
    ca_file: str | None = None
    client_cert_file: str | None = None
    client_cert_passphrase_file: str | None = None
    client_key_file: str | None = None

    def __post_init__(self) -> None:
        for name in ("issuer", "redirect_uri", "post_logout_redirect_uri"):
            value = getattr(self, name)
            fault = None if value is None and name.startswith("post") else fault_of(value)
            if fault is not None:
                raise ConfigError(f"{name} {fault}", code="config_url", hint=f"Give {name} exactly as registered")
        if "?" in self.issuer:
            raise ConfigError("issuer must not hold a query", code="config_url")
        if not self.client_id:
            raise ConfigError(
                "client_id is missing", code="config_missing", hint="Set it as the provider registered it"
            )
        self._check_lists()
        self._check_auth()
        if self.deadline <= 0 or self.leeway < 0 or (self.max_age is not None and self.max_age < 0):
            raise ConfigError("deadline, leeway and max_age are seconds, none below 0", code="config_value")
        if isinstance(self.client_secret, str):  # a caller without a type checker; text would be shown by repr
            object.__setattr__(self, "client_secret", Secret(self.client_secret))

    def _check_lists(self) -> None:
        for name in ("scopes", "algorithms", "origins", "acr_values", "decryption_key_files"):
            given = getattr(self, name)
            if isinstance(given, str):
                raise ConfigError(f"{name} is a tuple, not text", code="config_value", hint=f"Write {name}=(..., )")
            object.__setattr__(self, name, tuple(given))
        if "openid" not in self.scopes:
            object.__setattr__(self, "scopes", ("openid", *self.scopes))
        unknown = [name for name in self.algorithms if name not in ALGORITHMS]
        if unknown or not self.algorithms:
            raise ConfigError(
                f"algorithms holds {unknown}" if unknown else "algorithms is empty",
                code="config_value",
                hint=f"Known: {', '.join(ALGORITHMS)}",
            )
        for origin in self.origins:
            if fault_of(origin) is not None or origin_of(origin) != origin:
                raise ConfigError("origins must look like https://keys.example", code="config_url")
        taken = sorted(_OWN.intersection(self.claims))
        if taken or not all(name.isidentifier() for name in self.claims):
            what = f"claims must not fill {', '.join(taken)}" if taken else "claims maps names of fields to claims"
            raise ConfigError(what, code="config_value", hint="Such as claims={'name': 'name', 'nik': 'nik_claim'}")

    def _check_auth(self) -> None:
        known = get_args(LoginAuth)
        if self.auth not in known:
            raise ConfigError(f"auth = {self.auth!r} is not known", code="config_value", hint=f"Known: {known}")
        missing = None
        if self.auth == "private_key_jwt" and self.key_file is None:
            missing = "key_file"
        if self.auth.startswith("client_secret") and self.client_secret is None and self.client_secret_file is None:
            missing = "client_secret_file"
        if missing is not None:
            why = f"{missing} is missing; auth = {self.auth!r} needs it"
            raise ConfigError(why, code="config_missing", hint=f"Set {missing}")
