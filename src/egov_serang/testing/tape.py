"""The file of a cassette: how exchanges are written down, compared with a request, and played again."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import unquote

from egov_serang.testing.fake import FakeRequest

FORMAT: Final = 1
_CHECK: Final = "egov-serang cassette"
_LEAST_KEY: Final = 16
_ROOTS: Final = ("/v1/", "/.well-known/")

Mac = Callable[[Any], str]


class CassetteMismatch(AssertionError):
    """The app asked for something else than what was recorded. Names operations and fields, never their values."""


def keyed(key: str | None) -> Mac | None:
    """A digest of single values under a key that never stands in the file; None without a key.

    Raises:
        ValueError: the key is so short that it could be guessed, and the values after it.
    """
    if not key:
        return None
    if len(key) < _LEAST_KEY:
        del key
        raise ValueError(f"the key of a cassette has at least {_LEAST_KEY} characters: openssl rand -hex 32")
    secret = key.encode()
    return lambda value: hmac.new(secret, json.dumps(value).encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """What of a request identifies it: no host, no token, no signature, no key, no id of its own."""

    method: str
    path: list[str]
    query: dict[str, str]
    if_match: str
    body: Any

    @classmethod
    def of(cls, request: FakeRequest, secrets: Collection[str] = ()) -> Asked:
        """Read a request. The gateway's own path prefix is left out; a body that is not JSON stands as its digest.

        Args:
            request: as it was sent.
            secrets: query parameters with these values are left out.
        """
        begins = [at for root in _ROOTS if (at := request.path.find(root)) >= 0]
        path = [unquote(step) for step in request.path[min(begins, default=0) :].strip("/").split("/")]
        kind = request.headers.get("content-type", "").partition(";")[0]
        body: Any = json.loads(request.body) if kind == "application/json" else None
        if request.body and body is None:
            body = {"media_type": kind, "content": hashlib.sha256(request.body).hexdigest()}
        query = {name: value for name, value in request.query.items() if value not in secrets}
        return cls(request.method, path, query, request.headers.get("if-match", ""), body)

    def leaves(self) -> list[Any]:
        """Every value sent, in an order that does not depend on how it was written."""
        return _leaves(self.query) + _leaves(self.body)

    def difference(self, shape: Mapping[str, Any], mac: Mac | None) -> str | None:
        """Where it differs from a recorded shape, as a pointer of names; None where it does not."""
        parts = ((name, getattr(self, name)) for name in ("method", "path", "query", "if_match", "body"))
        return next((at for name, part in parts if (at := _difference(shape[name], part, mac, name)) is not None), None)

    def __repr__(self) -> str:  # pytest prints the arguments of the functions a mismatch comes through
        return f"<Asked {self.method}>"


def object_of(value: Any) -> dict[str, Any] | None:
    """The value as a JSON object, if it is one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _leaves(value: Any) -> list[Any]:
    fields = object_of(value)
    if fields is not None:
        return [leaf for key in sorted(fields) for leaf in _leaves(fields[key])]
    if isinstance(value, list):
        return [leaf for item in cast("list[Any]", value) for leaf in _leaves(item)]
    return [value]


def _difference(recorded: Any, actual: Any, mac: Mac | None, where: str) -> str | None:
    shape = object_of(recorded)
    if shape is not None and "is" in shape and isinstance(shape["is"], str):
        return None if _is_leaf(shape, actual, mac) else where
    if shape is not None:
        return _object_difference(shape, object_of(actual), mac, where)
    if isinstance(recorded, list):
        items, others = cast("list[Any]", recorded), cast("list[Any]", actual)
        if not isinstance(actual, list) or len(items) != len(others):
            return where
        pairs = enumerate(zip(items, others, strict=True))
        return next((d for at, (r, a) in pairs if (d := _difference(r, a, mac, f"{where}/{at}")) is not None), None)
    return None if type(recorded) is type(actual) and recorded == actual else where


def _object_difference(shape: dict[str, Any], fields: dict[str, Any] | None, mac: Mac | None, where: str) -> str | None:
    if fields is None:
        return where
    strange = sorted(name for name in fields if name not in shape)
    for name, recorded in shape.items():
        hidden = name.startswith("*")
        if hidden and int(name[1:]) >= len(strange):
            return where
        if not hidden and name not in fields:
            return f"{where}/{name}"
        key = strange[int(name[1:])] if hidden else name
        found = _difference(recorded, fields[key], mac, f"{where}/{name}")
        if found is not None:
            return found
    return None if len(fields) == len(shape) else where


def _is_leaf(shape: Mapping[str, Any], actual: Any, mac: Mac | None) -> bool:
    if shape["is"] != type(actual).__name__:
        return False
    if "mask" in shape and actual == shape["mask"]:
        return True  # taken from an answer played before
    if mac is not None:
        return hmac.compare_digest(shape["mac"], mac(actual))
    return not (isinstance(actual, str) and actual.startswith("masked-"))


def restored(value: Any, sent: Mapping[int, list[Any]]) -> object:
    """A recorded answer with what the client itself has sent put back in its places."""
    fields = object_of(value)
    if fields is not None and fields.keys() == {"$sent"}:
        number, place = cast("list[int]", fields["$sent"])
        return sent[number][place] if number in sent else "masked"
    if fields is not None:
        return {name: restored(item, sent) for name, item in fields.items()}
    if isinstance(value, list):
        return [restored(item, sent) for item in cast("list[Any]", value)]
    return value


def write(path: Path, exchanges: list[dict[str, Any]], mac: Mac | None) -> None:
    """Write the whole file, or leave the old one as it is."""
    document = {"egov_serang_cassette": FORMAT, "key_check": mac(_CHECK) if mac else None, "exchanges": exchanges}
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
    os.replace(fresh, path)


def read(path: Path, mac: Mac | None) -> list[dict[str, Any]]:
    """The exchanges of a file.

    Raises:
        ValueError: not a cassette, or recorded with another key than this one.
    """
    try:
        document = object_of(json.loads(path.read_text("utf-8"))) or {}
    except OSError as error:
        raise ValueError(
            f"the cassette {path} cannot be read: {error.strerror}; record it with mode='record'"
        ) from None
    except ValueError:
        document = {}
    if document.get("egov_serang_cassette") != FORMAT:
        raise ValueError(f"{path} is not a cassette of this version: record it again with mode='record'")
    check = document.get("key_check")
    if check != (mac(_CHECK) if mac else None):
        wanted = "the key it was recorded with (EGOV_SERANG_CASSETTE_KEY)" if check else "no key"
        raise ValueError(f"the cassette {path} needs {wanted}")
    return cast("list[dict[str, Any]]", document["exchanges"])
