"""What of an exchange may stand in a cassette: an allow-list, by the rule that decides what a model's `repr` shows."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple, cast, get_args, get_origin

from egov_serang import models
from egov_serang.model import Model, is_shown
from egov_serang.testing.tape import Asked, Mac, object_of

_NUMBER: Final = 1  # a score begins at 1, nothing of ours ends below
_SHORTEST: Final = 3
_CONTROL: Final = frozenset({"limit", "retry_after_s", "retryable"})
_WORDS: Final = frozenset(
    {
        *("subject", "nik", "no_kk", "matching", "purpose", "consent", "recipient", "personalisation", "location"),
        *("comment", "reason_code", "forward_to", "data", "cursor", "next_cursor", "errors", "title", "detail", "type"),
        *("allowed_actions", "trace_id", "pointer", "content", "media_ids", "radius", *_CONTROL),
    }
)
"""Names of the contract that no model declares."""
_ROUTES: Final = frozenset(
    {
        *("v1", ".well-known", "smartcity-gateway", "identity", "complaints", "permits", "notifications", "services"),
        *("verifications", "cases", "media", "transitions", "types", "applications", "documents", "submit", "fees"),
        *("licences", "templates", "messages", "cancel", "civil-services", "announcements", "history", "result"),
        *("updates", "changes", "tokens", "duplicate-checks", "statistics", "events", "subscriptions", "log", "rotate"),
        *("uploads", "parts"),
    }
)
"""Words of the contract's routes; any other part of a path may be an id that somebody chose."""
_PERSONAL: Final = re.compile(
    r"(?<!\d)\d{13,}(?!\d)"  # NIK, KK, NPWP, NIB, plain
    r"|(?<!\d)\d{4}(?:[ .-]\d{4}){3}(?!\d)|(?<!\d)\d{6}[ .-]\d{6}[ .-]\d{4}(?!\d)"  # the same as people write them
    r"|(?<!\w)(?:\+?62|0)[ -]?8\d(?:[ .-]?\d){6,11}(?!\w)"  # mobile numbers
    r"|[^\s@]+@[^\s@]+\.[^\s@]+"
    r"|eyJ[\w-]{5,}|-----BEGIN|(?i:bearer|basic) \S+"
)
_OPAQUE: Final = re.compile(r"[a-z]{2,8}_(?=[0-9]*[a-f])[0-9a-f]{16,64}")
"""An id from a random source, such as `cmp_8198996340660ad6e5d6`: of many, some hold 13 digits in a row by chance."""
_CODE: Final = re.compile(r"[a-z_]{1,40}")
_VERSION_TAG: Final = re.compile(r'(?:W/)?"\d{1,9}"')
_HEADERS: Final = ("retry-after", "idempotency-replayed")
_FORMATS: Final = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ].+"), "1970-01-01T00:00:00Z"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "1970-01-01"),
    (re.compile(r"[A-Z]{3}"), "XXX"),  # ISO 4217's code for no currency
    (re.compile(r"-?\d{1,16}\.\d{1,8}"), "0.00"),
    (re.compile(r"\+[1-9]\d{6,14}"), "+620000000000"),
)


class _Names(NamedTuple):
    """Names of fields our models declare, and those of them that hold an object whose names somebody else chose."""

    declared: frozenset[str]
    open: frozenset[str]


def _names() -> _Names:
    for module in pkgutil.iter_modules(models.__path__, models.__name__ + "."):
        importlib.import_module(module.name)
    declared, open_ = set(_WORDS), {"personalisation", "matching"}
    pending: list[type[Model]] = [Model]
    while pending:
        kind = pending.pop()
        pending.extend(kind.__subclasses__())
        for name, field in kind.model_fields.items():
            declared.add(name)
            if any(get_origin(part) is dict for part in (field.annotation, *get_args(field.annotation))):
                open_.add(name)
    return _Names(frozenset(declared), frozenset(open_))


