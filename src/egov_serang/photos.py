"""Where a photo was taken: offered as the place of a complaint, and removed before it is sent.

Cameras write the point into a JPEG (EXIF, a TIFF file inside the first segments). Only that is touched: the picture
itself, its size and its orientation stay as they are.
"""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from egov_serang.core.file import File, FileSource
from egov_serang.models.complaints import Location

_START: Final = b"\xff\xd8"
_APP1, _SCAN, _END = 0xE1, 0xDA, 0xD9
_EXIF: Final = b"Exif\x00\x00"
_XMP: Final = b"http://ns.adobe.com/xap/1.0/\x00"
_XMP_POINT: Final = b"GPSL"
_GPS_IFD: Final = 0x8825
_LAT_REF, _LAT, _LONG_REF, _LONG = 1, 2, 3, 4
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_LAT_MAX, _LONG_MAX = 90, 180


class _Segment(NamedTuple):
    """A segment of a JPEG: its marker, where it begins in the file (at the 0xFF), and its payload."""

    marker: int
    at: int
    payload: bytes


class _Entry(NamedTuple):
    """An entry of a TIFF directory: where it stands, what it is, and where its value is."""

    at: int
    tag: int
    kind: int
    number: int
    value_at: int


def location_of(photo: FileSource) -> Location | None:
    """Where a photo says it was taken, to offer as the place of a complaint; None where it does not say.

    Args:
        photo: a path, bytes, an open binary file or a `File`; only JPEGs say it in a way that is read here.

    Raises:
        Invalid: the file cannot be read.

    Source: EXIF 2.3 section 4.6.6 (GPS attributes).
    """
    with _opened(File.of(photo)) as file:
        for segment in _segments(file):
            point = _point(segment.payload[len(_EXIF) :]) if segment.payload.startswith(_EXIF) else None
            if point is not None:
                return Location(lat=point[0], long=point[1])
    return None


def without_location(photo: FileSource) -> File:
    """The photo without the place where it was taken: the same bytes where it says none.

    Args:
        photo: a path, bytes, an open binary file or a `File`.

    Raises:
        Invalid: the file cannot be read.

    Source: EXIF 2.3 section 4.6.3 (GPS IFD pointer), XMP specification part 2 (`exif:GPSLatitude`).
    """
    given = File.of(photo)
    with _opened(given) as file:
        base = file.tell()
        found = [segment for segment in _segments(file) if _tells(segment)]
        if not found:
            return given
        file.seek(base)
        content = bytearray(file.read())
    for segment in reversed(found):  # from the end, so that what was found before stays where it is
        at = segment.at - base
        start = at + 4
        if segment.payload.startswith(_EXIF):
            content[start : start + len(segment.payload)] = _EXIF + _cleared(segment.payload[len(_EXIF) :])
        else:
            del content[at : start + len(segment.payload)]
    return File(bytes(content), given.filename, given.media_type, given.progress)


@contextmanager
def _opened(file: File) -> Generator[BinaryIO]:
    """The bytes of a file from where it begins; an open one stands afterwards where it stood."""
    if isinstance(file.source, bytes):
        yield BytesIO(file.source)
    elif isinstance(file.source, str | Path):
        with Path(file.source).open("rb") as stream:
            yield stream
    else:
        stands = file.source.tell()
        try:
            yield file.source
        finally:
            file.source.seek(stands)


def _segments(file: BinaryIO) -> Iterator[_Segment]:
    """The APP1 segments before the picture; none of what is no JPEG."""
    if file.read(2) != _START:
        return
    while True:
        at = file.tell()
        head = file.read(4)
        if len(head) < 4 or head[0] != 0xFF or head[1] in {_SCAN, _END}:  # noqa: PLR2004 - the marker's own form
            return
        payload = file.read(max(0, int.from_bytes(head[2:4], "big") - 2))
        if head[1] == _APP1:
            yield _Segment(head[1], at, payload)


def _tells(segment: _Segment) -> bool:
    if segment.payload.startswith(_EXIF):
        return _pointer(segment.payload[len(_EXIF) :]) is not None
    return segment.payload.startswith(_XMP) and _XMP_POINT in segment.payload


