"""`python -m egov_serang.sandbox.reference OPENAPI FOLDER` writes the published contract as pages for people.

One page a module and one of all schemas, in Markdown. Everything comes from the document; nothing is said here only.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

Json: TypeAlias = Mapping[str, Any]

_TITLES: Final = {
    "authorization": "Discovery and tokens",
    "identity": "Identity and civil registration",
    "complaints": "Complaints",
    "permits": "Permits",
    "notifications": "Notifications and announcements",
    "events": "Events",
}
_NOTE: Final = "<!-- Written by `make openapi` from docs/contract/openapi.json: change the sandbox, not this page. -->"
_LIMITS: Final = {
    "minLength": "{} or more characters",
    "maxLength": "at most {} characters",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minItems": "{} or more entries",
    "maxItems": "at most {} entries",
    "maxProperties": "at most {} entries",
    "pattern": "matches `{}`",
}
_REFUSED_FROM: Final = 400


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the document."""

    method: str
    path: str
    spec: Json

    @property
    def name(self) -> str:
        """Its operation id, which is also its anchor."""
        return str(self.spec["operationId"])

    @property
    def module(self) -> str:
        """The page it stands on."""
        return str(self.spec["tags"][0])

    @property
    def summary(self) -> str:
        """The first paragraph of its description, as one line."""
        return " ".join(str(self.spec.get("description", self.spec.get("summary", ""))).split("\n\n")[0].split())


def pages(document: Json) -> dict[str, str]:
    """The pages by file name.

    Args:
        document: the OpenAPI document.
    """
    operations = [
        Operation(method, path, spec) for path, methods in document["paths"].items() for method, spec in methods.items()
    ]
    schemas: Json = document["components"]["schemas"]
    made = {"index.md": _index(operations), "schemas.md": _schemas(schemas)}
    for module, title in _TITLES.items():
        of_it = [operation for operation in operations if operation.module == module]
        made[f"{module}.md"] = _page(title, "\n\n".join(_operation(operation, schemas) for operation in of_it))
    return made


def _page(title: str, body: str) -> str:
    return f"{_NOTE}\n\n# {title}\n\n{body}\n"


def _index(operations: list[Operation]) -> str:
    parts = [
        "What the gateway takes and answers, operation by operation, as published in "
        "[openapi.json](../contract/openapi.json). What all requests have in common, headers, signature and problem "
        "codes, is on [the wire](../contract.md); how to sign without an SDK, on "
        "[the wire by hand](../wire-by-hand.md). All shapes are listed under [schemas](schemas.md)."
    ]
    for module, title in _TITLES.items():
        rows = [f"| [`{op.name}`]({module}.md#{op.name}) | {op.summary} |" for op in operations if op.module == module]
        parts.append("\n".join([f"## {title}", "", "| Operation | What it does |", "| --- | --- |", *rows]))
    return _page("Contract reference", "\n\n".join(parts))


def _operation(operation: Operation, schemas: Json) -> str:
    spec = operation.spec
    description = str(spec.get("description", "")).strip()
    parts = [
        f"## `{operation.name}` {{ #{operation.name} }}",
        f"**`{operation.method.upper()} {operation.path}`**",
        description,
        _access(spec),
        *_parameters(spec),
        *_body(spec.get("requestBody"), schemas),
        *_answers(spec["responses"]),
    ]
    return "\n\n".join(part for part in parts if part)


def _access(spec: Json) -> str:
    ways = [scope for way in spec.get("security", ()) for scope in way.get("token", ())]
    if not ways:
        return "Open to everybody: no token, no signature."
    return "Scope: " + " or ".join(f"`{scope}`" for scope in ways) + "."


def _parameters(spec: Json) -> Iterator[str]:
    parameters = spec.get("parameters", ())
    named = [one for one in parameters if one["in"] != "header"]
    headers = [one for one in parameters if one["in"] == "header"]
    if named:
        rows = [_row(one["name"], one["schema"], one.get("required", False), one) for one in named]
        yield _table("Parameter", rows)
    if headers:
        needed = ["Authorization", "Signature"] if spec.get("security") else []
        needed += [one["name"] for one in headers if one.get("required")]
        words = [f"`{name}`" for name in needed]
        words += [f"`{one['name']}` (may be left out)" for one in headers if not one.get("required")]
        yield "[Headers](../contract.md#what-every-request-carries): " + ", ".join(words) + "."


def _body(body: Json | None, schemas: Json) -> Iterator[str]:
    if body is None:
        return
    for media, content in body["content"].items():
        needed = "" if body.get("required") else ", may be left out"
        yield f"**Body** `{media}`{needed}: {_kind(content['schema'])}"
        for schema in _named(content["schema"], schemas):
            yield from _fields(schema)
        for name, encoding in content.get("encoding", {}).items():
            kinds = ", ".join(f"`{kind}`" for kind in encoding["contentType"].split(", "))
            yield f"The part `{name}` is one of {kinds}."
        if "example" in content and media == "application/json":
            text = json.dumps(content["example"], indent=2, ensure_ascii=False)
            yield f"```json\n{text}\n```"


