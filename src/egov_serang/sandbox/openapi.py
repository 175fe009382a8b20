"""The OpenAPI 3.1 document: made from the code that serves it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from egov_serang.sandbox.problems import COMMON, OWN
from egov_serang.sandbox.samples import BODIES, LINKS, PARAMETERS, UPLOADS

_TITLE: Final = "Smart City gateway contract v1 (sandbox, for development only)"
_DESCRIPTION: Final = (
    "Served by the egov-serang sandbox for development and tests only: no real data, no real people, no service "
    "of any government. Every business operation needs a bearer token and a request signature (RFC 9421, profile "
    "`rfc9421`: label `egov`, tag `egov-serang`)."
)
_SCHEMES: Final[dict[str, Any]] = {
    "token": {
        "type": "oauth2",
        "description": "Client credentials; the client proves itself with private_key_jwt or a secret.",
        "flows": {"clientCredentials": {"tokenUrl": "/oauth2/token", "scopes": {}}},
    },
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "Signature",
        "description": "RFC 9421 signature, with Signature-Input and, for a body, Content-Digest.",
    },
}
_PROBLEM: Final = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
_ERRORS_FROM: Final = 400
_IDENTITY_ONLY: Final = {"purpose_not_allowed", "consent_required", "agreement_expired", "quota_exhausted"}
_LOCKED: Final = {"401", "403"}


def takes_files(media_types: Iterable[str]) -> dict[str, Any]:
    """`openapi_extra` of an upload: what the part `file` may be."""
    encoding = {"file": {"contentType": ", ".join(sorted(media_types))}}
    return {"requestBody": {"content": {"multipart/form-data": {"encoding": encoding}}}}


def describe(app: FastAPI) -> None:
    """Let the application serve its document at `/openapi.json`."""
    made: list[dict[str, Any]] = []

    def openapi() -> dict[str, Any]:
        if not made:
            made.append(document(app))
        return made[0]

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def document(app: FastAPI) -> dict[str, Any]:
    """The document: what FastAPI derives, with the contract's headers, problems and security added."""
    result = get_openapi(
        title=_TITLE, version="1.0", description=_DESCRIPTION, routes=app.routes, openapi_version="3.1.0"
    )
    scopes: dict[str, tuple[str, ...]] = app.state.scopes
    for methods in result["paths"].values():
        for method, operation in methods.items():
            _complete(operation, method, scopes.get(operation["operationId"]))
            _exemplify(operation)
            _link(operation, result["components"]["schemas"])
    components = result["components"]
    components["securitySchemes"] = _SCHEMES
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    return result


def _complete(operation: dict[str, Any], method: str, scopes: tuple[str, ...] | None) -> None:
    if scopes is None:
        # What is open to everybody never asks who comes; the token endpoint does, in OAuth's own words.
        operation["responses"] = {s: r for s, r in operation["responses"].items() if s not in _LOCKED or _is_oauth(r)}
    for status, response in operation["responses"].items():
        if _is_oauth(response) and status == "400":
            response["content"] |= _PROBLEM  # a form that cannot be read at all is refused before OAuth begins
        elif int(status) >= _ERRORS_FROM and not _is_oauth(response):
            response["content"] = _PROBLEM
            response["description"] = _refusals(operation, method, int(status)) or response["description"]
        response.setdefault("headers", {})["X-Request-Id"] = _header("Echo of the request's.")
        if "304" in operation["responses"] and int(status) < _ERRORS_FROM:
            response["headers"]["ETag"] = _header("The version, quoted.")
    conditions = list(_conditions(operation))
    if conditions:
        operation.setdefault("parameters", []).extend(conditions)
    if scopes is None:
        return
    operation["security"] = [{"token": [scope], "signature": []} for scope in scopes]
    parameters = operation.setdefault("parameters", [])
    parameters += [
        _parameter("X-Request-Id", "New for every attempt."),
        _parameter("Signature-Input", "RFC 9421, label `egov`."),
        _parameter("Accept-Language", "`id` or `en` first.", required=False),
    ]
    if method == "get":
        return
    parameters += [_parameter("Idempotency-Key", "The same for every attempt of one call.")]
    if "requestBody" in operation:
        always = operation["requestBody"].get("required", False)
        parameters += [_parameter("Content-Digest", "RFC 9530, sha-256 or sha-512, of a body.", required=always)]
    if "412" in operation["responses"]:
        parameters += [_parameter("If-Match", "The version the caller saw.", required="428" in operation["responses"])]
    for status, response in operation["responses"].items():
        if int(status) < _ERRORS_FROM:
            response["headers"]["Idempotency-Replayed"] = _header("`true` on a kept answer.")


def _conditions(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Headers that ask for less than all of it."""
    if "304" in operation["responses"]:
        yield _parameter("If-None-Match", "The version the caller holds, quoted.", required=False)
    if "206" in operation["responses"]:
        yield _parameter("Range", "One range of bytes, such as `bytes=4096-`.", required=False)
        yield _parameter("If-Range", "The version it is a range of, quoted; another is sent whole.", required=False)


def _exemplify(operation: dict[str, Any]) -> None:
    name = operation["operationId"]
    known = PARAMETERS.get(name, {})
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in known:
            parameter["example"] = known[parameter["name"]]
    if name in BODIES:
        operation["requestBody"]["content"]["application/json"]["example"] = BODIES[name]
    if name in UPLOADS:
        operation["requestBody"]["content"]["multipart/form-data"]["example"] = UPLOADS[name]


def _link(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    wanted = LINKS.get(operation["operationId"], {})
    for status, response in operation["responses"].items():
        if not wanted or int(status) >= HTTPStatus.MULTIPLE_CHOICES:
            continue
        answer = response["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        links = {
            target: {"operationId": target, "parameters": {field: f"$response.body#/{field}"}}
            for field, targets in wanted.items()
            if field in schemas[answer]["properties"]  # a receipt has no number to go on with
            for target in targets
        }
        if links:
            response["links"] = links


def _refusals(operation: dict[str, Any], method: str, status: int) -> str:
    """The codes of the contract that a status can stand for here; a read breaks no rule of a module's writes."""
    module = operation["operationId"].partition(".")[0]
    common = {
        code: usual
        for code, usual in COMMON.items()
        if (method != "get" or not code.startswith("idempotency_"))
        and (module == "identity" or code not in _IDENTITY_ONLY)
    }
    own = {c: s for c, s in OWN.get(module, {}).items() if method != "get" or s == HTTPStatus.NOT_FOUND}
    possible = [code for code, usual in (common | own).items() if usual == status]
    if status == HTTPStatus.BAD_REQUEST:
        possible.insert(0, "validation_failed")
    return ", ".join(f"`{code}`" for code in possible)


def _is_oauth(response: dict[str, Any]) -> bool:
    return "OAuthError" in str(response)


def _parameter(name: str, description: str, *, required: bool = True) -> dict[str, Any]:
    schema = {"type": "string"}
    return {"name": name, "in": "header", "required": required, "description": description, "schema": schema}


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}
