"""Messages of other signers: any component list, with the defaults http-message-signatures leaves to its caller.

Needs the extra `signatures`. Source: RFC 9421 sections 2 and 3, layers.md 1.3 and 1.7; our own profile is checked by
`MessageVerifier`, which is 30 times faster and needs no extra.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import http_sf

from egov_serang.errors import ConfigError, SignatureInvalid
from egov_serang.signing.algorithms import Signer
from egov_serang.signing.base import Message
from egov_serang.signing.digests import digest_holds
from egov_serang.signing.headers import bounded
from egov_serang.signing.messages import LIFETIME
from egov_serang.signing.nonces import NonceStore
from egov_serang.signing.verifier import SKEW, KeyFinder, Verified

if TYPE_CHECKING:
    from egov_serang.signing.adapter import Library

Allowance = Literal["empty_coverage", "query_param", "uncovered_body"]
"""What is refused unless a caller asks for it. `empty_coverage`: nothing but the parameters is signed. `query_param`:
`@query-param`, which libraries encode in different ways. `uncovered_body`: the signature says nothing of the body."""

_METADATA: Final = frozenset({"created", "expires", "nonce", "keyid", "alg", "tag"})
_DIGEST: Final = ("content-digest", frozenset[Any]())

_Identity = tuple[str, frozenset[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignRules:
    """What is demanded of another signer's messages of one kind.

    Args:
        components: serialised identifiers that must be covered, such as `"@method"` or `"@authority";req`; more may be.
            Of an answer `"@status"` must be among them.
        label: of the one signature that counts; labels are not signed.
        tag: of the one signature that counts. There must be a label or a tag.
        max_age: seconds a signature counts, however late it says it expires.
        skew: seconds the clocks may differ.
        allow: what is let through that is refused by default.

    Raises:
        ConfigError: no components, no label and no tag, or `@query-param`, which `allow` does not name.
    """

    components: tuple[str, ...]
    label: str | None = None
    tag: str | None = None
    max_age: int = LIFETIME
    skew: int = SKEW
    allow: frozenset[Allowance] = field(default_factory=frozenset[Allowance])

    def __post_init__(self) -> None:
        if self.label is None and self.tag is None:
            raise _wrong_rules("neither label nor tag says which signature counts", "Give tag=, or label=")
        if not self.components and "empty_coverage" not in self.allow:
            raise _wrong_rules("no component is demanded", "Name them: components=('\"@method\"', '\"@target-uri\"')")
        names = [name for name, _ in _identities(self.components)]
        if "@query-param" in names and "query_param" not in self.allow:
            raise _wrong_rules("@query-param is encoded differently by different libraries", 'Demand "@query" instead')


class ForeignVerifier:
    """Checks requests and answers of other signers.

    In this order: sizes and form, the one signature that counts, its parameters, coverage, the key and its one
    algorithm, the window, the digest, the signature, and last the nonce. `bs` on a field that was sent in several
    lines cannot be checked: a `Message` holds them joined.

    Args:
        keys: finds a key by its `keyid`, among those this sender may use.
        rules: what is demanded.
        nonces: where nonces are remembered; then every message must have one. Without a store a message can be sent
            again within its window.

    Raises:
        ConfigError: the extra `signatures` is not installed.
    """

    def __init__(self, keys: KeyFinder, rules: ForeignRules, nonces: NonceStore | None = None) -> None:
        self._keys, self._rules, self._nonces = keys, rules, nonces
        self._demanded = _identities(rules.components)
        self._library = _library()

    def verify(self, message: Message, body: bytes, *, now: float) -> Verified:
        """Check a request, or an answer with the request it answers.

        Args:
            message: with `status` for an answer; its `request` is needed for components with `;req`.
            body: its bytes as received; empty for none.
            now: seconds since the epoch.

        Raises:
            SignatureInvalid: with the reason as `code`.
            ConfigError: the rules for an answer do not demand `"@status"`.
        """
        if message.status and ("@status", frozenset()) not in self._demanded:
            raise _wrong_rules("the rules for an answer do not demand @status", "Use rules of their own for answers")
        label, member, signature = self._select(message)
        items, parameters = member
        verified = self._parameters(label, items, parameters)
        self._check_coverage(verified.components, _items(items), body)
        key = self._keys(verified.keyid)
        if key is None:
            raise SignatureInvalid("the keyid is none of this sender's", code="unknown_key")
        if parameters.get("alg", key.algorithm) != key.algorithm:
            raise SignatureInvalid("the algorithm is not the one this key may be used with", code="algorithm")
        end = self._check_window(verified, now)
        digest = message.headers.get("content-digest")
        if (body and "uncovered_body" not in self._rules.allow) or digest is not None:
            _check_digest(bounded(digest, "Content-Digest"), body)
        one = {"signature-input": http_sf.ser({label: member}), "signature": http_sf.ser({label: signature})}
        self._library.check(message, one, key)
        self._check_nonce(verified, now, end + self._rules.skew + 1)
        return Verified(label, verified.keyid, key.algorithm, *_times(verified))

    def _select(self, message: Message) -> tuple[str, Any, Any]:
        """The one signature with our label and tag: its input, and its value."""
        inputs = _dictionary(message, "Signature-Input")
        values = _dictionary(message, "Signature")
        rules = self._rules
        found = [
            label
            for label, (_, parameters) in inputs.items()
            if rules.label in (None, label) and rules.tag in (None, parameters.get("tag"))
        ]
        if len(found) != 1:
            how = "no signature has" if not found else "several signatures have"
            raise SignatureInvalid(f"{how} the label and tag that were asked for", code="tag")
        (label,) = found
        if not isinstance(inputs[label][0], list) or not isinstance(values.get(label, ("",))[0], bytes):
            raise SignatureInvalid("the signature or its input is not of its kind", code="signature_malformed")
        return label, inputs[label], values[label]

    def _parameters(self, label: str, items: list[Any], parameters: Mapping[str, Any]) -> Verified:
        created, expires = parameters.get("created"), parameters.get("expires")
        keyid, nonce = parameters.get("keyid"), parameters.get("nonce")
        known = set(parameters) <= _METADATA
        if (
            not known
            or type(created) is not int
            or not isinstance(keyid, str)
            or type(expires) not in (int, type(None))
        ):
            raise SignatureInvalid("its parameters lack created or keyid, or are of no known kind", code="parameters")
        if (nonce is None and self._nonces is not None) or not isinstance(nonce, str | None):
            raise SignatureInvalid("it has no nonce, and nonces are checked", code="parameters")
        components = tuple(http_sf.ser(item) for item in items)
        return Verified(label, keyid, "", created, expires, nonce, components)

    def _check_coverage(self, components: tuple[str, ...], covered: list[_Identity], body: bytes) -> None:
        rules = self._rules
        lacking = [text for text, one in zip(rules.components, self._demanded, strict=True) if one not in covered]
        if body and _DIGEST not in covered and "uncovered_body" not in rules.allow:
            lacking.append('"content-digest"')
        if lacking:
            raise SignatureInvalid(
                "the signature does not cover what is demanded of this message",
                code="coverage",
                expected=(*rules.components, *(text for text in lacking if text not in rules.components)),
                found=components,
            )
        if any(name == "@query-param" for name, _ in covered) and "query_param" not in rules.allow:
            raise SignatureInvalid(
                "@query-param is covered, which libraries encode differently", code="component_unknown"
            )

    def _check_window(self, verified: Verified, now: float) -> int:
        """When it ends, the skew not counted."""
        end = verified.created + self._rules.max_age
        if verified.expires is not None:
            if verified.expires < verified.created:
                raise SignatureInvalid("it expires before it was made", code="window")
            end = min(end, verified.expires)
        if not verified.created - self._rules.skew <= now <= end + self._rules.skew:
            raise SignatureInvalid("it was made too early or too late", code="clock_skew", hint="Compare the clocks")
        return end

    def _check_nonce(self, verified: Verified, now: float, until: float) -> None:
        nonces = self._nonces
        if nonces is not None and not nonces.first_time(verified.keyid, str(verified.nonce), now=now, until=until):
            raise SignatureInvalid("this nonce was used before", code="nonce_replayed")


class ForeignSigner:
    """Signs messages for receivers who want another component list than our profile's.

    Args:
        signer: holds the key.
        components: serialised identifiers to cover, in order; with a body `"content-digest"` is added.
        label: the signature's name.
        tag: what the signature is for, where the receiver wants one.
        lifetime: seconds until it expires.

    Raises:
        ConfigError: no components, `@query-param`, or the extra `signatures` is not installed.
    """

    def __init__(
        self,
        signer: Signer,
        *,
        components: tuple[str, ...],
        label: str,
        tag: str | None = None,
        lifetime: int = LIFETIME,
    ) -> None:
        ForeignRules(components=components, label=label, tag=tag)
        self._signer, self._components, self._label, self._tag = signer, components, label, tag
        self._lifetime = lifetime
        self._library = _library()

    def sign(self, message: Message, body: bytes, *, created: int) -> dict[str, str]:
        """The headers to add to a message; with signatures it already has, theirs are kept.

        Args:
            message: a request, or an answer with the request it answers.
            body: its final bytes; empty for none.
            created: seconds since the epoch.

        Raises:
            SignatureInvalid: the message lacks a component or cannot be signed (`component_missing`).
        """
        return self._library.sign(
            message,
            body,
            self._signer,
            components=self._components,
            label=self._label,
            tag=self._tag,
            created=created,
            expires=created + self._lifetime,
        )


def _library() -> Library:
    """What builds and checks, if it is installed."""
    try:
        from egov_serang.signing.adapter import Library  # noqa: PLC0415 - the extra `signatures`
    except ImportError:
        pass
    else:
        return Library()
    raise ConfigError(
        "messages of other signers need http-message-signatures, which is not installed",
        code="extra_missing",
        hint="pip install 'egov-serang[signatures]'",
    )


def _check_digest(digest: str, body: bytes) -> None:
    # Blanks around the commas are a matter of taste; ours is one behind each.
    if not digest_holds(", ".join(part.strip(" \t") for part in digest.split(",")), body):
        raise SignatureInvalid("Content-Digest does not hold for the body", code="digest")


def _dictionary(message: Message, name: str) -> dict[str, tuple[Any, dict[str, Any]]]:
    text = bounded(message.headers.get(name.lower()), name)
    twice: list[str] = []

    def note(key: str, context: str) -> None:
        twice.append(f"{context} {key}")

    try:
        found: Any = http_sf.parse(text.encode(), tltype="dictionary", on_duplicate_key=note)
    except (ValueError, KeyError):
        found = None
    if found is None or twice:
        raise SignatureInvalid(f"{name} is no dictionary, or names something twice", code="signature_malformed")
    return cast("dict[str, tuple[Any, dict[str, Any]]]", found)


def _identities(components: Iterable[str]) -> list[_Identity]:
    """Names with their parameters, in whatever order those are written (RFC 9421 section 2)."""
    try:
        return _items([http_sf.parse(component.encode(), tltype="item") for component in components])
    except (ValueError, SignatureInvalid):
        pass
    raise _wrong_rules("a component is not a serialised identifier", "With quotes: '\"@method\"', '\"date\"'")


def _items(items: Iterable[Any]) -> list[_Identity]:
    found: list[_Identity] = []
    for name, parameters in items:
        if not isinstance(name, str):
            raise SignatureInvalid("a component is no text", code="signature_malformed")
        found.append((name, frozenset(parameters.items())))
    return found


def _times(verified: Verified) -> tuple[int, int | None, str | None, tuple[str, ...]]:
    return verified.created, verified.expires, verified.nonce, verified.components


def _wrong_rules(why: str, hint: str) -> ConfigError:
    return ConfigError(why, code="signature_rules", hint=hint)
