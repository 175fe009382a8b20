"""The public surface: every method of every service, once in source, the same in both clients."""

from __future__ import annotations

import ast
import inspect
import pydoc
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

import egov_serang
from egov_serang import AsyncClient, Client
from egov_serang.client import Services
from egov_serang.core.bind import Service, flow, operation, paginated
from egov_serang.services.events import Events
from egov_serang.testing import FakeTransport

DESCRIPTORS = (operation, paginated, flow)
PLAIN = {"receive", "handled", "follow"}
"""Of events: no call is made by what reads a delivery, and no reply is the last of what goes on for ever."""


def nothing(request: object) -> dict[str, Any]:
    raise AssertionError("nothing may be sent")


CLIENT = Client(transport=FakeTransport(nothing))
ASYNCHRONOUS = AsyncClient(transport=FakeTransport(nothing))


def properties(kind: type) -> list[str]:
    return [n for n, v in inspect.getmembers_static(kind) if isinstance(v, cached_property) and not n.startswith("_")]


def services(root: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each service under a client or service, nested ones too, with its dotted path."""
    for name in properties(type(root)):
        found = getattr(root, name)
        if isinstance(found, Service):
            yield path + name, found
            yield from services(found, f"{path}{name}.")


def methods() -> Iterator[tuple[str, str, Any]]:
    """(path of the service, name of the method, its descriptor)."""
    for path, service in services(CLIENT):
        for name, value in inspect.getmembers_static(type(service)):
            if not name.startswith("_") and isinstance(value, DESCRIPTORS):
                yield path, name, value


METHODS = list(methods())
EVERY = pytest.mark.parametrize(("path", "name", "descriptor"), METHODS, ids=[f"{p}.{n}" for p, n, _ in METHODS])


def at(root: Any, path: str) -> Any:
    for step in path.split("."):
        root = getattr(root, step)
    return root


def test_the_walk_finds_the_services_and_methods_of_the_contract() -> None:
    found = {f"{path}.{name}" for path, name, _ in METHODS}
    assert {
        "identity.verify",
        "identity.verification",
        "identity.civil_services",
        "identity.applications.start",
        "identity.applications.attach",
        "identity.applications.submit",
        "identity.applications.get",
        "identity.applications.list",
        "identity.applications.history",
        "identity.applications.transition",
        "identity.applications.wait_for",
        "complaints.services",
        "complaints.submit",
        "complaints.attach",
        "complaints.download",
        "complaints.get",
        "complaints.list",
        "complaints.transition",
        "permits.types",
        "permits.applications.start",
        "permits.applications.attach",
        "permits.applications.submit",
        "permits.applications.get",
        "permits.applications.list",
        "permits.applications.transition",
        "permits.applications.wait_for",
        "permits.licences.get",
        "notifications.templates.list",
        "notifications.send",
        "notifications.get",
        "notifications.list",
        "notifications.announcements.list",
        "notifications.announcements.get",
    } <= found


def test_every_public_attribute_of_a_service_is_a_bound_method_or_a_service() -> None:
    for _, service in services(CLIENT):
        for name, value in inspect.getmembers_static(type(service)):
            if name.startswith("_"):
                continue
            plain = isinstance(service, Events) and name in PLAIN
            assert plain or isinstance(value, (*DESCRIPTORS, cached_property)), f"{type(service).__name__}.{name}"


@EVERY
def test_one_signature_and_docstring_in_both_clients(path: str, name: str, descriptor: Any) -> None:
    sync, asynchronous = getattr(at(CLIENT, path), name), getattr(at(ASYNCHRONOUS, path), name)
    source = inspect.signature(descriptor.function)
    assert inspect.signature(sync) == inspect.signature(asynchronous)
    assert sync.__doc__ == asynchronous.__doc__ == descriptor.function.__doc__
    assert sync.__name__ == asynchronous.__name__ == name
    assert sync.__qualname__ == asynchronous.__qualname__ == descriptor.function.__qualname__
    hidden = {"self", "step"} if isinstance(descriptor, flow) else {"self"}
    shown = [p for p in source.parameters.values() if p.name not in hidden]
    assert list(inspect.signature(sync).parameters.values()) == shown


@EVERY
def test_raw_and_dry_modes_keep_the_signature(path: str, name: str, descriptor: Any) -> None:
    expected = inspect.signature(getattr(at(CLIENT, path), name))
    for root in (CLIENT.raw, CLIENT.dry, ASYNCHRONOUS.raw, ASYNCHRONOUS.dry):
        assert inspect.signature(getattr(at(root, path), name)) == expected


@EVERY
def test_asynchronous_methods_are_coroutine_functions(path: str, name: str, descriptor: Any) -> None:
    expected = not isinstance(descriptor, paginated)
    assert inspect.iscoroutinefunction(getattr(at(ASYNCHRONOUS, path), name)) is expected
    assert inspect.iscoroutinefunction(getattr(at(ASYNCHRONOUS.raw, path), name)) is expected
    assert not inspect.iscoroutinefunction(getattr(at(CLIENT, path), name))
    assert not inspect.iscoroutinefunction(getattr(at(CLIENT.raw, path), name))


@EVERY
def test_help_shows_the_docstring(path: str, name: str, descriptor: Any) -> None:
    doc = inspect.getdoc(descriptor.function)
    assert doc is not None
    for shown in (getattr(at(CLIENT, path), name), getattr(type(at(CLIENT, path)), name)):
        text = pydoc.render_doc(shown, renderer=pydoc.plaintext)
        assert all(line.strip() in text for line in doc.splitlines())
        assert name + "(" in text


@EVERY
def test_docstrings_name_arguments_errors_and_source(path: str, name: str, descriptor: Any) -> None:
    doc = inspect.getdoc(descriptor.function) or ""
    lines = doc.splitlines()
    assert lines[0].endswith((".", "?", "...", "`."))
    assert "Source: " in doc
    parameters = list(inspect.signature(getattr(at(CLIENT, path), name)).parameters)
    if parameters:
        assert "Args:" in doc
    for parameter in parameters:
        assert f"    {parameter}: " in doc, parameter
    if not isinstance(descriptor, paginated):
        assert "Raises:" in doc


def test_the_class_itself_can_be_asked_for_help() -> None:
    from egov_serang.services.complaints import Complaints

    assert "Read a complaint." in pydoc.render_doc(Complaints.get, renderer=pydoc.plaintext)
    assert str(inspect.signature(Complaints.get)) == "(self, complaint_id: 'str') -> 'Complaint'"
    whole = pydoc.render_doc(Complaints, renderer=pydoc.plaintext)
    assert "Submit a complaint, with its photos." in whole


def test_the_unbound_form_calls_the_service() -> None:
    from egov_serang.services.complaints import Complaints

    answer = {"complaint_id": "c-1", "service_code": "road", "status": "submitted", "version": 1}
    client = Client(transport=FakeTransport(lambda _: answer))
    unbound: Any = Complaints.get
    assert unbound(client.complaints, "c-1").complaint_id == "c-1"


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_clients_explain_themselves(kind: type) -> None:
    assert "Args:" in (kind.__doc__ or "")
    assert "ConfigError" in (kind.__doc__ or "")
    for name in (*properties(Services), "events", "raw", "dry", "with_options", "close"):
        assert inspect.getdoc(getattr(kind, name)), name


def test_all_resolves_completely() -> None:
    for name in egov_serang.__all__:
        assert getattr(egov_serang, name) is not None
    assert sorted(egov_serang.__all__, key=str) == sorted(set(egov_serang.__all__))
    assert dir(egov_serang) == sorted(egov_serang.__all__)


def test_all_equals_what_type_checkers_see() -> None:
    source = Path(egov_serang.__file__).read_text("utf-8")
    guarded = next(n for n in ast.parse(source).body if isinstance(n, ast.If))
    seen = {alias.name for node in guarded.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen | {"__version__"} == set(egov_serang.__all__)
    for node in guarded.body:
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            home = __import__(str(node.module), fromlist=[alias.name])
            assert getattr(egov_serang, alias.name) is getattr(home, alias.name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_here"):
        _ = egov_serang.nothing_here
