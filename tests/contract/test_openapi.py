"""The committed OpenAPI document is the one the sandbox serves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")

from egov_serang.sandbox.export import main, openapi_text

PUBLIC = {"notifications.announcements.list", "notifications.announcements.get"}
"""What needs no login (contract-v1 section 5), and so neither token nor signature."""

COMMITTED = Path(__file__).parents[2] / "docs" / "contract" / "openapi.json"


@pytest.fixture(scope="module")
def text() -> str:
    return openapi_text()


def _walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from _walk(value)


def test_the_committed_document_has_not_drifted(text: str) -> None:
    assert COMMITTED.read_text(encoding="utf-8") == text, "run: python -m egov_serang.sandbox.export " + str(
        COMMITTED.relative_to(COMMITTED.parents[2])
    )


def test_it_is_written_where_it_is_asked_for(text: str, tmp_path: Path) -> None:
    main(str(tmp_path / "openapi.json"))
    assert (tmp_path / "openapi.json").read_text(encoding="utf-8") == text


def test_every_reference_is_local_and_resolves(text: str) -> None:
    document = json.loads(text)
    references = [node["$ref"] for node in _walk(document) if "$ref" in node]
    assert references
    for reference in references:
        target: Any = document
        assert reference.startswith("#/")
        for part in reference[2:].split("/"):
            target = target[part]


def test_it_says_what_it_is_for_and_which_version(text: str) -> None:
    document = json.loads(text)
    assert document["openapi"] == "3.1.0"
    assert "for development only" in document["info"]["title"]
    assert "unevaluatedProperties" not in text


def test_every_business_operation_is_secured_and_declares_its_refusals(text: str) -> None:
    operations = [
        (method, operation)
        for path, methods in json.loads(text)["paths"].items()
        if path.startswith("/v1/")
        for method, operation in methods.items()
    ]
    assert {"complaints.submit", "identity.verify"} <= {operation["operationId"] for _, operation in operations}
    assert {operation["operationId"] for _, operation in operations if not operation.get("security")} == PUBLIC
    for method, operation in operations:
        if operation["operationId"] in PUBLIC:
            assert not {"401", "403"} & set(operation["responses"])
            continue
        assert all(set(way) == {"token", "signature"} for way in operation["security"]), operation["operationId"]
        assert {"400", "401", "403", "422"} <= set(operation["responses"])
        assert set(operation["responses"]["401"]["content"]) == {"application/problem+json"}
        headers = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "header"}
        assert ("Idempotency-Key" in headers) == (method != "get")


def test_links_name_operations_that_take_what_they_are_given(text: str) -> None:
    document = json.loads(text)
    operations = {o["operationId"]: o for methods in document["paths"].values() for o in methods.values()}
    links = [
        (link, response["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1])
        for operation in operations.values()
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    ]
    assert len(links) > 15
    for link, answer in links:
        for parameter, source in link["parameters"].items():
            declared = operations[link["operationId"]]["parameters"]
            assert (parameter, "path") in {(one["name"], one["in"]) for one in declared}
            assert source == f"$response.body#/{parameter}"
            assert parameter in document["components"]["schemas"][answer]["properties"]


def test_request_bodies_are_closed(text: str) -> None:
    document = json.loads(text)
    for name in ("ComplaintIn", "TransitionIn", "VerifyIn", "StartCivil", "ChangeCivil", "CivilTransition"):
        assert document["components"]["schemas"][name]["additionalProperties"] is False
