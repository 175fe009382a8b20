"""Every parser of ours that reads what a stranger wrote; one line each in `PARSERS` puts it through all the tests."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from egov_serang.core.message import Headers, Response
from egov_serang.signing.algorithms import key_from_jwk, secret_key, secret_signer
from egov_serang.signing.base import Message, signature_base
from egov_serang.signing.digests import content_digest, digest_holds
from egov_serang.signing.explain import masked_base
from egov_serang.signing.foreign import ForeignRules, ForeignVerifier
from egov_serang.signing.headers import read_input, read_signature
from egov_serang.signing.jwks import read_keys
from egov_serang.signing.messages import MessageSigner
from egov_serang.signing.snap import Minify, SnapNotifications, SnapRules, SnapSymmetric, body_hash
from egov_serang.signing.verifier import MessageVerifier
from egov_serang.signing.webhooks import WebhookSigner, WebhookVerifier
from egov_serang.types import Secret
from egov_serang.wires.open311.answers import requests
from egov_serang.wires.open311.errors import read_error

NOW: Final = 1_800_000_000
URL: Final = "https://gateway.example/v1/cases?limit=2"
BODY: Final = b'{"a": "b"}'
KEY: Final = secret_key(b"s" * 32, "k")
VECTORS: Final[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "vectors" / "rfc9421.json").read_text("utf-8"))
STAMP: Final = "2027-01-15T15:00:00+07:00"
SNAP: Final = {"authorization": "Bearer t", "x-timestamp": STAMP, "x-signature": "AAAA"}
FOREIGN: Final = ForeignRules(components=('"@method"',), tag="egov-serang")


@dataclass(frozen=True)
class Parser:
    """One parser.

    Args:
        name: of what it reads.
        read: must come back, or raise an error of ours.
        seeds: what it takes, to start from.
        grown: inputs as long as one likes, for each way in which they may grow.
        is_bounded: whether it reads a header field, of which nothing over 16 KiB may be parsed.
    """

    name: str
    read: Callable[[str], object]
    seeds: tuple[str, ...]
    grown: tuple[Callable[[int], str], ...]
    is_bounded: bool = True


@cache
def signed() -> dict[str, str]:
    """The headers of a request in our profile."""
    headers = {
        "content-type": "application/json",
        "content-digest": content_digest([BODY]),
        "idempotency-key": "i-1",
        "x-request-id": "r-1",
    }
    MessageSigner(secret_signer(b"s" * 32, "k")).sign("POST", URL, headers, created=NOW)
    return headers


def whole(field: str) -> Callable[[str], object]:
    """Our verifier, with one field a stranger's."""
    return lambda text: MessageVerifier({"k": KEY}.get, None).request(
        Message({**signed(), field: text}, "POST", URL), BODY, now=NOW
    )


def foreign(field: str) -> Callable[[str], object]:
    """The verifier of other signers' messages, likewise."""
    return lambda text: ForeignVerifier({"k": KEY}.get, FOREIGN).verify(
        Message({**signed(), field: text}, "POST", URL), BODY, now=NOW
    )


def answered(text: str) -> object:
    """A member of a dictionary in the request that an answer is bound to."""
    request = Message({"signature": text}, "GET", URL)
    return signature_base(['"signature";req;key="egov"'], Message({}, status=200, request=request), "p")


def addressed(text: str) -> object:
    """Every component that is derived from the address."""
    names = ('"@target-uri"', '"@authority"', '"@scheme"', '"@path"', '"@query"')
    return [signature_base([name], Message({}, "GET", text), "p") for name in names]


def snap(field: str) -> Callable[[str], object]:
    """A SNAP BI request, symmetric, with one field a stranger's."""
    profile = SnapSymmetric(Secret("secret"))
    return lambda text: profile.verify("POST", URL, {**SNAP, field: text}, BODY, now=NOW)


def notified(text: str) -> object:
    """A SNAP BI notification, asymmetric."""
    key = load_pem_public_key(VECTORS["keys"]["test-key-rsa"]["public_pem"].encode())
    assert isinstance(key, RSAPublicKey)
    headers = {"x-timestamp": STAMP, "x-signature": text}
    return SnapNotifications(key, SnapRules()).verify("POST", URL, headers, BODY, now=NOW)


def minified(minify: Minify) -> Callable[[str], object]:
    return lambda text: body_hash(text.encode("utf-8", "surrogatepass"), minify)


def delivered(field: str) -> Callable[[str], object]:
    """A webhook, with one of its three headers a stranger's."""
    secret = Secret("whsec_" + base64.b64encode(b"s" * 32).decode())
    headers = WebhookSigner(secret).sign("msg_1", BODY, at=NOW)
    return lambda text: WebhookVerifier(secret).verify({**headers, field: text}, BODY, now=NOW)


