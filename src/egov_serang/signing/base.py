"""The text that is signed: a pure function of a message and the list of what is covered (RFC 9421 section 2.5)."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import SplitResult, urlsplit

from egov_serang.errors import SignatureInvalid

_COMPONENT: Final = re.compile(r'"(@?[a-z0-9-]+)"((?:;req|;key="[A-Za-z0-9_.*-]+")*)')
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """A request, or an answer with the request it answers.

    Attributes:
        headers: names in lower case; field lines of one name joined by a comma and a blank.
        method: of a request.
        url: the absolute target URI of a request, as sent.
        status: of an answer.
        request: what an answer answers.
    """

    headers: Mapping[str, str]
    method: str = ""
    url: str = ""
    status: int = 0
    request: Message | None = None

    def __repr__(self) -> str:
        return f"<Message {self.method or self.status}>"


def signature_base(components: Iterable[str], message: Message, params: str) -> str:
    """The exact text that is signed.

    Args:
        components: serialised identifiers in order, such as `"@method"` or `"signature";req;key="egov"`.
        message: what is signed.
        params: the value of `@signature-params`, as it stands in Signature-Input.

    Raises:
        SignatureInvalid: the message lacks a component, or the component is none we cover (`@query-param` never is:
            libraries encode it differently, layers.md 1.5).
    """
    lines = [f"{component}: {read(message)}" for component, read in _readers(tuple(components))]
    lines.append(f'"@signature-params": {params}')
    return "\n".join(lines)


@functools.lru_cache(maxsize=64)
def _readers(components: tuple[str, ...]) -> tuple[tuple[str, Callable[[Message], str]], ...]:
    """What reads each component's value: worked out once, since every message of a sender has the same few."""
    return tuple((component, _reader(component)) for component in components)


def _reader(component: str) -> Callable[[Message], str]:
    found = _COMPONENT.fullmatch(component)
    if found is None:
        raise _uncoverable()
    name, flags = found.groups()
    key = flags.partition(';key="')[2].partition('"')[0] or None
    read = _derived(name, component) if name.startswith("@") else _field(name, key, component)
    return _of_request(read, component) if ";req" in flags else read


def _of_request(read: Callable[[Message], str], component: str) -> Callable[[Message], str]:
    def from_request(message: Message) -> str:
        if message.request is None:
            raise _missing(component)
        return read(message.request)

    return from_request


def _field(name: str, key: str | None, component: str) -> Callable[[Message], str]:
    def from_headers(message: Message) -> str:
        value = message.headers.get(name)
        if value is None:
            raise _missing(component)
        value = value.strip(" \t")
        return value if key is None else _member(value, key, component)

    return from_headers


def _derived(name: str, component: str) -> Callable[[Message], str]:
    of_request, of_answer = _OF_REQUESTS.get(name), _OF_ANSWERS.get(name)

    def derived(message: Message) -> str:
        derive = of_answer if message.status else of_request
        if derive is None:
            raise _missing(component)
        return derive(message)

    return derived


def split_target(url: str) -> SplitResult:
    """The parts of a target URI.

    Raises:
        SignatureInvalid: it is none, such as one with half an IPv6 address.
    """
    try:
        return urlsplit(url)
    except ValueError:
        pass
    raise SignatureInvalid("the target is not a URI", code="component_missing")


def _authority(url: str) -> str:
    parts = split_target(url)
    host = parts.netloc.rpartition("@")[2].lower()
    return host.removesuffix(f":{_PORTS.get(parts.scheme.lower())}")


_OF_REQUESTS: Final[Mapping[str, Callable[[Message], str]]] = MappingProxyType(
    {
        "@method": lambda message: message.method,
        "@target-uri": lambda message: message.url,
        "@authority": lambda message: _authority(message.url),
        "@scheme": lambda message: split_target(message.url).scheme.lower(),
        "@path": lambda message: split_target(message.url).path or "/",
        "@query": lambda message: f"?{split_target(message.url).query}",
    }
)
_OF_ANSWERS: Final[Mapping[str, Callable[[Message], str]]] = MappingProxyType(
    {"@status": lambda message: str(message.status)}
)


def _member(value: str, key: str, component: str) -> str:
    """The byte sequence a dictionary field holds under a name; Signature and Content-Digest hold no other kind."""
    found = [part.partition("=")[2] for part in value.split(", ") if part.partition("=")[0] == key]
    if len(found) != 1 or not (found[0].startswith(":") and found[0].endswith(":")):
        raise _missing(component)
    return found[0]


def _missing(component: str) -> SignatureInvalid:
    return SignatureInvalid(f"the message lacks the component {component}", code="component_missing")


def _uncoverable() -> SignatureInvalid:
    return SignatureInvalid("a component is covered that this profile does not know", code="component_unknown")
