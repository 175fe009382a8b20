"""Following a key file: who replaces the file changes the key of a running client.

The new key signs from the next second on; what was signed before with the old one still arrives, so the gateway has to
know both for a while. Source: contract-v1 section 1 (window and skew).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, MutableMapping
from pathlib import Path
from typing import Final, Generic, TypeVar

from egov_serang.core import forks
from egov_serang.errors import ConfigError
from egov_serang.signing.profiles import SignatureProfile

T = TypeVar("T")

_EVERY: Final = 1.0

logger = logging.getLogger("egov_serang.keys")

Mark = tuple[int, int, int]


class Followed(Generic[T]):
    """What is made of a file, made anew when another file stands in its place.

    While the new file cannot be read, or is no key, what was made before stays in use and a warning is logged.

    Args:
        file: to look at, at most once a second.
        make: makes it.

    Raises:
        ConfigError: it cannot be made in the first place.
    """

    def __init__(self, file: Path, make: Callable[[], T]) -> None:
        self._file, self._make = file, make
        self._looking = forks.lock()
        self._mark = _mark(file)  # taken before reading: a replacement in between is noticed at the next look
        self._complained: Mark | None = None
        self._looked = float("-inf")
        self._made = make()

    def current(self, at: float) -> T:
        """What is in use now.

        Args:
            at: seconds since the epoch; the clock may be set back.
        """
        # Others go on with what there is, while one looks.
        if abs(at - self._looked) >= _EVERY and self._looking.acquire(blocking=False):
            try:
                self._looked = at
                self._look()
            finally:
                self._looking.release()
        return self._made

    @property
    def latest(self) -> T:
        """What was in use last."""
        return self._made

    def _look(self) -> None:
        mark = _mark(self._file)
        if mark is None or mark == self._mark:
            return
        try:
            self._made = self._make()
        except ConfigError as error:
            if mark != self._complained:
                logger.warning("%s was replaced and cannot be used, the key before it stays: %s", self._file, error)
            self._complained = mark
        else:
            self._mark = mark
            logger.info("%s was replaced: the new key is in use", self._file)


class FollowingProfile:
    """A signature profile that follows its key file.

    Args:
        file: the key file.
        make: makes the profile.

    Raises:
        ConfigError: it cannot be made in the first place.
    """

    def __init__(self, file: Path, make: Callable[[], SignatureProfile]) -> None:
        self._followed = Followed(file, make)

    def digest(self, chunks: Iterable[bytes]) -> str:
        """See `SignatureProfile`."""
        return self._followed.latest.digest(chunks)  # of the body alone, whichever key signs

    def sign(self, method: str, url: str, headers: MutableMapping[str, str], *, digest: str | None, at: float) -> None:
        """See `SignatureProfile`."""
        self._followed.current(at).sign(method, url, headers, digest=digest, at=at)


def _mark(file: Path) -> Mark | None:
    """What tells one state of a file from another; None while there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