class Redactor:
    """Turns the exchanges of one recording into what may be written down. Equal values get equal masks.

    Args:
        keep: names of further fields whose content is public, such as `service_name`.
        mac: keyed digest of a value, by which a changed one is recognised; None without a key.
    """

    def __init__(self, keep: Collection[str], mac: Mac | None) -> None:
        self._keep = frozenset(keep)
        names = _names()
        self._named, self._open = names.declared | self._keep, names.open
        self._mac = mac
        self._masks: dict[str, str] = {}
        self._public: set[str] = set()
        self._sent: dict[str | float, list[int]] = {}
        self._secrets: set[str] = set()

    def request(self, number: int, asked: Asked) -> dict[str, Any]:
        """What identifies a request: values in clear where their name is shown, else their kind and digest."""
        tag = asked.if_match
        shape = {
            "method": asked.method,
            "path": [self._step(step) for step in asked.path],
            "query": self._asked(asked.query),
            "if_match": tag if _VERSION_TAG.fullmatch(tag) else self._leaf("", tag),
            "body": self._asked(asked.body),
        }
        for place, leaf in enumerate(asked.leaves()):
            said = isinstance(leaf, str) and len(leaf) >= _SHORTEST and leaf not in self._public
            if said or isinstance(leaf, float):
                self._sent[leaf] = [number, place]
        return shape

    def hide(self, secret: str) -> None:
        """A secret that a request carried is masked wherever an answer repeats it, as its other values are."""
        if len(secret) >= _SHORTEST:
            self._secrets.add(secret.casefold())

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The few headers of an answer that mean something to a client and nothing about a person."""
        kept = {name: headers[name] for name in _HEADERS if name in headers and len(headers[name]) < 32}  # noqa: PLR2004
        if _VERSION_TAG.fullmatch(headers.get("etag", "")):
            kept["etag"] = headers["etag"]
        kept["content-type"] = headers.get("content-type", "").partition(";")[0]
        return {name: value for name, value in kept.items() if value and not _PERSONAL.search(value)}

    def answer(self, value: Any, name: str = "", *, public: bool = False, closed: bool = True) -> Any:
        """A JSON answer with everything masked that is not shown; what the client itself sent points to where.

        Args:
            value: the answer, or a part of it.
            name: of the part, where it decides what is shown.
            public: whether the part is below a name of `keep`.
            closed: whether the names of its fields are ours.
        """
        fields = object_of(value)
        if fields is not None:
            strange = [] if public else self._strange(fields)
            return {
                f"field_{strange.index(key) + 1}" if key in strange else key: self.answer(
                    item,
                    key if closed or key in self._keep else "",
                    public=public or key in self._keep,
                    closed=closed and key in self._named - self._open,
                )
                for key, item in fields.items()
            }
        if isinstance(value, list):
            items = cast("list[Any]", value)
            return [self.answer(item, name, public=public, closed=closed) for item in items]
        if isinstance(value, str) and " " in value and not public:
            return self._said(
                value, shown=False
            )  # an id, a code, a state, a time has no blanks; a name or sentence has
        return self._told(value, public or self._is_shown(name))

    def _strange(self, fields: Mapping[str, Any]) -> list[str]:
        return sorted(set(fields) - self._named)

    def _is_shown(self, name: str) -> bool:
        return name in self._keep or (name in self._named and (is_shown(name) or name in _CONTROL))

    def _told(self, value: Any, shown: bool) -> Any:
        if isinstance(value, str):
            return self._said(value, shown)
        if value is None or (shown and not _says_who(str(value))):
            return value
        if isinstance(value, bool):
            return False
        if isinstance(value, float):
            return {"$sent": self._sent[value]} if value in self._sent else 0.0
        return _NUMBER

    def _said(self, text: str, shown: bool) -> Any:
        if text in self._sent:
            return {"$sent": self._sent[text]}
        if not shown or self._is_personal(text):
            return self._mask(text)
        self._public.add(text)
        return text

    def _is_personal(self, text: str) -> bool:
        """Whether a text in a shown place says more than it should: a number or address, or what was sent."""
        if _says_who(text):
            return True
        folded = text.casefold()
        if any(secret in folded for secret in self._secrets):
            return True
        said = (sent for sent in self._sent if isinstance(sent, str))
        return not _CODE.fullmatch(text) and any(sent.casefold() in folded for sent in said)

    def _asked(self, value: Any, name: str = "", *, closed: bool = True) -> Any:
        fields = object_of(value)
        if fields is not None:
            strange = self._strange(fields)
            return {
                f"*{strange.index(key)}" if key in strange else key: self._asked(
                    fields[key],
                    key if closed or key in self._keep else "",
                    closed=closed and key in self._named - self._open - {"data"},  # a transition's, filled in by people
                )
                for key in sorted(fields)
            }
        if isinstance(value, list):
            return [self._asked(item, name, closed=closed) for item in cast("list[Any]", value)]
        return self._leaf(name, value)

    def _leaf(self, name: str, value: Any) -> Any:
        text = value if isinstance(value, str) else ""
        if (
            value is None
            or value == ""
            or (self._is_shown(name) and (" " not in text or name in self._keep) and not _says_who(str(value)))
        ):
            self._public.add(text)
            return value
        leaf = {"is": type(value).__name__}
        if text in self._masks:
            leaf["mask"] = self._masks[text]
        if self._mac is not None:
            leaf["mac"] = self._mac(value)
        return leaf

    def _step(self, step: str) -> Any:
        return step if step in _ROUTES or step in self._public else self._leaf("", step)

    def _mask(self, text: str) -> str:
        if not text:
            return text
        if text not in self._masks:
            self._masks[text] = _masked(text, len(self._masks) + 1)
        return self._masks[text]


def _says_who(text: str) -> bool:
    return _PERSONAL.search(text) is not None and _OPAQUE.fullmatch(text) is None


def _masked(text: str, number: int) -> str:
    """A text of the same format, so that models still accept it, and of no other content."""
    if text.isascii() and text.isdecimal():
        return "0" * len(text)
    for format_, mask in _FORMATS:
        if format_.fullmatch(text):
            return mask
    return f"masked-{number}@example.invalid" if "@" in text else f"masked-{number}"
