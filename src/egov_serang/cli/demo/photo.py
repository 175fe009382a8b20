"""The picture the story attaches."""

from __future__ import annotations

import struct
import zlib


def photo() -> bytes:
    """A small picture of asphalt with a hole in it: a PNG of 48 x 48 grey pixels."""
    size = 48
    rows = b"".join(
        b"\0" + bytes(40 if (x - 24) ** 2 + (y - 24) ** 2 < 200 else 140 for x in range(size))  # noqa: PLR2004
        for y in range(size)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
