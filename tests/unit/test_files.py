"""Files to send: whatever names one, the same at every reading or refused, and how far an attempt is."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egov_serang.core.body import Multipart
from egov_serang.core.file import File, Progress
from egov_serang.core.message import TransportFault
from egov_serang.core.sending import Sending
from egov_serang.errors import Invalid

LONG = bytes(range(256)) * 1000  # four pieces of 64 KiB


def form(file: File) -> Multipart:
    return Multipart((("file", file),), (("kind", "ktp"),))


def transmitted(body: Multipart) -> bytes:
    return b"".join(Sending(body, "no").chunks())


def _spooled(data: bytes) -> BinaryIO:
    stream = cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=10))  # noqa: SIM115 - closed with the test
    stream.write(data)
    stream.seek(0)
    return stream


@pytest.mark.parametrize("make", [io.BytesIO, _spooled])
def test_an_open_file_is_sent_from_where_it_stands_as_often_as_it_takes(make: Callable[[bytes], BinaryIO]) -> None:
    stream = make(b"skipped" + LONG)
    stream.seek(len("skipped"))
    file = File(stream, "a.bin")
    stream.read(99)  # whoever else reads it in between
    assert file.length == len(LONG)
    assert b"".join(file.chunks()) == b"".join(file.chunks()) == LONG
    body = form(file)
    assert transmitted(body) == b"".join(body.chunks())
    assert not stream.closed, "it stays the caller's to close"
    stream.close()


def test_an_open_file_has_the_name_of_its_path_and_a_type_by_name_or_by_how_it_begins(tmp_path: Path) -> None:
    (tmp_path / "ktp.pdf").write_bytes(b"x")
    (tmp_path / "scan").write_bytes(b"\x89PNG\r\n\x1a\n...")
    with (tmp_path / "ktp.pdf").open("rb") as pdf, (tmp_path / "scan").open("rb") as scan:
        assert (File.of(pdf).filename, File.of(pdf).media_type) == ("ktp.pdf", "application/pdf")
        assert (File.of(scan).filename, File.of(scan).media_type) == ("scan", "image/png")
    assert File(tmp_path / "scan").media_type == "image/png"
    assert File(io.BytesIO(b"\xff\xd8\xff...")).filename == "file.jpg"
    assert File(str(tmp_path / "ktp.pdf")).source == tmp_path / "ktp.pdf"


def _pipe() -> Any:
    reader, writer = os.pipe()
    os.write(writer, b"x")
    os.close(writer)
    return os.fdopen(reader, "rb")


def _closed() -> Any:
    stream = io.BytesIO(b"x")
    stream.close()
    return stream


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (_pipe, "no retry could send it again"),
        (lambda: io.StringIO("x"), "no binary file"),
        (_closed, "closed"),
        (lambda: 7, "none of path, bytes"),
        (lambda: None, "none of path, bytes"),
    ],
)
def test_what_cannot_be_sent_twice_is_refused_before_anything_is_sent(make: Callable[[], Any], why: str) -> None:
    source = make()
    with pytest.raises(Invalid) as caught:
        File.of(source)
    assert why in str(caught.value)
    assert caught.value.sent == "no"
    if hasattr(source, "close"):
        source.close()


async def _later(sent: int, total: int) -> None:
    raise AssertionError("never called")


@pytest.mark.parametrize("wrong", [_later, 7])
def test_progress_must_be_callable_now(wrong: Any) -> None:
    with pytest.raises(Invalid, match="plain function"):
        File(b"x", progress=cast("Progress", wrong))


@given(st.binary(max_size=200_000))
def test_progress_counts_every_byte_and_only_of_transmissions(content: bytes) -> None:
    told: list[tuple[int, int]] = []
    body = form(File(content, "a", "text/plain", lambda *now: told.append(now)))
    whole = b"".join(body.chunks())
    assert told == [], "reading for a hash or a signature is no transmission"
    for _ in range(2):
        told.clear()
        assert transmitted(body) == whole
        assert told[0] == (0, len(content))
        assert told[-1] == (len(content), len(content))
        assert [now for now, _ in told] == sorted({now for now, _ in told})


def test_a_piece_counts_when_the_next_one_is_fetched() -> None:
    told: list[int] = []
    pieces = iter(Sending(form(File(LONG, progress=lambda now, _: told.append(now))), "no").chunks())
    for piece in pieces:
        if len(piece) == 65536:
            break
    assert told == [0]
    next(pieces)
    assert told == [0, 65536]


def _longer(path: Path) -> None:
    path.write_bytes(LONG + b"!")


def _shorter(path: Path) -> None:
    path.write_bytes(LONG[:-1])


def _other(path: Path) -> None:
    path.write_bytes(LONG[:-1] + b"!")


CHANGES = pytest.mark.parametrize("change", [_longer, _shorter, _other, Path.unlink])


@CHANGES
@pytest.mark.parametrize("before", ["no", "maybe"])
def test_a_file_that_changed_between_attempts_begins_no_other(
    tmp_path: Path, change: Callable[[Path], object], before: Any
) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(LONG)
    body = form(File(path))
    transmitted(body)
    change(path)
    with pytest.raises(Invalid) as caught:
        Sending(body, before)
    assert (caught.value.code, caught.value.sent) == ("file_changed", before)


@CHANGES
def test_a_change_that_no_stamp_shows_is_found_before_the_end_is_sent(
    tmp_path: Path, change: Callable[[Path], object]
) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(LONG)
    body = form(File(path))
    whole = b"".join(body.chunks())
    sending = Sending(body, "no")
    change(path)
    arrived: list[bytes] = []
    with pytest.raises(TransportFault) as caught:
        arrived.extend(sending.chunks())
    assert (caught.value.kind, caught.value.permanent) == ("source", True)
    assert len(b"".join(arrived)) < len(whole), "the service must never hold a whole form that is none"
    assert isinstance(sending.failure, Invalid)
    assert sending.failure.sent == "maybe"


def test_an_open_file_that_was_rewritten_or_closed_is_found_too() -> None:
    stream = io.BytesIO(LONG)
    body = form(File(stream))
    assert transmitted(body)
    stream.seek(10)
    stream.write(b"!")
    codes: list[str | None] = []
    for _ in range(2):
        sending = Sending(body, "no")
        with pytest.raises(TransportFault):
            list(sending.chunks())
        codes.append(cast("Invalid", sending.failure).code)
        stream.close()
    assert codes == ["file_changed", "validation_failed"]


@pytest.mark.parametrize("error", [BrokenPipeError(), TimeoutError(), RuntimeError("enough")])
def test_what_progress_raises_stays_what_it_is(error: Exception) -> None:
    def tell(sent: int, total: int) -> None:
        if sent:
            raise error

    sending = Sending(form(File(LONG, progress=tell)), "no")
    with pytest.raises(TransportFault) as caught:
        list(sending.chunks())
    assert caught.value.kind == "source"
    assert sending.failure is error
