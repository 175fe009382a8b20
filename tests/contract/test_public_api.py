"""The public API does not change unannounced, and what breaks users is told from what does not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from tests.contract import public_api
from tests.scale import long

GET = "    @operation\n    def get(self, complaint_id: str) -> Call[Complaint]:"
PLANTED = {
    "a parameter removed": ("services/complaints.py", GET, GET.replace(", complaint_id: str", "")),
    "a parameter renamed": ("services/complaints.py", GET, GET.replace("complaint_id", "number")),
    "a parameter more": ("services/complaints.py", GET, GET.replace(")", ", why: str)", 1)),
    "a method renamed": ("services/complaints.py", GET, GET.replace("get", "read")),
    "a field removed": ("models/complaints.py", "    reference: str | None = None\n", ""),
    "a state removed": ("models/complaints.py", '    RESOLVED = "resolved"\n', ""),
    "an option of the client renamed": ("client.py", "        deadline: float | Unset", "        limit: float | Unset"),
    "an export removed": ("__init__.py", '    "Money",\n', ""),
}
"""What is changed in a copy of the package: file, text, other text."""
HARMLESS = ("services/complaints.py", GET, GET.replace(")", ", why: str | None = None)", 1))
INTERNAL = ("core/engine.py", "class Engine", "class Motor")


@cache
def today() -> public_api.griffe.Object:
    """The package as it is, read once a worker."""
    return public_api.load(public_api.ROOT / "src")


def changed(folder: Path, change: tuple[str, str, str]) -> Path:
    """A copy of the sources with one change in it."""
    copy = folder / "src" / "egov_serang"
    if not copy.exists():
        shutil.copytree(public_api.ROOT / "src" / "egov_serang", copy, ignore=shutil.ignore_patterns("__pycache__"))
    file, text, other = change
    before = (copy / file).read_text("utf-8")
    assert text in before, f"{file} no longer has {text!r}: choose another change to plant"
    (copy / file).write_text(before.replace(text, other, 1), "utf-8")
    return folder / "src"


def test_the_public_api_is_as_announced() -> None:
    known = public_api.LISTING.read_text("utf-8").splitlines()
    found = public_api.listing(public_api.load(public_api.ROOT / "src"))
    news = [f"+ {line}" for line in found if line not in known] + [f"- {line}" for line in known if line not in found]
    assert news == [], "the public API has changed: if that is meant, run `make api` and say it in CHANGELOG.md"


@long
@pytest.mark.parametrize("change", PLANTED)
def test_a_breaking_change_is_found(tmp_path: Path, change: str) -> None:
    old = today()
    new = public_api.load(changed(tmp_path, PLANTED[change]))
    assert public_api.breakages(old, new) != []
    assert public_api.listing(old) != public_api.listing(new)


def test_an_addition_is_listed_and_breaks_nobody(tmp_path: Path) -> None:
    old, new = today(), public_api.load(changed(tmp_path, HARMLESS))
    assert public_api.breakages(old, new) == []
    assert len(set(public_api.listing(new)) - set(public_api.listing(old))) == 1


def test_what_is_ours_alone_may_change(tmp_path: Path) -> None:
    old, new = today(), public_api.load(changed(tmp_path, INTERNAL))
    assert public_api.breakages(old, new) == []
    assert public_api.listing(old) == public_api.listing(new)


@long
def test_a_release_is_compared_with_the_version_of_a_tag(tmp_path: Path) -> None:
    def run(*command: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(public_api.ROOT), "GIT_CONFIG_GLOBAL": os.devnull}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    changed(tmp_path, ("errors.py", "class Invalid(", "class Invalid("))
    git = ("git", "-c", "user.name=Nobody", "-c", "user.email=nobody@example.invalid")
    for step in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "A version"), ("tag", "v0.0.1")):
        done = run(*git, *step)
        assert done.returncode == 0, done.stderr
    compare = (sys.executable, "-m", "tests.contract.public_api", "--against", "v0.0.1")
    same = run(*compare)
    assert (same.returncode, same.stdout) == (0, "nothing breaks those who use v0.0.1\n"), same.stderr
    changed(tmp_path, PLANTED["a parameter removed"])
    broken = run(*compare)
    assert broken.returncode == 1, broken.stderr
    assert "services.complaints.Complaints.get" in broken.stdout