def _answers(responses: Json) -> Iterator[str]:
    answers = [_answer(status, response) for status, response in responses.items() if int(status) < _REFUSED_FROM]
    yield "\n".join(["**Answers**", "", *answers])
    links = {name: link for response in responses.values() for name, link in response.get("links", {}).items()}
    if links:
        yield _next(links)
    refusals = {status: response for status, response in responses.items() if int(status) >= _REFUSED_FROM}
    shapes = {status: " or ".join(sorted(_shapes(response))) for status, response in refusals.items()}
    for shape in dict.fromkeys(shapes.values()):
        lines = [f"- **{s}** {r['description']}" for s, r in refusals.items() if shapes[s] == shape]
        yield "\n".join([f"**Refusals** as {shape}", "", *lines])


def _next(links: Json) -> str:
    """Which field of the answer leads to which operations."""
    fields = {str(field): None for link in links.values() for field in link["parameters"]}
    targets = (f"[`{name}`]({name.partition('.')[0]}.md#{name})" for name in links)
    return "Then, with " + ", ".join(f"`{field}`" for field in fields) + ": " + ", ".join(targets) + "."


def _answer(status: str, response: Json) -> str:
    shape = " or ".join(sorted(_shapes(response))) or ", ".join(f"`{media}`" for media in response.get("content", ()))
    meaning = "" if response["description"] == "Successful Response" else response["description"]
    headers = ", ".join(f"`{name}`" for name in response.get("headers", ()))
    return f"- **{status}** " + ". ".join(
        part for part in (shape, meaning, f"Headers: {headers}" if headers else "") if part
    )


def _shapes(response: Json) -> set[str]:
    return {_kind(content["schema"]) for content in response.get("content", {}).values() if content.get("schema")}


def _schemas(schemas: Json) -> str:
    parts = [
        "An answer may hold more fields than are listed here, and states that a newer gateway has. A request may not, "
        "where it says so."
    ]
    for name, schema in sorted(schemas.items()):
        title = str(schema.get("title", name))
        parts.append(f"## {title} {{ #{name} }}")
        if "description" in schema:
            parts.append(str(schema["description"]).strip())
        parts += _fields(schema) if schema.get("type") == "object" else [_kind(schema) + "." if schema else "Any JSON."]
    return _page("Schemas", "\n\n".join(parts))


def _named(schema: Json, schemas: Json) -> Iterator[Json]:
    """The objects a body may be."""
    if "$ref" in schema:
        yield schemas[schema["$ref"].rsplit("/", 1)[-1]]
    for choice in schema.get("anyOf", ()):
        yield from _named(choice, schemas)


def _fields(schema: Json) -> Iterator[str]:
    needed = schema.get("required", ())
    if schema.get("properties"):
        ordered = sorted(schema["properties"].items(), key=lambda field: field[0] not in needed)
        yield _table("Field", [_row(name, one, name in needed, one) for name, one in ordered])
    if schema.get("additionalProperties") is False:
        yield "Other fields are refused." if schema.get("properties") else "No fields."


def _table(first: str, rows: list[str]) -> str:
    return "\n".join([f"| {first} | Kind | Rules |", "| --- | --- | --- |", *rows])


def _row(name: str, schema: Json, required: bool, described: Json) -> str:
    rules = ["**required**"] if required else []
    rules += _rules(schema)
    if schema.get("default") not in (None, "", [], {}):
        rules.append(f"`{json.dumps(schema['default'])}` if left out")
    text = " ".join(str(described.get("description", "")).split())
    told = ", ".join(rules) + (". " if rules and text else "") + text
    return f"| `{name}` | {_kind(schema)} | {told} |".replace("\n", " ")


def _rules(schema: Json) -> list[str]:
    found = [text.format(_plain(schema[key])) for key, text in _LIMITS.items() if key in schema]
    for choice in schema.get("anyOf", ()):
        found += _rules(choice)
    return found


def _plain(value: Any) -> str:
    """A limit as people write it: FastAPI makes floats of them all."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _kind(schema: Json) -> str:
    """What a value is, in words, with a link where it is described elsewhere."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rsplit("/", 1)[-1]
        return f"[{name.strip('_').replace('Page_', 'Page of ')}](schemas.md#{name})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(choice) for choice in schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    kind = "file" if "contentMediaType" in schema else str(schema.get("type", "any JSON"))
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    values: Any = schema.get("additionalProperties")
    if kind == "object" and values not in (None, True, False):
        return f"object of {_kind(values)}"
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def main(document: str, folder: str) -> None:
    """Write the pages, and take away those that are no longer made."""
    made = pages(json.loads(Path(document).read_text("utf-8")))
    for old in Path(folder).glob("*.md"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (Path(folder) / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