def _order(tiff: bytes) -> str | None:
    return {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])


def _entries(tiff: bytes, order: str, at: int) -> list[_Entry]:
    """The entries of the directory at an offset; none where it does not fit into the file."""
    if at + 2 > len(tiff):
        return []
    (count,) = struct.unpack_from(order + "H", tiff, at)
    if at + 2 + 12 * count > len(tiff):
        return []
    found: list[_Entry] = []
    for place in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind, number = struct.unpack_from(order + "HHI", tiff, place)
        size = _SIZES.get(kind, 1) * number
        inside = size <= 4  # noqa: PLR2004 - TIFF: a value of up to four bytes stands in the entry itself
        value_at: int = place + 8 if inside else struct.unpack_from(order + "I", tiff, place + 8)[0]
        found.append(_Entry(place, tag, kind, number, value_at))
    return found


def _first(tiff: bytes) -> tuple[str, list[_Entry]]:
    order = _order(tiff)
    if order is None or len(tiff) < 8:  # noqa: PLR2004 - the header of a TIFF file
        return "<", []
    return order, _entries(tiff, order, struct.unpack_from(order + "I", tiff, 4)[0])


def _pointer(tiff: bytes) -> _Entry | None:
    """The entry that points to the GPS directory."""
    return next((entry for entry in _first(tiff)[1] if entry.tag == _GPS_IFD), None)


def _gps(tiff: bytes) -> tuple[str, int, list[_Entry]]:
    order, pointer = _first(tiff)[0], _pointer(tiff)
    if pointer is None:
        return order, 0, []
    at: int = struct.unpack_from(order + "I", tiff, pointer.at + 8)[0]
    return order, at, _entries(tiff, order, at)


def _point(tiff: bytes) -> tuple[float, float] | None:
    order, _, entries = _gps(tiff)
    by_tag = {entry.tag: entry for entry in entries}
    lat = _degrees(tiff, order, by_tag.get(_LAT), by_tag.get(_LAT_REF), b"S")
    long = _degrees(tiff, order, by_tag.get(_LONG), by_tag.get(_LONG_REF), b"W")
    if lat is None or long is None or abs(lat) > _LAT_MAX or abs(long) > _LONG_MAX or (lat == 0 and long == 0):
        return None  # cameras without a fix write zeros
    return lat, long


def _degrees(tiff: bytes, order: str, value: _Entry | None, ref: _Entry | None, negative: bytes) -> float | None:
    """Degrees, minutes and seconds, each a fraction of two 32-bit numbers."""
    if value is None or (value.kind, value.number) != (5, 3) or value.value_at + 24 > len(tiff):
        return None
    numbers: tuple[int, ...] = struct.unpack_from(order + "6I", tiff, value.value_at)
    if 0 in numbers[1::2]:
        return None
    degrees, minutes, seconds = (top / bottom for top, bottom in zip(numbers[::2], numbers[1::2], strict=True))
    sign = -1 if ref is not None and tiff[ref.value_at : ref.value_at + 1] == negative else 1
    return round(sign * (degrees + minutes / 60 + seconds / 3600), 7)


def _cleared(tiff: bytes) -> bytes:
    """The same TIFF file, as long as before, without the GPS directory and what it points to."""
    order, at, entries = _gps(tiff)
    pointer = _pointer(tiff)
    if pointer is None:
        return tiff
    cleared = bytearray(tiff)
    for entry in entries:
        size = _SIZES.get(entry.kind, 1) * entry.number
        cleared[entry.value_at : entry.value_at + size] = bytes(len(cleared[entry.value_at : entry.value_at + size]))
    length = 2 + 12 * len(entries) + 4
    cleared[at : at + length] = bytes(len(cleared[at : at + length]))
    # The entries after the pointer move up, and with them the offset of the next directory behind the last entry.
    (first,) = struct.unpack_from(order + "I", tiff, 4)
    (count,) = struct.unpack_from(order + "H", tiff, first)
    end = first + 2 + 12 * count + 4
    cleared[pointer.at : end] = bytes(tiff[pointer.at + 12 : end]) + bytes(12)
    struct.pack_into(order + "H", cleared, first, count - 1)
    return bytes(cleared)
