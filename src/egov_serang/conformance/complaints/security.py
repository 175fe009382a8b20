"""What every module owes: discovery, tokens, signatures, request ids."""

from __future__ import annotations

from typing import Any, Final

from egov_serang.conformance.scenario import Scenario, Skipped, holds, same
from egov_serang.conformance.server import TEXT, Server, refused
from egov_serang.conformance.wiretap import another_body, without

_CASES: Final = "/v1/complaints/cases"
_SERVICES: Final = "/v1/complaints/services"
_SIGNED: Final = ("signature_invalid", "unauthenticated")


def discovery(server: Server) -> None:
    found = server.discovery
    same("contract", str(found.get("contract")).partition(".")[0], "1")
    modules: Any = found.get("modules") or {}
    holds("complaints" in modules, "discovery has no module complaints")
    limits: Any = found.get("limits") or {}
    holds(limits.get("idempotency_ttl_s", 0) >= 86400, "idempotency_ttl_s is less than 24 hours")  # noqa: PLR2004
    for name in ("issuer", "jurisdictions", "auth_profiles", "signature_profiles"):
        holds(bool(found.get(name)), f"discovery has no {name}")


def no_token(server: Server) -> None:
    answer = server.send("GET", _SERVICES, authenticated=False, signed=False)
    refused(answer, 401, "unauthenticated")


def wrong_token(server: Server) -> None:
    answer = server.send("GET", _SERVICES, headers={"authorization": "Bearer x.y.z"}, authenticated=False, signed=False)
    refused(answer, 401, "unauthenticated", "token_expired")


def unsigned(server: Server) -> None:
    _needs_signatures(server)
    refused(server.send("GET", _SERVICES, signed=False), 401, *_SIGNED)


def no_signature_input(server: Server) -> None:
    _needs_signatures(server)
    refused(server.send("GET", _SERVICES, change=without("signature-input")), 401, *_SIGNED)


def changed(server: Server) -> None:
    _needs_signatures(server)
    words = f"{TEXT} aaaa"
    answer = server.send("POST", _CASES, server.body(description=words), change=another_body(b"aaaa", b"bbbb"))
    refused(answer, 401, *_SIGNED)


def repeated(server: Server) -> None:
    _needs_signatures(server)
    refused(server.send("GET", _SERVICES, repeat=True), 401, "nonce_replayed")


def echoed(server: Server) -> None:
    if server.discovery.get("request_id_echo") is False:
        raise Skipped("discovery says that request ids are not echoed")
    for method, path in (("GET", _SERVICES), ("GET", f"{_CASES}/no-such-complaint")):
        answer = server.send(method, path)
        holds(bool(answer.headers.get("x-request-id")), f"status {answer.status} without X-Request-Id")


def _needs_signatures(server: Server) -> None:
    profiles: Any = server.discovery.get("signature_profiles") or ()
    if not any(one.get("name") == "rfc9421" and one.get("requests") == "required" for one in profiles):
        raise Skipped("discovery does not require signatures of profile rfc9421")


SCENARIOS: Final = (
    Scenario("security.discovery", "contract-v1 1", "Discovery has what a client needs, without a token", discovery),
    Scenario("security.no_token", "contract-v1 1", "No token: unauthenticated", no_token),
    Scenario("security.wrong_token", "contract-v1 1", "A token nobody issued: refused", wrong_token),
    Scenario("security.unsigned", "contract-v1 1", "A request without signature is refused", unsigned),
    Scenario(
        "security.no_signature_input",
        "contract-v1 1",
        "A signature without Signature-Input is refused",
        no_signature_input,
    ),
    Scenario("security.changed", "contract-v1 1", "A body changed after it was signed is refused", changed, tries=True),
    Scenario("security.repeated", "contract-v1 1", "The same request again: nonce_replayed", repeated),
    Scenario("security.request_id", "contract-v1 1", "X-Request-Id is echoed, by refusals too", echoed),
)
