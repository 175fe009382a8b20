"""What is sent: JSON, multipart, files. Every body can be sent again from its beginning and never shows its content."""

from __future__ import annotations

import hashlib
import json
import mimetypes
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, Never, Self

from pydantic_core import PydanticSerializationError, to_json

from egov_serang.core.call import invalid
from egov_serang.types import Nik, NoKk, Npwp

_PIECE: Final = 64 * 1024
_MAGIC: Final = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"%PDF-", "application/pdf"))


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


def given(**fields: Any) -> dict[str, Any]:
    """A JSON object of the fields that were given: None means not given."""
    return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True, slots=True, repr=False)
class File:
    """A file to send: bytes, or a path that is read in pieces of 64 KiB, anew at every attempt.

    Args:
        source: the bytes, or where they are.
        filename: the name the service sees; a path's own name by default.
        media_type: such as `image/jpeg`; guessed from the name, or from how bytes begin, by default.

    Raises:
        Invalid: there is no such file, or it is not readable; nothing was sent.
    """

    source: bytes | Path
    filename: str = ""
    media_type: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.source, Path):
            if not self.source.is_file() or not os.access(self.source, os.R_OK):
                raise invalid("file", f"there is no readable file named {self.source.name}", "file")
            if not self.filename:
                object.__setattr__(self, "filename", self.source.name)
        if not self.media_type:
            guess = mimetypes.guess_type(self.filename)[0] or self._sniff()
            object.__setattr__(self, "media_type", guess)
        if not self.filename:
            object.__setattr__(self, "filename", "file" + (mimetypes.guess_extension(self.media_type) or ""))

    @classmethod
    def of(cls, source: Self | bytes | str | Path) -> File:
        """A file from whatever names one: a path as text, a `Path`, bytes, or a `File` as it is."""
        if isinstance(source, File):
            return source
        return cls(Path(source) if isinstance(source, str) else source)

    def _sniff(self) -> str:
        start = b"" if isinstance(self.source, Path) else self.source[:16]
        return next((kind for magic, kind in _MAGIC if start.startswith(magic)), "application/octet-stream")

    @property
    def length(self) -> int:
        return len(self.source) if isinstance(self.source, bytes) else self.source.stat().st_size

    def chunks(self) -> Iterator[bytes]:
        if isinstance(self.source, bytes):
            for start in range(0, len(self.source), _PIECE):
                yield self.source[start : start + _PIECE]
        else:
            with self.source.open("rb") as file:
                yield from _pieces(file)

    def __repr__(self) -> str:
        return f"<File {self.media_type}>"


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


@dataclass(frozen=True, slots=True, repr=False)
class Multipart:
    """A form with files (RFC 7578), streamed.

    Its boundary is made from the content's own hash: equal forms are equal bytes, so a flow that is run again with its
    key is recognised as the same request, and no file can hold the boundary it will be sent with.
    """

    files: tuple[tuple[str, File], ...]
    fields: tuple[tuple[str, str], ...] = ()
    _made: list[str] = field(default_factory=list[str], compare=False)

    @property
    def content_type(self) -> str:
        return f"multipart/form-data; boundary={self._boundary}"

    @property
    def _boundary(self) -> str:
        if not self._made:
            content = hashlib.sha256(repr(self.fields).encode())
            for name, file in self.files:
                content.update(repr((name, file.filename, file.media_type, file.length)).encode())
                for piece in file.chunks():
                    content.update(piece)
            self._made.append(content.hexdigest())
        return self._made[0]

    @property
    def length(self) -> int:
        heads = sum(len(part) for part in self._field_parts())
        files = sum(len(self._file_head(name, file)) + file.length + 2 for name, file in self.files)
        return heads + files + len(self._end())

    def chunks(self) -> Iterator[bytes]:
        yield from self._field_parts()
        for name, file in self.files:
            yield self._file_head(name, file)
            yield from file.chunks()
            yield b"\r\n"
        yield self._end()

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
