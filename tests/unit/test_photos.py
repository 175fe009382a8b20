"""Where a photo was taken: read, offered, removed; the picture stays the same."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egov_serang import File
from egov_serang.models.complaints import Location
from egov_serang.photos import location_of, without_location

PICTURE = b"\xff\xdb\x00\x04\x01\x02" + b"\xff\xda\x00\x04\x05\x06" + bytes(range(256)) * 300 + b"\xff\xd9"
XMP = b"http://ns.adobe.com/xap/1.0/\x00<x exif:GPSLatitude='6,6.918S'/>"
SERANG = ((6, 6, 55.08), "S", (106, 9, 1.08), "E")
ORIENTATION, GPS_POINTER, COPYRIGHT = 0x0112, 0x8825, 0x8298


def rational(order: str, numbers: tuple[float, ...]) -> bytes:
    return b"".join(struct.pack(order + "II", round(number * 100), 100) for number in numbers)


def tiff(order: str, point: tuple[tuple[float, ...], str, tuple[float, ...], str] | None) -> bytes:
    """A TIFF file as a camera writes it: an orientation before the GPS directory, a copyright text after it."""
    head = (b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(order + "I", 8)
    rest_at = 8 + 2 + 12 * (2 if point is None else 3) + 4
    text = b"Dinas Uji\x00"
    entries = [struct.pack(order + "HHIHH", ORIENTATION, 3, 1, 6, 0)]
    entries.append(struct.pack(order + "HHII", COPYRIGHT, 2, len(text), rest_at))
    rest = text
    if point is not None:
        gps_at = rest_at + len(text)
        values_at = gps_at + 2 + 12 * 4 + 4
        lat, south, long, east = point
        gps = [
            struct.pack(order + "HHI", 1, 2, 2) + south.encode() + bytes(3),
            struct.pack(order + "HHII", 2, 5, 3, values_at),
            struct.pack(order + "HHI", 3, 2, 2) + east.encode() + bytes(3),
            struct.pack(order + "HHII", 4, 5, 3, values_at + 24),
        ]
        rest += struct.pack(order + "H", 4) + b"".join(gps) + bytes(4) + rational(order, lat) + rational(order, long)
        entries.append(struct.pack(order + "HHII", GPS_POINTER, 4, 1, gps_at))
    return head + struct.pack(order + "H", len(entries)) + b"".join(entries) + bytes(4) + rest


def segment(payload: bytes, marker: int = 0xE1) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload


def jpeg(*payloads: bytes) -> bytes:
    return b"\xff\xd8" + segment(b"JFIF\x00\x01", 0xE0) + b"".join(map(segment, payloads)) + PICTURE


def exif(order: str = "<", point: tuple[tuple[float, ...], str, tuple[float, ...], str] | None = SERANG) -> bytes:
    return b"Exif\x00\x00" + tiff(order, point)


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_place_is_offered(order: str) -> None:
    assert location_of(jpeg(exif(order))) == Location(lat=-6.1153, long=106.1503)
    west = jpeg(exif(order, ((51, 30, 0), "N", (0, 7, 30), "W")))
    assert location_of(west) == Location(lat=51.5, long=-0.125)


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_place_is_removed_and_nothing_else(order: str) -> None:
    photo = jpeg(exif(order), XMP)
    clean = without_location(File(photo, "rumah.jpg"))
    assert isinstance(clean.source, bytes)
    assert (clean.filename, clean.media_type) == ("rumah.jpg", "image/jpeg")
    assert location_of(clean) is None
    assert rational(order, SERANG[0]) not in clean.source
    assert rational(order, SERANG[2]) not in clean.source
    assert b"GPSLatitude" not in clean.source
    assert clean.source.endswith(PICTURE)
    # The other entries, the order they stand in and the text one of them points to are as they were.
    without = tiff(order, None)
    start = clean.source.index(b"Exif\x00\x00") + 6
    (count,) = struct.unpack_from(order + "H", clean.source, start + 8)
    assert count == 2
    assert clean.source[start + 10 : start + 22] == without[10:22]
    assert b"Dinas Uji" in clean.source
    assert without_location(clean) == clean


@pytest.mark.parametrize(
    "content",
    [
        jpeg(exif(point=None)),
        jpeg(),
        b"\x89PNG\r\n\x1a\n" + exif(),
        b"",
        b"\xff\xd8",
        jpeg(b"Exif\x00\x00II*"),
        jpeg(b"http://ns.adobe.com/xap/1.0/\x00<x/>"),
    ],
    ids=["no place", "no EXIF", "PNG", "empty", "cut", "EXIF cut", "XMP without a place"],
)
def test_what_says_no_place_is_sent_as_it_is(content: bytes) -> None:
    file = File(content, "x.jpg")
    assert without_location(file) is file
    assert location_of(file) is None


def test_zeros_are_no_place() -> None:
    assert location_of(jpeg(exif(point=((0, 0, 0), "N", (0, 0, 0), "E")))) is None
    assert location_of(jpeg(exif(point=((96, 0, 0), "N", (5, 0, 0), "E")))) is None


def test_a_file_is_read_only_as_far_as_its_head_unless_it_tells(tmp_path: Path) -> None:
    path = tmp_path / "besar.jpg"
    path.write_bytes(jpeg(exif(point=None)))
    assert without_location(path).source == path
    path.write_bytes(jpeg(exif()))
    assert without_location(path).filename == "besar.jpg"
    assert location_of(path) == location_of(path.read_bytes())
    assert location_of(path) is not None


@given(st.binary(max_size=300), st.integers(0, 400), st.sampled_from("<>"))
def test_no_damage_breaks_it(noise: bytes, at: int, order: str) -> None:
    """Whatever stands in the head of a JPEG: no exception, the picture whole, and what was cleared stays cleared."""
    photo = bytearray(jpeg(exif(order)))
    photo[at : at + len(noise)] = noise
    location_of(bytes(photo))
    clean = without_location(bytes(photo))
    assert without_location(clean) == clean or location_of(clean) is None


@given(st.binary(max_size=120), st.integers(0, 90), st.sampled_from("<>"))
def test_no_damage_inside_exif_breaks_it(noise: bytes, at: int, order: str) -> None:
    inner = bytearray(tiff(order, SERANG))
    inner[at : at + len(noise)] = noise[: max(0, len(inner) - at)]
    photo = jpeg(b"Exif\x00\x00" + bytes(inner))
    clean = without_location(photo)
    assert isinstance(clean.source, bytes)
    assert clean.source.endswith(PICTURE)
    assert location_of(clean) is None