def jwk(text: str) -> object:
    """A key of a key set: `name=value` in lines, where a value is JSON if it can be."""
    members: dict[str, Any] = {}
    for line in text.split("\n"):
        name, _, value = line.partition("=")
        try:
            members[name] = json.loads(value)
        except ValueError:
            members[name] = value
        except RecursionError:
            members[name] = [value]
    return key_from_jwk(members)


def open311(response: Response) -> object:
    """An Open311 answer, read as a refusal and as a list."""
    return read_error(response), requests(response)


def lines(members: dict[str, str]) -> str:
    return "\n".join(f"{name}={value}" for name, value in members.items())


def repeated(head: str, part: str, tail: str = "") -> Callable[[int], str]:
    return lambda count: head + part * count + tail


INPUTS: Final = tuple(vector["signature_input"] for vector in (*VECTORS["vectors"], *VECTORS["text_examples"]))
JWKS: Final = tuple(lines(key["public_jwk"]) for key in VECTORS["keys"].values() if "public_jwk" in key)
PARAMS: Final = ';created=1800000000;expires=1800000300;nonce="n";keyid="k";alg="hmac-sha256";tag="egov-serang"'
GROWN_INPUTS: Final = (
    repeated("egov=(", '"a" ', f'"b"){PARAMS}'),
    repeated("egov=(", '"a";key="x" '),
    repeated("egov=(", '"a"', ")"),
    repeated('egov=("a"', ";req", ")"),
    repeated('egov=("@method")', ";a=1"),
    repeated('egov=("@method")', ';a="x"', " "),
    repeated('egov=("@method");nonce="', "a", '"'),
    repeated('egov=("@method");nonce="', "a"),
    repeated("", "e", '=("@method")'),
    repeated("egov=", "("),
    repeated("egov=", "1"),
    repeated("", "a=(), "),
    repeated("", " "),
)
SIGNATURES: Final = (
    "egov=:AAAA:",
    "egov=:AAA=:",
    f"egov=:{base64.b64encode(b'x' * 64).decode()}:",
    "a=:AA==:, b=:BB==:",
)
GROWN_SIGNATURES: Final = (
    repeated("egov=:", "A", ":"),
    repeated("egov=:", "A"),
    repeated("egov=:", "="),
    repeated("", "e", "=:AAAA:"),
    repeated("", "a=:AAAA:, "),
    repeated("egov=", ":"),
)
DIGESTS: Final = (
    content_digest([BODY]),
    f"{content_digest([BODY])}, md5=:AAAA:",
    *(example["content_digest"] for example in VECTORS["rfc9530_content_digest_examples"]),
)
GROWN_DIGESTS: Final = (
    repeated("", "md5=:AAAA:, ", content_digest([BODY])),
    repeated("sha-256=:", "A", ":"),
    repeated("", "a"),
    repeated("", "sha-256=:AAAA:,"),
    repeated(content_digest([BODY]), " ", ","),
)

