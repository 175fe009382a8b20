"""The reference shows every public name: of the package, the services, the models, the errors and the test kit."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import zlib
from pathlib import Path

import pytest
from pydantic import BaseModel
from tests.docs.conftest import Built

import egov_serang
import egov_serang.models
import egov_serang.services
from egov_serang import OpenEnum
from egov_serang.core.bind import Service
from egov_serang.testing import __all__ as kit


@pytest.fixture(scope="module")
def shown(site: Built) -> set[str]:
    """The names in the site's inventory, which other documentation links by too."""
    raw = (site.folder / "objects.inv").read_bytes()
    header, _, packed = raw.partition(b"zlib.\n")
    assert header
    return {line.split(" ", 1)[0] for line in zlib.decompress(packed).decode().splitlines()}


def modules(package: str, folder: Path) -> list[str]:
    return [f"{package}.{found.name}" for found in pkgutil.iter_modules([str(folder)])]


def own_classes(module: str) -> list[type]:
    loaded = importlib.import_module(module)
    return [kind for _, kind in inspect.getmembers(loaded, inspect.isclass) if kind.__module__ == module]


def test_every_name_of_the_package_is_shown(shown: set[str]) -> None:
    assert [name for name in egov_serang.__all__ if name != "__version__" and f"egov_serang.{name}" not in shown] == []
    assert [name for name in kit if f"egov_serang.testing.{name}" not in shown] == []


def test_every_service_and_method_is_shown(shown: set[str]) -> None:
    found = 0
    for module in modules("egov_serang.services", Path(egov_serang.services.__path__[0])):
        for kind in own_classes(module):
            if issubclass(kind, Service):
                path = f"{module}.{kind.__name__}"
                methods = [name for name in vars(kind) if not name.startswith("_") and name != "wire"]
                assert [name for name in methods if f"{path}.{name}" not in shown] == [], path
                found += len(methods)
    assert found > 30


def test_every_model_is_shown(shown: set[str]) -> None:
    found = [
        f"{module}.{kind.__name__}"
        for module in modules("egov_serang.models", Path(egov_serang.models.__path__[0]))
        for kind in own_classes(module)
        if issubclass(kind, BaseModel | OpenEnum)
    ]
    assert len(found) > 50
    assert [name for name in found if name not in shown] == []


def test_methods_are_shown_as_they_are_called(site: Built) -> None:
    page = site.text("reference/index.html")
    assert "step: Steps" not in page
    assert "Paged[Complaint]" not in page
