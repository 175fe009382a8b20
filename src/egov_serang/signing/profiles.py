"""What every way of signing requests has in common, and the gateway's own way behind it."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from typing import Protocol

from egov_serang.signing.algorithms import Signer
from egov_serang.signing.digests import content_digest
from egov_serang.signing.messages import MessageSigner


class SignatureProfile(Protocol):
    """Puts on a request what its receiver wants as a signature. One object serves all threads and tasks of a client."""

    def digest(self, chunks: Iterable[bytes]) -> str:
        """What of a body goes into the signature. Asked once for a call, however often it is transmitted.

        Args:
            chunks: the body's final bytes.
        """
        ...

    def sign(self, method: str, url: str, headers: MutableMapping[str, str], *, digest: str | None, at: float) -> None:
        """Sign one transmission; called last, when everything else is in place.

        Args:
            method: the verb.
            url: the absolute target URI, as sent.
            headers: names in lower case; the signature is added.
            digest: what `digest` said of the body; None where there is none.
            at: seconds since the epoch.

        Raises:
            Invalid: something to be signed cannot be sent; nothing was.
        """
        ...


class Rfc9421:
    """The gateway's own profile: RFC 9421 messages with RFC 9530 digests (contract-v1 section 1).

    Args:
        signer: holds the message key, which is a different one from the assertion key.
    """

    def __init__(self, signer: Signer) -> None:
        self._messages = MessageSigner(signer)

    def digest(self, chunks: Iterable[bytes]) -> str:
        """The Content-Digest field."""
        return content_digest(chunks)

    def sign(self, method: str, url: str, headers: MutableMapping[str, str], *, digest: str | None, at: float) -> None:
        """See `SignatureProfile`."""
        if digest is not None:
            headers["content-digest"] = digest
        self._messages.sign(method, url, headers, created=int(at))
