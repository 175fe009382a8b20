"""A download on its way into a file: gone on with only where it fits, whole and private under its name."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egov_serang.core.part import Part
from egov_serang.errors import Invalid

CONTENT = bytes(range(256)) * 40
DIGEST = hashlib.sha256(CONTENT).hexdigest()
TAG = '"v1"'


def left(target: Path, count: int = 4000, *, digest: str = DIGEST, tag: str = TAG) -> Path:
    """What a process leaves that ended after so many bytes."""
    part = Part(target, digest)
    part.begin(tag)
    part.write(CONTENT[:count])
    part.close()
    return part.path


def found(target: Path, size: int | None = None, *, digest: str | None = DIGEST) -> Part:
    """What the next process makes of it."""
    part = Part(target, digest)
    part.take_up(size)
    return part


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_becomes_the_file_in_one_step_for_its_owner_alone(tmp_path: Path) -> None:
    target = tmp_path / "ktp.pdf"
    target.write_bytes(b"older")
    target.chmod(0o644)
    part = Part(target, DIGEST)
    part.begin(TAG)
    part.write(CONTENT)
    assert target.read_bytes() == b"older"
    assert (mode(part.path), mode(tmp_path / "ktp.pdf.part.json")) == (0o600, 0o600)
    part.finish()
    part.close()
    assert (target.read_bytes(), mode(target), names(tmp_path)) == (CONTENT, 0o600, ["ktp.pdf"])


def test_another_process_goes_on_where_one_ended(tmp_path: Path) -> None:
    target = tmp_path / "a"
    left(target)
    part = found(target)
    assert (part.size, part.etag) == (4000, TAG)
    part.mark()
    part.write(CONTENT[4000:])
    assert part.digest.hexdigest() == DIGEST
    part.finish()
    assert target.read_bytes() == CONTENT


@given(st.binary(max_size=300), st.binary(max_size=300), st.binary(max_size=300))
def test_damaged_bytes_are_taken_back_and_digests_follow(one: bytes, bad: bytes, two: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        part = Part(Path(folder) / "a", DIGEST)
        part.begin(TAG)
        part.write(one)
        part.mark()
        part.write(bad)
        part.back()
        part.write(two)
        assert part.size == len(one + two)
        assert part.digest.digest() == hashlib.sha256(one + two).digest()
        part.finish()
        assert (Path(folder) / "a").read_bytes() == one + two


def test_what_is_beyond_is_forgotten(tmp_path: Path) -> None:
    left(tmp_path / "a", len(CONTENT))
    for more in (b"", b"!!"):
        with (tmp_path / "a.part").open("ab") as file:
            file.write(more)
        part = found(tmp_path / "a", len(CONTENT))
        assert part.size == len(CONTENT) - 1
        part.write(CONTENT[-1:])
        assert part.digest.hexdigest() == DIGEST
        part.close()


@pytest.mark.parametrize("note", ["", "[]", "{}", json.dumps({"etag": 7, "sha256": DIGEST}), "\xff"])
def test_a_part_whose_note_says_nothing_is_not_gone_on_with(tmp_path: Path, note: str) -> None:
    left(tmp_path / "a")
    (tmp_path / "a.part.json").write_text(note, encoding="latin-1")
    part = found(tmp_path / "a")
    assert (part.size, part.etag) == (0, None)
    part.close()


def test_a_part_of_another_file_or_without_a_digest_to_check_is_not_gone_on_with(tmp_path: Path) -> None:
    left(tmp_path / "a")
    assert found(tmp_path / "a", digest=hashlib.sha256(b"other").hexdigest()).size == 0
    assert found(tmp_path / "a", digest=None).size == 0
    (tmp_path / "a.part").unlink()
    assert found(tmp_path / "a").size == 0


@pytest.mark.parametrize(("digest", "tag"), [(None, TAG), (DIGEST, None), (DIGEST, 'W/"v1"')])
def test_what_could_not_be_gone_on_with_leaves_nothing(tmp_path: Path, digest: str | None, tag: str | None) -> None:
    part = Part(tmp_path / "a", digest)
    part.begin(tag)
    part.write(CONTENT)
    assert not part.is_kept
    part.close()
    assert names(tmp_path) == []


def test_thrown_away_it_leaves_nothing(tmp_path: Path) -> None:
    left(tmp_path / "a")
    part = found(tmp_path / "a")
    part.discard()
    assert names(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="no locks of whole files there")
def test_two_at_once_are_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    first = Part(tmp_path / "a", DIGEST)
    first.begin(TAG)
    first.write(CONTENT)
    with pytest.raises(Invalid, match=r"another download is writing"):
        found(tmp_path / "a")
    late = Part(tmp_path / "a", None)
    with pytest.raises(Invalid, match="another download"):
        late.begin(None)
    first.finish()
    assert (tmp_path / "a").read_bytes() == CONTENT


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="no such protection there")
def test_a_link_somebody_laid_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    (tmp_path / "a.part").symlink_to(victim)
    with pytest.raises(OSError, match=r"a\.part"):
        Part(tmp_path / "a", DIGEST).begin(TAG)
    assert victim.read_bytes() == b"mine"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none" / "a", Path()):
        with pytest.raises(Invalid):
            Part(path, None)


def test_the_note_holds_versions_and_nothing_else(tmp_path: Path) -> None:
    left(tmp_path / "a")
    assert json.loads((tmp_path / "a.part.json").read_bytes()) == {"etag": TAG, "sha256": DIGEST}
