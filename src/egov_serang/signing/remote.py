"""Signers whose key is elsewhere: in a hardware module, in a signing service, in another process.

Source: RFC 9421 section 3.3 (the forms of signatures).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from egov_serang.errors import ConfigError, ConnectionFailed, EgovError
from egov_serang.signing.algorithms import Algorithm, KeySigner, Signer, raw_ecdsa
from egov_serang.signing.keys import checked_keyid

_LENGTHS: Final[dict[Algorithm, range]] = {
    "ed25519": range(64, 65),
    "ecdsa-p256-sha256": range(64, 65),
    "rsa-pss-sha512": range(256, 2049),  # the size of the key, 2048 bits and more
    "hmac-sha256": range(32, 33),
}


def callback_signer(keyid: str, algorithm: Algorithm, callback: Callable[[bytes], bytes]) -> Signer:
    """A signer that asks a function of yours for each signature.

    The function is called once for each transmission, from whichever thread makes the call. On `AsyncClient` it runs
    on the event loop, which stands still meanwhile: where a signature takes more than a millisecond, use `Client` in
    threads. It should have a time limit of its own; the call's deadline cannot interrupt it.

    Args:
        keyid: the key's name at the gateway.
        algorithm: RFC 9421 name; the one the key is registered for.
        callback: gets the bytes to be signed (not their hash) and returns the signature: 64 bytes for Ed25519; the two
            numbers r and s side by side, 64 bytes, for ECDSA P-256 (`ecdsa_from_der` makes them of what most modules
            give); RSASSA-PSS with SHA-512, MGF1 with SHA-512 and a salt of 64 bytes; 32 bytes for HMAC-SHA256.

    Raises:
        ConfigError: the keyid or the algorithm cannot be. While signing: what the callback returned is no signature of
            this algorithm.
        ConnectionFailed: while signing, the callback raised; `sent="no"`, for nothing was sent, and the call is
            repeated like one whose connection failed. Errors of ours that it raises stay as they are.
    """
    lengths = _LENGTHS.get(algorithm)
    if lengths is None:
        raise ConfigError(f"algorithm = {algorithm!r} is not known", code="config_value", hint=", ".join(_LENGTHS))

    def sign(base: bytes) -> bytes:
        try:
            signature: object = callback(base)
        except EgovError:
            raise
        except Exception as error:
            # Its text may hold what was to be signed, and so a token; the full trace (docs/configuration.md) has it.
            raise ConnectionFailed(
                f"the remote signer failed: {type(error).__name__}",
                code="signer_failed",
                hint="Nothing was sent. Check the signer and the way to it",
                sent="no",
            ) from error
        if isinstance(signature, bytes) and len(signature) in lengths:
            return signature
        raise _not_one(algorithm, lengths, signature)

    return KeySigner(checked_keyid(keyid), algorithm, sign)


def ecdsa_from_der(signature: bytes) -> bytes:
    """An ECDSA P-256 signature as hardware modules and cloud services give it (DER), as RFC 9421 wants it (r and s).

    Args:
        signature: the DER SEQUENCE of two INTEGERs.

    Raises:
        ConfigError: it is none.
    """
    try:
        return raw_ecdsa(signature)
    except (ValueError, TypeError, OverflowError):
        pass
    raise ConfigError("this is not an ECDSA P-256 signature in DER", code="signer_answer")


def _not_one(algorithm: Algorithm, lengths: range, answer: object) -> ConfigError:
    got = f"{len(answer)} bytes" if isinstance(answer, bytes) else type(answer).__name__
    wanted = str(lengths[0]) if len(lengths) == 1 else f"{lengths[0]} or more"
    return ConfigError(
        f"the remote signer answered {got}; a signature with {algorithm} has {wanted} bytes",
        code="signer_answer",
        hint="Nothing was sent. ECDSA signatures in DER must go through ecdsa_from_der; others are raw bytes",
    )
