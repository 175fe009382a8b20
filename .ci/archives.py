"""What the wheel and the source archive hold: exactly what git tracks, and the metadata an index shows.

Usage: archives.py WHEEL SDIST, from the checkout they were built from.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "src/egov_serang/"


def tracked() -> set[str]:
    """The files of this checkout that git knows, also those added and not yet committed."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {name for name in listed.split("\0") if name and (ROOT / name).is_file()}


def differences(what: str, found: set[str], expected: set[str]) -> list[str]:
    """One line for each file too many or too few."""
    return [f"{what}: {name} should not be in it" for name in sorted(found - expected)] + [
        f"{what}: {name} is missing" for name in sorted(expected - found)
    ]


def wheel_faults(wheel: Path, files: set[str]) -> list[str]:
    """What is wrong with the wheel's files: the package as git has it, and its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        found = set(archive.namelist())
        empty = archive.getinfo("egov_serang/py.typed").file_size == 0
    info = "-".join(wheel.name.split("-")[:2]) + ".dist-info/"
    described = ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")
    expected = {name.removeprefix("src/") for name in files if name.startswith(PACKAGE)}
    expected |= {info + name for name in described}
    # Partial stubs would make type checkers look elsewhere for the rest.
    return differences("wheel", found, expected) + ([] if empty else ["wheel: py.typed says something"])


def sdist_faults(sdist: Path, files: set[str]) -> list[str]:
    """What is wrong with the source archive's files: the checkout, so that its tests can be run, and PKG-INFO."""
    with tarfile.open(sdist) as archive:
        members = [member for member in archive.getmembers() if not member.isdir()]
    strange = [f"sdist: {member.name} is not a plain file" for member in members if not member.isfile()]
    found = {str(PurePosixPath(*PurePosixPath(member.name).parts[1:])) for member in members}
    return strange + differences("sdist", found, files | {"PKG-INFO"})


def metadata_faults(wheel: Path) -> list[str]:
    """What is wrong with what pip and an index read."""
    with zipfile.ZipFile(wheel) as archive:
        info = "-".join(wheel.name.split("-")[:2]) + ".dist-info/"
        metadata: Message = message_from_string(archive.read(info + "METADATA").decode())
        entries = archive.read(info + "entry_points.txt").decode()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    expected: dict[str, object] = {
        "Name": ["egov-serang"],
        "License-Expression": ["Apache-2.0"],
        "License-File": ["LICENSE"],
        "Requires-Python": [">=3.11"],
        "Description-Content-Type": ["text/markdown"],
        "Provides-Extra": sorted(project["optional-dependencies"]),
        "Classifier": sorted(project["classifiers"]),
    }
    faults = [
        f"metadata: {name} is {said}, not {wanted}"
        for name, wanted in expected.items()
        if (said := sorted(metadata.get_all(name) or [])) != wanted
    ]
    required = [line for line in metadata.get_all("Requires-Dist") or [] if "extra ==" not in line]
    if len(required) != len(project["dependencies"]):
        faults.append(f"metadata: {required} is not what a plain install needs")
    named = {line.strip() for line in entries.splitlines() if "=" in line}
    wanted_entries = {"egov = egov_serang.cli:main", "egov_serang = egov_serang.testing.plugin"}
    if named != wanted_entries:
        faults.append(f"entry points: {sorted(named)}")
    lacking = {"sandbox", "cli", "testing", "docs", "all", "dev"} - set(project["optional-dependencies"])
    return faults + [f"pyproject.toml: no extra {extra}" for extra in sorted(lacking)]


def main() -> None:
    wheel, sdist = (Path(argument) for argument in sys.argv[1:])
    files = tracked()
    faults = wheel_faults(wheel, files) + sdist_faults(sdist, files) + metadata_faults(wheel)
    sys.exit("\n".join(faults) if faults else 0)


if __name__ == "__main__":
    main()