PARSERS: Final = (
    Parser("signature-input", read_input, (signed()["signature-input"], *INPUTS), GROWN_INPUTS),
    Parser("signature", lambda text: read_signature(text, "egov"), SIGNATURES, GROWN_SIGNATURES),
    Parser("content-digest", lambda text: digest_holds(text, BODY), DIGESTS, GROWN_DIGESTS),
    Parser("request, signature-input", whole("signature-input"), (signed()["signature-input"],), GROWN_INPUTS),
    Parser("request, signature", whole("signature"), (signed()["signature"],), GROWN_SIGNATURES),
    Parser("request, content-digest", whole("content-digest"), DIGESTS, GROWN_DIGESTS),
    Parser(
        "foreign, signature-input", foreign("signature-input"), (signed()["signature-input"], *INPUTS), GROWN_INPUTS
    ),
    Parser("foreign, signature", foreign("signature"), (signed()["signature"],), GROWN_SIGNATURES),
    Parser("foreign, content-digest", foreign("content-digest"), DIGESTS, GROWN_DIGESTS),
    Parser(
        "component",
        lambda text: signature_base([text], Message({"date": "x"}, "GET", URL), "p"),
        ('"@method"', '"date"', '"@status";req', '"signature";req;key="egov"', '"@query-param";name="a"'),
        (repeated('"', "a", '"'), repeated('"a"', ";req"), repeated('"a";key="', "x", '"'), repeated("", '"')),
        is_bounded=False,  # stands in Signature-Input, which is
    ),
    Parser(
        "dictionary member",
        answered,
        SIGNATURES,
        (*GROWN_SIGNATURES, repeated("", "egov=:A:, ")),
        is_bounded=False,  # of a request that we sent
    ),
    Parser(
        "address",
        addressed,
        (URL, "http://[2001:db8::1]:8443/%2F?", "https://user:p@EXAMPLE.com:443", "https://a/;b?c#d"),
        (
            repeated("https://", "a", "/"),
            repeated("https://a/", "?"),
            repeated("https://a/", "%2F"),
            repeated("[", ":"),
        ),
        is_bounded=False,  # a server bounds it before anything is read
    ),
    Parser(
        "snap, x-timestamp",
        snap("x-timestamp"),
        (STAMP, "2027-01-15T08:00:00.123Z", "2027-W02-5T08:00Z", "20270115T080000Z"),
        (repeated("2027-01-15T15:00:00.", "0", "+07:00"), repeated("", "2"), repeated(STAMP, ":00")),
    ),
    Parser(
        "snap, address",
        lambda text: SnapSymmetric(Secret("secret")).verify("POST", text, SNAP, BODY, now=NOW),
        (URL, "http://[::1]/?"),
        (repeated("https://a/", "?"), repeated("[", ":")),
        is_bounded=False,  # as above
    ),
    Parser("snap, x-signature", snap("x-signature"), ("AAAA", "A" * 88), (repeated("", "A"), repeated("", "="))),
    Parser("snap notification", notified, ("AAAA", "A" * 344), (repeated("", "A"), repeated("", "="))),
    *(
        Parser(
            f"snap body, {minify}",
            minified(minify),
            ('{"a": "b c\\" ", "d": [1, 2]}', '"\\', " \t\r\n"),
            (repeated('{"a": "', "\\", ""), repeated("", '" "'), repeated("", " "), repeated('"', "\\ ")),
            is_bounded=False,  # bodies have limits of their own
        )
        for minify in ("between_values", "everywhere")
    ),
    Parser(
        "jwk",
        jwk,
        (*JWKS, "kty=oct\nk=AAAA", 'kty="OKP"\ncrv="Ed25519"\nx="AAAA"\nkid="a"'),
        (
            repeated("kty=OKP\ncrv=Ed25519\nx=", "A"),
            repeated("kty=RSA\ne=AQAB\nn=", "_"),
            repeated("kty=EC\ncrv=P-256\ny=AAAA\nx=", "A"),
        ),
    ),
    Parser(
        "webhook-signature",
        delivered("webhook-signature"),
        ("v1,AAAA", "v1,AAAA v1a,BBBB=", f"v1,{base64.b64encode(b'x' * 32).decode()}"),
        (repeated("v1,", "A"), repeated("", "v1,AAAA "), repeated("", "v"), repeated("v1,", "=")),
    ),
    Parser(
        "webhook-timestamp",
        delivered("webhook-timestamp"),
        (str(NOW), "0"),
        (repeated("1", "0"), repeated("", " ")),
    ),
    Parser("webhook-id", delivered("webhook-id"), ("msg_1", "a.b"), (repeated("", "a"), repeated("", "."))),
    Parser(
        "key set",
        lambda text: read_keys(text.encode("utf-8", "surrogatepass")),
        (json.dumps({"keys": [key["public_jwk"] for key in VECTORS["keys"].values() if "public_jwk" in key]}), "{}"),
        (repeated('{"keys": [', "{},", "{}]}"), repeated("", "["), repeated('{"keys": [{"kid": "', "a", '"}]}')),
        is_bounded=False,  # by 64 KiB of its own
    ),
    Parser(
        "open311",
        lambda text: open311(Response(200, Headers(), text.encode("utf-8", "surrogatepass"))),
        (
            '<?xml version="1.0"?><service_requests><request><status>open</status></request></service_requests>',
            '[{"service_request_id": 638344, "status": "open", "lat": "", "updated_datetime": "2026-01-01T00:00:00Z"}]',
            '<!-- a --><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
            '{"errors": {"error": [{"code": "404", "description": "no"}]}}',
        ),
        (
            repeated("", "<a>"),
            repeated("", "<!-- -->"),
            repeated("<!--", "-"),
            repeated("", "["),
            repeated('[{"service_request_id": "', "a", '"}]'),
            repeated("<errors>", "<error><code>404</code></error>", "</errors>"),
            repeated('[{"code": 400, "description": "', "<a ", '"}]'),
        ),
        is_bounded=False,  # by the limit of answers
    ),
    Parser(
        "explanation",
        masked_base,
        (
            '"@method": GET\n"authorization": Bearer x\n"@signature-params": ()',
            '"@target-uri": https://a/?b=9973010101900000',
        ),
        (repeated("", "\n"), repeated('"@target-uri": ', "?"), repeated('"cookie": ', "9"), repeated("", "1 ")),
        is_bounded=False,  # what we built ourselves
    ),
)
"""A parser more is a line more."""
