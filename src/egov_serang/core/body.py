"""What is sent: JSON, forms, multipart. Every body can be sent again from its beginning and never shows its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Never
from urllib.parse import urlencode

from pydantic_core import PydanticSerializationError, to_json

from egov_serang.core.call import invalid
from egov_serang.core.file import File, Mark
from egov_serang.types import Nik, NoKk, Npwp


def _reveal(value: object) -> str:
    """The one place where masked numbers are written in clear: into the body of a request."""
    if isinstance(value, Nik | NoKk | Npwp):
        return value.reveal()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _refuse(constant: str) -> Never:
    raise ValueError(f"JSON has no {constant}")


@dataclass(frozen=True, slots=True, repr=False)
class JsonBody:
    """A JSON document. Numbers of persons in it are objects until the bytes are made.

    Args:
        value: dicts, lists, models, dates, decimals; compared by value, never printed.
    """

    value: Any
    _encoded: list[bytes] = field(default_factory=list[bytes], compare=False)

    content_type = "application/json"

    def content(self) -> bytes:
        """The bytes, the same at every call.

        Raises:
            Invalid: something in it has no JSON form; nothing was sent.
        """
        if not self._encoded:
            try:
                encoded = to_json(self.value, fallback=_reveal)
                if b"NaN" in encoded or b"Infinity" in encoded:  # in a text, or a number that JSON does not have
                    json.loads(encoded, parse_constant=_refuse)
                self._encoded.append(encoded)
            except (PydanticSerializationError, TypeError, ValueError):
                pass  # raised below instead, for this error holds the value
        if not self._encoded:
            raise invalid("body", "holds a value that JSON cannot express", "type")
        return self._encoded[0]

    @property
    def length(self) -> int:
        return len(self.content())

    def chunks(self) -> Iterator[bytes]:
        return iter((self.content(),))

    def __repr__(self) -> str:
        return "<JsonBody>"


@dataclass(frozen=True, slots=True, repr=False)
class FormBody:
    """A form without files, UTF-8 (`application/x-www-form-urlencoded`).

    Args:
        fields: in the order sent; a name may come again. Never printed.
    """

    fields: tuple[tuple[str, str], ...]

    content_type = "application/x-www-form-urlencoded; charset=utf-8"

    def content(self) -> bytes:
        """The bytes, the same at every call.

        Raises:
            Invalid: a text is not valid Unicode; nothing was sent.
        """
        try:
            return urlencode(self.fields).encode()
        except UnicodeEncodeError:
            pass  # raised below instead, for this error holds the text
        raise invalid("body", "holds text that is not valid Unicode", "encoding")

    @property
    def length(self) -> int:
        return len(self.content())

    def with_field(self, name: str, value: str) -> FormBody:
        """The same form with one more field."""
        return FormBody((*self.fields, (name, value)))

    def chunks(self) -> Iterator[bytes]:
        return iter((self.content(),))

    def __repr__(self) -> str:
        return "<FormBody>"


def given(**fields: Any) -> dict[str, Any]:
    """A JSON object of the fields that were given: None means not given."""
    return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True, slots=True, repr=False)
class Multipart:
    """A form with files (RFC 7578), streamed.

    Its boundary is made from the content's own hash: equal forms are equal bytes, so a flow that is run again with its
    key is recognised as the same request, and no file can hold the boundary it will be sent with. The files are read
    for it once, and must be the same at every reading afterwards.
    """

    files: tuple[tuple[str, File], ...]
    fields: tuple[tuple[str, str], ...] = ()
    _read: list[tuple[str, tuple[Mark, ...]]] = field(default_factory=list[tuple[str, tuple[Mark, ...]]], compare=False)

    @property
    def content_type(self) -> str:
        return f"multipart/form-data; boundary={self._boundary}"

    @property
    def length(self) -> int:
        heads = sum(len(part) for part in self._field_parts())
        files = sum(len(self._file_head(name, file)) + mark.size + 2 for name, file, mark in self._marked())
        return heads + files + len(self._end())

    def with_field(self, name: str, value: str) -> Multipart:
        """The same form with one more field, and so another boundary."""
        return Multipart(self.files, (*self.fields, (name, value)))

    def is_still(self) -> bool:
        """Whether nothing says that a file has changed since it was first read."""
        return all(file.is_still(mark) for _, file, mark in self._marked())

    def chunks(self) -> Iterator[bytes]:
        return self._pieces(told=False)

    def transmission(self) -> Iterator[bytes]:
        """The same for one attempt: whoever asked is told how far it is."""
        return self._pieces(told=True)

    def _pieces(self, *, told: bool) -> Iterator[bytes]:
        yield from self._field_parts()
        for name, file, mark in self._marked():
            yield self._file_head(name, file)
            yield from file.marked(mark, file.progress if told else None)
            yield b"\r\n"
        yield self._end()

    @property
    def _boundary(self) -> str:
        return self._known()[0]

    def _marked(self) -> Iterator[tuple[str, File, Mark]]:
        marks = self._known()[1]
        return ((name, file, mark) for (name, file), mark in zip(self.files, marks, strict=True))

    def _known(self) -> tuple[str, tuple[Mark, ...]]:
        if not self._read:
            content = hashlib.sha256(repr(self.fields).encode())
            marks = tuple(file.mark() for _, file in self.files)
            for (name, file), mark in zip(self.files, marks, strict=True):
                content.update(repr((name, file.filename, file.media_type, mark.size, mark.sha256)).encode())
            self._read.append((content.hexdigest(), marks))
        return self._read[0]

    def _field_parts(self) -> Iterator[bytes]:
        for name, value in self.fields:
            head = f'--{self._boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n'
            yield head.encode() + value.encode() + b"\r\n"

    def _file_head(self, name: str, file: File) -> bytes:
        disposition = f'form-data; name="{_quoted(name)}"; filename="{_quoted(file.filename)}"'
        media_type = file.media_type.replace("\r", "").replace("\n", "")
        return (
            f"--{self._boundary}\r\nContent-Disposition: {disposition}\r\nContent-Type: {media_type}\r\n\r\n".encode()
        )

    def _end(self) -> bytes:
        return f"--{self._boundary}--\r\n".encode()

    def __repr__(self) -> str:
        return f"<Multipart {len(self.files)} files>"


def _quoted(text: str) -> str:
    """A name inside quotes as browsers write it (RFC 7578 section 4.2, HTML form submission)."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
