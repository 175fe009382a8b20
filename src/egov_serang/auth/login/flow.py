"""A login from beginning to end, once for threads and tasks (OpenID Connect Core section 3.1, RFC 9126, RFC 9207)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from egov_serang import sources
from egov_serang.auth.credentials import ClientSecret, Credentials, PostedSecret, PrivateKeyJwt
from egov_serang.auth.jwks import KeySource
from egov_serang.auth.login import id_token
from egov_serang.auth.login.addresses import with_query
from egov_serang.auth.login.callback import Answer
from egov_serang.auth.login.channel import Channel, Granted
from egov_serang.auth.login.config import LoginConfig
from egov_serang.auth.login.keys import IssuerKey, issuer_keys
from egov_serang.auth.login.person import person_of
from egov_serang.auth.login.provider import Provider, metadata_address, read_provider
from egov_serang.auth.login.transaction import Transaction
from egov_serang.core.kept import Kept
from egov_serang.core.runtime import Runtime
from egov_serang.errors import ConfigError, Unauthorized, UnexpectedReply
from egov_serang.models.login import Person
from egov_serang.signing.keys import PrivateKey
from egov_serang.types import Secret

_FRESH: Final = 300.0
_OBJECT: Final = TypeAdapter(dict[str, Any])
_PROTECTED: Final = frozenset({"iss", "sub", "aud", "acr", "amr", "auth_time"})
"""What only the identity token says; userinfo may not say otherwise."""


class Flow:
    """What `Login` and `AsyncLogin` share. Its keys are read here, once.

    Raises:
        ConfigError: a key or secret cannot be read or used.
    """

    def __init__(self, config: LoginConfig) -> None:
        self.config = config
        self._channel = Channel(config.issuer, config.client_id, _credentials(config))
        self._opening = [
            id_token.checked_decryption_key(PrivateKey.from_file(source)) for source in config.decryption_key_files
        ]
        self._metadata = Kept(self._discover, _FRESH)
        self._keys: KeySource[IssuerKey] | None = None

    async def begin(self, runtime: Runtime, more: Mapping[str, str]) -> tuple[str, Transaction]:
        """Where to send the browser, and what to keep until it comes back."""
        config, until = self.config, runtime.now() + self.config.deadline
        provider = await self._metadata.get(runtime, until)
        transaction = Transaction.begin(config.issuer, config.client_id, runtime.wall())
        request = {
            "response_type": "code",
            "client_id": config.client_id,
            "redirect_uri": config.redirect_uri,
            "scope": " ".join(config.scopes),
            **transaction.question(),
            **({"acr_values": " ".join(config.acr_values)} if config.acr_values else {}),
            **({"max_age": str(config.max_age)} if config.max_age is not None else {}),
            **more,
        }
        address = self._channel.address(runtime, provider, provider.authorization_endpoint, request, until)
        return await address, transaction

    async def finish(self, runtime: Runtime, answer: Answer, transaction: Transaction) -> Person:
        """Who came back."""
        config, until = self.config, runtime.now() + self.config.deadline
        if (transaction.issuer, transaction.client_id) != (config.issuer, config.client_id):
            raise _anew("this login was begun at another provider, or by another application", "login_transaction")
        if runtime.wall() >= transaction.until:
            raise _anew("the login took too long", "login_expired")
        provider = await self._metadata.get(runtime, until)
        code = answer.code(transaction, names_itself=provider.authorization_response_iss_parameter_supported)
        fields = {
            "grant_type": "authorization_code",
            "code": code.reveal(),
            "redirect_uri": config.redirect_uri,
            **transaction.proof(),
        }
        granted = await self._channel.redeem(runtime, provider.token_endpoint, fields, until)
        claims = await self._identity(runtime, provider, granted, transaction, until)
        if config.userinfo:
            claims = await self._more(runtime, provider, granted, claims, until)
        return person_of(claims, config.claims)

    async def leave(self, runtime: Runtime, state: str | None) -> str:
        """Where to send the browser to log out (OpenID Connect RP-Initiated Logout 1.0)."""
        config = self.config
        provider = await self._metadata.get(runtime, runtime.now() + config.deadline)
        if provider.end_session_endpoint is None:
            raise ConfigError(
                f"{config.issuer} has no logout", code="login_no_logout", hint="End the application's own session alone"
            )
        # No id_token_hint: its claims would stand in an address, and addresses end up in logs.
        fields = {"client_id": config.client_id}
        if config.post_logout_redirect_uri is not None:
            fields["post_logout_redirect_uri"] = config.post_logout_redirect_uri
        if state is not None:
            fields["state"] = state
        return with_query(provider.end_session_endpoint, fields)

    async def _discover(self, runtime: Runtime, deadline: float) -> Provider:
        issuer = self.config.issuer
        document = await self._channel.metadata(runtime, metadata_address(issuer), deadline)
        return read_provider(document, issuer, self.config.origins)

    async def _identity(
        self, runtime: Runtime, provider: Provider, granted: Granted, transaction: Transaction, until: float
    ) -> dict[str, Any]:
        config = self.config
        token = Secret(granted.id_token.get_secret_value())
        claims, algorithm = await self._signed(runtime, provider, token, "identity token", until)
        id_token.judge(
            claims,
            id_token.Wanted(
                issuer=config.issuer,
                client_id=config.client_id,
                now=runtime.wall(),
                leeway=config.leeway,
                max_age=config.max_age,
            ),
        )
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not transaction.is_nonce(nonce):
            raise id_token.of_another_login()
        if not id_token.binds(claims, algorithm, Secret(granted.access_token.get_secret_value())):
            raise id_token.of_another_token()
        return claims

    async def _more(
        self, runtime: Runtime, provider: Provider, granted: Granted, claims: dict[str, Any], until: float
    ) -> dict[str, Any]:
        config, url = self.config, provider.userinfo_endpoint
        if url is None:
            raise ConfigError(f"{config.issuer} has no userinfo", code="login_no_userinfo", hint="Set userinfo=False")
        answer, is_token = await self._channel.userinfo(runtime, url, granted.access_token, until)
        if is_token:
            more, _ = await self._signed(runtime, provider, answer, "userinfo", until)
        else:
            more = _members(answer)
        # Another person's userinfo must not complete this one's (OpenID Connect Core section 5.3.2).
        if more.get("sub") != claims["sub"] or more.get("iss", config.issuer) != config.issuer:
            raise UnexpectedReply("the userinfo is of another person, or of no one", code="userinfo_subject")
        return claims | {name: value for name, value in more.items() if name not in _PROTECTED}

    async def _signed(
        self, runtime: Runtime, provider: Provider, token: Secret, what: id_token.What, until: float
    ) -> tuple[dict[str, Any], str]:
        signed = id_token.opened(token, self._opening, what)
        keys = self._keys
        if keys is None or keys.url != provider.jwks_uri:
            keys = self._keys = KeySource(provider.jwks_uri, issuer_keys())
        key = await keys.get(id_token.signer_of(signed), runtime, until)
        return id_token.verified(signed, key, self.config.algorithms, what)


def _credentials(config: LoginConfig) -> Credentials | None:
    if config.auth == "private_key_jwt":
        key = PrivateKey.from_file(config.key_file or "", config.key_id, config.key_passphrase_file)
        return PrivateKeyJwt(config.client_id, key)
    if config.auth != "none":
        secret = config.client_secret or sources.read_secret(config.client_secret_file or "", "secret")
        kind = ClientSecret if config.auth == "client_secret" else PostedSecret
        return kind(config.client_id, secret.reveal())
    return None


def _members(answer: Secret) -> dict[str, Any]:
    try:
        return _OBJECT.validate_json(answer.reveal())
    except ValidationError:
        pass
    raise UnexpectedReply("the userinfo is not one", code="userinfo_shape")


def _anew(what: str, code: str) -> Unauthorized:
    return Unauthorized(what, code=code, hint="Let the person begin anew", sent="no")
