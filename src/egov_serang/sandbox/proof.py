"""Request signatures, profile `rfc9421` (contract-v1 section 1), checked with http-message-signatures."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import http_sf
from fastapi import Request
from http_message_signatures import algorithms
from http_message_signatures.exceptions import HTTPMessageSignaturesException
from http_message_signatures.resolvers import MappingKeyResolver
from http_message_signatures.signatures import HTTPMessageVerifier
from starlette.datastructures import Headers

from egov_serang.sandbox.clients import MessageKey
from egov_serang.sandbox.platform import Platform
from egov_serang.sandbox.problems import Problem

LABEL: Final = "egov"
TAG: Final = "egov-serang"
WINDOW_S: Final = 300
SKEW_S: Final = 30
_KEYED: Final = frozenset({"POST", "PATCH", "PUT", "DELETE"})
_IF_PRESENT: Final = ("authorization", "dpop", "if-match", "x-acting-for")
_PARAMETERS: Final[frozenset[str]] = frozenset({"created", "expires", "nonce", "keyid", "alg", "tag"})
_NONCE_LENGTHS: Final = range(22, 65)
"""128 bits are 22 characters of base64url and 32 of hexadecimal."""

# The library exports these for everybody, but marks it in mypy's way only.
ALGORITHMS: Final = MappingProxyType(
    {
        "ed25519": algorithms.ED25519,  # pyright: ignore[reportPrivateImportUsage]
        "ecdsa-p256-sha256": algorithms.ECDSA_P256_SHA256,  # pyright: ignore[reportPrivateImportUsage]
        "rsa-pss-sha512": algorithms.RSA_PSS_SHA512,  # pyright: ignore[reportPrivateImportUsage]
        "hmac-sha256": algorithms.HMAC_SHA256,  # pyright: ignore[reportPrivateImportUsage]
    }
)


@dataclass(frozen=True, slots=True)
class _Message:
    """The request as http-message-signatures wants it."""

    method: str
    url: str
    headers: Headers


class _Verifier(HTTPMessageVerifier):
    """Leaves the times to us: the library's window is not the profile's, and its clock is not the sandbox's."""

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        return


def target_uri(platform: Platform, request: Request) -> str:
    """The `@target-uri` as the client must have written it: this gateway's base, then path and query untouched."""
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return platform.settings.base_url + (path + b"?" + query if query else path).decode("latin-1")


def expected_components(request: Request, body: bytes) -> list[str]:
    """The components the profile demands for this very request, in order."""
    keyed = request.method in _KEYED and "idempotency-key" in request.headers
    return [
        "@method",
        "@target-uri",
        *(("content-type", "content-digest") if body else ()),
        *(("idempotency-key",) if keyed else ()),
        *(name for name in _IF_PRESENT if name in request.headers),
        "x-request-id",
    ]


def check_signature(platform: Platform, request: Request, body: bytes, client_id: str) -> None:
    """Check everything the profile says; the nonce last, so that a forger cannot burn one.

    Raises:
        Problem: signature_invalid, clock_skew or nonce_replayed.
    """
    components, parameters = _read_input(request)
    expected = expected_components(request, body)
    if components != expected:
        raise _invalid("It must cover exactly: " + " ".join(expected) + ".")
    if any(len(request.headers.getlist(name)) != 1 for name in expected if not name.startswith("@")):
        raise _invalid("A covered field must be sent exactly once.")
    client = platform.clients.get(client_id)
    key = None if client is None else client.message_keys.get(parameters["keyid"])
    if key is None:
        raise _invalid("The keyid is not a message key registered for the token's client.")
    if parameters["alg"] != key.algorithm:
        raise _invalid("The algorithm is not the registered key's.")
    now = platform.clock.wall()
    _check_window(parameters["created"], parameters["expires"], now)
    _check_crypto(
        parameters["keyid"], key, _Message(request.method, target_uri(platform, request), request.headers), body
    )
    until = parameters["expires"] + SKEW_S + 1
    if not platform.replays.first_time("nonce", parameters["keyid"], parameters["nonce"], now=now, until=until):
        raise Problem("nonce_replayed", "This nonce was used before; sign every attempt anew.")


def _read_input(request: Request) -> tuple[list[str], dict[str, Any]]:
    try:
        parsed: Any = http_sf.parse(request.headers["signature-input"].encode(), tltype="dictionary")
    except KeyError:
        raise _invalid("The request is not signed.") from None
    except ValueError:
        raise _invalid("Signature-Input is not a structured dictionary.") from None
    if list(parsed) != [LABEL] or not isinstance(parsed[LABEL][0], list):
        raise _invalid(f"There must be one signature, labelled {LABEL}.")
    items, parameters = parsed[LABEL]
    if frozenset(parameters) != _PARAMETERS or parameters["tag"] != TAG:
        raise _invalid(f"Its parameters must be {', '.join(sorted(_PARAMETERS))}, with tag {TAG}.")
    texts = all(isinstance(parameters[name], str) for name in ("nonce", "keyid", "alg"))
    times = all(type(parameters[name]) is int for name in ("created", "expires"))
    if not texts or not times or len(parameters["nonce"]) not in _NONCE_LENGTHS:
        raise _invalid("A parameter is of the wrong type, or the nonce has not 128 bits.")
    if any(component_parameters for _, component_parameters in items):
        raise _invalid("Components take no parameters.")
    return [name for name, _ in items], parameters


def _check_window(created: int, expires: int, now: float) -> None:
    if expires != created + WINDOW_S:
        raise _invalid(f"It must expire {WINDOW_S} s after its creation.")
    if not created - SKEW_S <= now <= expires + SKEW_S:
        raise Problem("clock_skew", "The signature was made too early or too late; compare the Date header.")


def _check_crypto(keyid: str, key: MessageKey, message: _Message, body: bytes) -> None:
    resolver = MappingKeyResolver(public_keys={keyid: key.key}, private_keys={})
    verifier: Any = _Verifier(signature_algorithm=ALGORITHMS[key.algorithm], key_resolver=resolver)
    try:
        # With a body the digest is among the components by now, and verify() recomputes it.
        verifier.verify(message, max_age=None, expect_tag=TAG, expect_label=LABEL, body=body or None)
    except HTTPMessageSignaturesException:
        raise _invalid("The signature or the digest does not hold for this request.") from None


def _invalid(detail: str) -> Problem:
    return Problem("signature_invalid", detail)
