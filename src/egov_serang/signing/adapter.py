"""http-message-signatures behind two verbs: the general RFC 9421 parser and base that `foreign` stands on.

Our keys and signers go in, our errors come out. What is demanded of a message is not decided here.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from http_message_signatures.algorithms import HTTPSignatureAlgorithm  # pyright: ignore[reportPrivateImportUsage]
from http_message_signatures.exceptions import HTTPMessageSignaturesException, InvalidSignature
from http_message_signatures.resolvers import HTTPSignatureComponentResolver, MappingKeyResolver
from http_message_signatures.signatures import HTTPMessageSigner, HTTPMessageVerifier

from egov_serang.errors import SignatureInvalid
from egov_serang.signing.algorithms import Signer, VerifyKey
from egov_serang.signing.base import Message
from egov_serang.signing.explain import masked_base

_FAULTS: Final = (HTTPMessageSignaturesException, ValueError, AttributeError)
"""What the library raises for messages it cannot read; AttributeError where an answer has no request."""


class Library:
    """Builds, signs and checks with http-message-signatures."""

    def check(self, message: Message, one: dict[str, str], key: VerifyKey) -> None:
        """Check one signature of a message.

        Args:
            message: with all its signatures, since one may cover another.
            one: Signature-Input and Signature with the one that counts, and nothing else.
            key: its key.

        Raises:
            SignatureInvalid: `component_missing` or `signature_wrong`.
        """
        bases: list[bytes] = []
        verifier: Any = _Verifier(
            signature_algorithm=_pinned(key, bases),
            key_resolver=MappingKeyResolver(public_keys={key.keyid: b"pinned"}, private_keys={}),
            component_resolver_class=_Resolver,
        )
        shown = _view(Message({**message.headers, **one}, message.method, message.url, message.status, message.request))
        shown.whole = _view(message)
        try:
            verifier.verify(shown, max_age=None)
        except _FAULTS:
            pass
        else:
            return
        if not bases:
            raise _incomplete()
        base = masked_base(bases[0].decode())
        raise SignatureInvalid("the signature does not hold for this message", code="signature_wrong", base=base)

    def sign(
        self,
        message: Message,
        body: bytes,
        signer: Signer,
        *,
        components: tuple[str, ...],
        label: str,
        tag: str | None,
        created: int,
        expires: int,
    ) -> dict[str, str]:
        """The headers that sign a message; arguments as in `ForeignSigner`.

        Raises:
            SignatureInvalid: `component_missing`.
        """
        view = _view(message)
        # Its algorithm is only named in the parameters: who signs is the signer.
        library: Any = HTTPMessageSigner(signature_algorithm=_pinned(signer, []))
        try:
            prepared = library.prepare(
                view,
                key_id=signer.keyid,
                created=datetime.fromtimestamp(created, UTC),
                expires=datetime.fromtimestamp(expires, UTC),
                nonce=secrets.token_urlsafe(16),
                label=label,
                tag=tag,
                covered_component_ids=components,
                body=body or None,
                use_existing_digest="content-digest" in message.headers,
            )
        except _FAULTS:
            prepared = None
        if prepared is None:
            raise _incomplete()
        signature = signer.sign(prepared.signature_base)
        try:
            library.apply(view, prepared, signature, append_if_signature_exists=True)
        except _FAULTS:
            prepared = None
        if prepared is None:
            raise SignatureInvalid("it has a signature of this label, or broken ones", code="signature_malformed")
        added = {name.lower(): value for name, value in view.headers.items()}
        return {name: value for name, value in added.items() if value != message.headers.get(name)}


@dataclass(slots=True)
class _Request:
    """A request as the library wants it; `whole` is where components are read, if not here."""

    method: str
    url: str
    headers: dict[str, str]
    whole: _Request | _Answer | None = None


@dataclass(slots=True)
class _Answer:
    """An answer likewise: the library knows it by its `status_code`."""

    status_code: int
    headers: dict[str, str]
    request: _Request | _Answer | None
    whole: _Request | _Answer | None = None


class _Resolver(HTTPSignatureComponentResolver):
    """Signatures beside the one that counts may be covered by it, though the verifier is not shown them."""

    def __init__(self, message: Any) -> None:
        resolve: Any = super().__init__
        resolve(message.whole or message)


class _Verifier(HTTPMessageVerifier):
    """Leaves the times to `foreign`: the library's clock is the machine's."""

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        """Nothing."""
        return


def _pinned(key: VerifyKey | Signer, bases: list[bytes]) -> type[HTTPSignatureAlgorithm]:
    """An algorithm that is one key. The text it is asked about is added to `bases`."""

    class Pinned(HTTPSignatureAlgorithm):
        algorithm_id = key.algorithm

        def __init__(self, public_key: Any = None, private_key: Any = None) -> None:
            return

        def verify(self, signature: bytes, message: bytes) -> None:
            bases.append(message)
            if not isinstance(key, VerifyKey) or not key.holds(message, signature):
                raise InvalidSignature

    return Pinned


def _view(message: Message) -> _Request | _Answer:
    if not message.status:
        return _Request(message.method, message.url, dict(message.headers))
    answered = None if message.request is None else _view(message.request)
    return _Answer(message.status, dict(message.headers), answered)


def _incomplete() -> SignatureInvalid:
    return SignatureInvalid("the message lacks a covered component, or it is unknown", code="component_missing")
