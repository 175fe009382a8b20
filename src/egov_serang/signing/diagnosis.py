"""Why the signature of a request does not hold: which component differs, the two bases side by side.

Who checks a message cannot see what was signed. So either the signer says it (its own base), or what proxies and first
implementations commonly change is tried, one at a time: where the signature holds over a changed text, there is the
fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from egov_serang.errors import SignatureInvalid
from egov_serang.signing.algorithms import VerifyKey, raw_ecdsa
from egov_serang.signing.base import Message, signature_base
from egov_serang.signing.explain import masked_base
from egov_serang.signing.headers import Input, read_input, read_signature
from egov_serang.signing.messages import LABEL, request_components
from egov_serang.signing.verifier import KeyFinder, MessageVerifier

_PARAMS: Final = '"@signature-params"'
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")


class Line(NamedTuple):
    """A component on both sides, secrets and numbers masked.

    Attributes:
        component: its identifier.
        expected: what we built from the message; None where it must not be covered or is not there.
        found: what was signed; None where it is not covered, empty where that is not known.
        differs: whether this is at fault.
    """

    component: str
    expected: str | None
    found: str | None
    differs: bool


class Diagnosis(NamedTuple):
    """What is wrong with a signature.

    Attributes:
        refusal: why it is refused; None where it holds.
        lines: the components in order, the parameters last; none where they cannot be read.
        cause: what was found to be wrong, in words; None where nothing was found.
    """

    refusal: SignatureInvalid | None
    lines: tuple[Line, ...]
    cause: str | None


def diagnose(
    request: Message, body: bytes, keys: KeyFinder, *, signed: str | None = None, now: float | None = None
) -> Diagnosis:
    """Check the signature of a request and find what is wrong with it. Nonces are not remembered.

    Args:
        request: method, absolute target URI, headers (names in lower case), as it was received.
        body: its bytes.
        keys: finds the sender's keys.
        signed: the signature base as the signer made it, where it can be had.
        now: when it was received, in seconds since the epoch; the moment of its creation by default, so that a message
            kept for later is not refused for its age.
    """
    try:
        said = read_input(request.headers.get("signature-input"))
    except SignatureInvalid as error:
        return Diagnosis(error, (), None)
    refusal = _refusal(request, body, keys, said.created if now is None else now)
    theirs: dict[str, str] = dict.fromkeys(said.components, "")
    cause = None
    if signed is not None:
        theirs = _lines(signed)
        cause = _form(signed)
    elif refusal is not None and refusal.code == "signature_wrong":
        changed, cause = _tried(request, keys(said.keyid), said)
        theirs |= changed
    ours = _ours(request, body)
    names = [name for name in dict.fromkeys([*ours, *theirs]) if name != _PARAMS]
    lines = [_line(name, ours.get(name), theirs.get(name)) for name in names]
    return Diagnosis(refusal, (*lines, _line(_PARAMS, said.params, theirs.get(_PARAMS, ""))), cause)


def _refusal(request: Message, body: bytes, keys: KeyFinder, now: float) -> SignatureInvalid | None:
    try:
        MessageVerifier(keys).request(request, body, now=now)
    except SignatureInvalid as error:
        return error
    return None


def _ours(request: Message, body: bytes) -> dict[str, str | None]:
    """The lines that the profile demands of this message; None where it lacks what must be covered."""
    headers = {name: value for name, value in request.headers.items() if name != "content-digest"}
    if body:
        headers["content-digest"] = ""
    return {name: _value(name, request) for name in request_components(request.method, headers)}


def _value(component: str, request: Message) -> str | None:
    try:
        return signature_base((component,), request, "").partition(": ")[2].partition("\n")[0]
    except SignatureInvalid:
        return None


def _lines(base: str) -> dict[str, str]:
    pairs = (line.rstrip("\r").partition(": ") for line in base.split("\n") if line.strip())
    return {name: value for name, _, value in pairs}


def _line(component: str, expected: str | None, found: str | None) -> Line:
    differs = expected != found if found else expected is None or found is None
    return Line(component, _shown(component, expected), _shown(component, found), differs)


def _shown(component: str, value: str | None) -> str | None:
    return masked_base(f"{component}: {value}").partition(": ")[2] if value else value


def _form(base: str) -> str | None:
    """What is wrong with a base whatever its lines say."""
    if "\r" in base:
        return "its lines end in CR LF; they must be joined by LF alone"
    if base.endswith("\n"):
        return "it ends in a line break; there must be none after the last line"
    if not base.rpartition("\n")[2].startswith(_PARAMS):
        return f"its last line is not {_PARAMS}"
    return None


def _tried(request: Message, key: VerifyKey | None, said: Input) -> tuple[dict[str, str], str | None]:
    """The component that holds when changed, with the value that was signed, and the fault in words."""
    if key is None:
        return {}, None
    signature = read_signature(request.headers.get("signature"), LABEL)
    values = {name: _value(name, request) or "" for name in said.components}

    def base(changed: Mapping[str, str]) -> str:
        lines = {**values, **changed, _PARAMS: said.params}
        return "\n".join(f"{name}: {value}" for name, value in lines.items())

    def holds(text: str, written: bytes = signature) -> bool:
        return key.holds(text.encode(errors="replace"), written)

    usual = base({})
    wrong_forms = {
        "its lines were joined by CR LF instead of LF": usual.replace("\n", "\r\n"),
        "a line break was signed after the last line": usual + "\n",
        f"the line {_PARAMS} was not signed": usual.rpartition("\n")[0],
        f"the label was signed as part of {_PARAMS}": usual.replace(f"{_PARAMS}: ", f"{_PARAMS}: {LABEL}="),
    }
    for cause, text in wrong_forms.items():
        if holds(text):
            return {}, cause
    if key.algorithm == "ecdsa-p256-sha256" and holds(usual, _out_of_der(signature)):
        return {}, "the ECDSA signature is in DER; it must be its two numbers side by side, 64 bytes"
    for name, value in values.items():
        for other in _variants(name, value):
            if holds(base({name: other})):
                return {name: other}, f"{name} was another when it was signed"
    return {}, None


def _out_of_der(signature: bytes) -> bytes:
    try:
        return raw_ecdsa(signature)
    except (ValueError, OverflowError):
        return b""


def _variants(component: str, value: str) -> Iterator[str]:
    """What proxies, frameworks and first implementations make of a value."""
    if component == '"@method"':
        yield value.lower()
        yield from _METHODS
    elif component == '"@target-uri"':
        yield from _targets(value)
    elif component == '"content-type"':
        kind = value.partition(";")[0].strip()
        yield from (kind, f"{kind}; charset=utf-8", f"{kind};charset=utf-8", f"{kind}; charset=UTF-8", kind.lower())
    elif component == '"authorization"':
        scheme, _, token = value.partition(" ")
        yield from (token, f"{scheme.lower()} {token}", f"{scheme.title()} {token}")
    yield from ("", value.lower(), value.upper(), f'"{value}"', value.strip('"'), " ".join(value.split()))


def _targets(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    hosts = {parts.netloc, parts.hostname or "", f"{parts.hostname}:443", f"{parts.hostname}:80"}
    paths = {parts.path, parts.path.rstrip("/"), f"{parts.path}/", unquote(parts.path), quote(parts.path, safe="/%")}
    queries = {parts.query, "", unquote(parts.query), parts.query.replace("+", "%20"), parts.query.replace("%20", "+")}
    for scheme in ("https", "http"):
        for host in sorted(hosts):
            for path in sorted(paths):
                for query in sorted(queries):
                    yield parts._replace(scheme=scheme, netloc=host, path=path, query=query).geturl()
    yield parts.path or "/"
    yield f"{parts.path}?{parts.query}"
