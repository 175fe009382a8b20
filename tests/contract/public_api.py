"""The public API as lines of text, and what a change of it would break. Both are read from the sources by griffe.

python -m tests.contract.public_api                  write tests/contract/public_api.txt anew (`make api`)
python -m tests.contract.public_api --against v0.1.0  say what breaks those who use that version; exit code 1 if any
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import griffe

ROOT = Path(__file__).parents[2]
LISTING = Path(__file__).with_suffix(".txt")
OPEN = ("auth.login", "client", "config", "errors", "types", "model", "models", "photos", "services", "testing")
"""The modules users import from, or call methods of. Of others, what `egov_serang` itself exports is public."""
HIDDEN = {
    *(
        f"auth.login.{name}"
        for name in ("addresses", "callback", "channel", "flow", "id_token", "keys", "person", "provider")
    ),
    *("services.arguments", "services.waiting", "services.complaints_checks"),
    *("testing.cassette", "testing.fake", "testing.plugin", "testing.redaction", "testing.scripted", "testing.tape"),
}
"""Modules in there that are ours alone; what is public of them, `egov_serang.testing` exports."""


def load(sources: Path) -> griffe.Object:
    """The package under a folder of sources, read and never imported."""
    return _object(griffe.load("egov_serang", search_paths=[sources], resolve_aliases=True, try_relative_path=False))


def listing(package: griffe.Object) -> list[str]:
    """One line for every public name, with its signature or annotation, in order of their paths."""
    exports = {f"egov_serang.{name}" for name in _exported(package)}
    return sorted(exports | {line for thing in _public(package) for line in _lines(thing)})


def breakages(old: griffe.Object, new: griffe.Object) -> list[str]:
    """What those who use the old package would have to change, as griffe sees it; of the public API alone."""
    public = {_bare(path) for package in (old, new) for thing in _public(package) for path in _paths(thing)}
    # The package exports names, so that griffe takes its modules for private: they are compared one by one.
    pairs = [(old, new), *((old[path], new[path]) for path in _modules(old) if path in _modules(new))]
    found = [breakage for pair in pairs for breakage in griffe.find_breaking_changes(*pair)]
    lost = {path for path in _modules(old) if path not in _modules(new)}
    lost |= {f"egov_serang.{name}" for name in _exported(old) - _exported(new)}
    return sorted(
        {
            *(f"{path}: no longer public" for path in lost),
            *(
                f"{_bare(said.obj.path)}: {said.kind.value}{_detail(said)}"
                for said in found
                if _bare(said.obj.path) in public
            ),
        }
    )


def _modules(package: griffe.Object) -> list[str]:
    found = [path for name in OPEN for path in _below(_object(package[name]))]
    return [path for path in found if path not in HIDDEN]


def _below(module: griffe.Object) -> Iterator[str]:
    yield _bare(module.path)
    for member in module.members.values():
        if not member.is_alias and member.is_module:
            yield from _below(_object(member))


def _public(package: griffe.Object) -> Iterator[griffe.Object]:
    """The public functions, classes and constants; the members of a class are found below it."""
    yield from (_object(package[name]) for name in _exported(package) if package.members[name].is_alias)
    yield from (thing for path in _modules(package) for thing in _of_module(_object(package[path])))


def _exported(module: griffe.Object) -> set[str]:
    return {str(name) for name in module.exports or ()}


def _of_module(module: griffe.Object) -> Iterator[griffe.Object]:
    for name, member in module.members.items():
        # What a module merely imports is public where it comes from.
        if name in _exported(module) or not (member.is_alias or member.is_module or _private(member)):
            yield _object(member)


def _lines(thing: griffe.Object, path: str | None = None) -> Iterator[str]:
    path = path or _bare(thing.path)
    if isinstance(thing, griffe.Function):
        yield f"{path}{_signature(thing)}"
    elif isinstance(thing, griffe.Class):
        bases = ", ".join(str(base) for base in thing.bases)
        yield f"class {path}({bases})" if bases else f"class {path}"
        for member in _members(thing):
            yield from _lines(member, f"{path}.{member.name}")
    elif isinstance(thing, griffe.Attribute):
        annotation = f": {thing.annotation}" if thing.annotation else ""
        value = f" = {thing.value}" if thing.value is not None else ""
        yield f"{path}{annotation}{value}"


def _paths(thing: griffe.Object) -> Iterator[str]:
    yield thing.path
    if isinstance(thing, griffe.Class):
        for member in _members(thing):
            yield from _paths(member)


def _members(kind: griffe.Class) -> Iterator[griffe.Object]:
    """The public members of a class, also those of a base that is private: nobody could look them up there."""
    seen = {"model_config"}
    for owner in (kind, *(base for base in kind.mro() if base.name.startswith("_"))):
        for name, member in owner.members.items():
            if name not in seen and not member.is_alias and not _private(member):
                seen.add(name)
                yield _object(member)


def _signature(function: griffe.Function) -> str:
    labels = sorted(function.labels & {"classmethod", "staticmethod", "property", "cached"})
    decorated = sorted(str(decorator.value).split("(")[0] for decorator in function.decorators)
    marks = f"  [{', '.join(sorted({*labels, *decorated}))}]" if labels or decorated else ""
    shown = str(function.signature()).partition("(")[2]
    return f"({shown}{marks}"


def _private(thing: griffe.Object | griffe.Alias) -> bool:
    """Whether users have no business with it: an underscore, a type variable, the port of a service to its wires."""
    if thing.name.startswith("_"):
        return thing.name != "__init__"
    if isinstance(thing, griffe.Class):
        return "Protocol" in {str(base) for base in thing.bases}
    return isinstance(thing, griffe.Attribute) and (thing.name == "wire" or str(thing.value).startswith("TypeVar("))


def _object(thing: griffe.Object | griffe.Alias) -> griffe.Object:
    return thing.final_target if isinstance(thing, griffe.Alias) else thing


def _bare(path: str) -> str:
    return path.removeprefix("egov_serang.")


def _detail(found: griffe.Breakage) -> str:
    values = [str(value) for value in (found.old_value, found.new_value) if value is not None]
    return f" ({' -> '.join(value.splitlines()[0] for value in values)})" if values else ""


def main(arguments: list[str]) -> int:
    new = load(ROOT / "src")
    if not arguments:
        LISTING.write_text("\n".join(listing(new)) + "\n", "utf-8")
        return 0
    old = griffe.load_git("egov_serang", ref=arguments[1], repo=Path.cwd(), search_paths=["src"], resolve_aliases=True)
    found = breakages(_object(old), load(Path.cwd() / "src"))
    print("\n".join(found) or f"nothing breaks those who use {arguments[1]}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
