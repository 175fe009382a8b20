"""The pages of the contract are those of the committed document, and every link on them leads somewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")

from egov_serang.sandbox.reference import main, pages

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT = DOCS / "contract" / "openapi.json"
FOLDER = DOCS / "contract-reference"
ANCHOR = re.compile(r"\{ #(\S+) \}$", re.MULTILINE)
LINK = re.compile(r"\]\((?P<page>[\w.-]+\.md)(?:#(?P<anchor>[^)]+))?\)")


@pytest.fixture(scope="module")
def document() -> Any:
    return json.loads(DOCUMENT.read_text("utf-8"))


@pytest.fixture(scope="module")
def made(document: Any) -> dict[str, str]:
    return pages(document)


def test_the_committed_pages_have_not_drifted(made: dict[str, str]) -> None:
    committed = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.md")}
    assert committed == made, "run: make openapi"


def test_a_page_that_is_no_longer_made_goes(made: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "old.md").write_text("old", "utf-8")
    main(str(DOCUMENT), str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == set(made)


def test_every_operation_and_schema_has_its_place_once(document: Any, made: dict[str, str]) -> None:
    operations = [o["operationId"] for methods in document["paths"].values() for o in methods.values()]
    found = [anchor for name, text in made.items() if name != "schemas.md" for anchor in ANCHOR.findall(text)]
    assert sorted(found) == sorted(operations)
    assert sorted(ANCHOR.findall(made["schemas.md"])) == sorted(document["components"]["schemas"])
    assert all(f"#{operation})" in made["index.md"] for operation in operations)


def test_every_link_leads_somewhere(made: dict[str, str]) -> None:
    links = [link for text in made.values() for link in LINK.finditer(text)]
    assert len(links) > 200
    for link in links:
        assert link["page"] in made
        assert link["anchor"] is None or link["anchor"] in ANCHOR.findall(made[link["page"]])


def test_an_operation_says_all_the_document_says(document: Any, made: dict[str, str]) -> None:
    text = made["complaints.md"].split("## `complaints.transition`")[1].split("\n## ")[0]
    spec = document["paths"]["/v1/complaints/cases/{complaint_id}/transitions"]["post"]
    for parameter in spec["parameters"]:
        assert f"`{parameter['name']}`" in text
    for status in spec["responses"]:
        assert f"- **{status}** " in text
    for name in document["components"]["schemas"]["TransitionIn"]["properties"]:
        assert f"| `{name}` |" in text
    for word in (
        "`complaints:write` or `complaints:manage`",
        "at most 4000 characters",
        "[Complaint](schemas.md#Complaint)",
    ):
        assert word in text
