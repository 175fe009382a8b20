"""The scenarios find what is wrong with a server, and nothing where nothing is.

The faults are planted in the sandbox while it runs: code of it is replaced by code that forgets something.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import select
from starlette.responses import Response

from egov_serang import Config
from egov_serang.conformance.complaints import SCENARIOS
from egov_serang.conformance.scenario import chosen, run
from egov_serang.conformance.server import Server, connect
from egov_serang.sandbox import access, gate, idempotency, paging, problems, proof, replays
from egov_serang.sandbox.complaints import changes, history, intake, routes, states, store, thread
from egov_serang.sandbox.server import Sandbox
from egov_serang.sandbox.states import Rule

Plant = Callable[[pytest.MonkeyPatch], None]
"""Makes a fault, until the test is over."""

_SCOPES: Final = ("complaints:read", "complaints:write", "complaints:manage", "complaints:confidential")


@pytest.fixture
def server(sandbox: Sandbox, city: Config, tmp_path: Path) -> Iterator[Server]:
    """A city as on its first day, seen by its own application and by another."""
    assert city
    own = sandbox.credentials("conformance-app", _SCOPES, tmp_path)
    other = sandbox.credentials("conformance-other", _SCOPES[:2], tmp_path)
    with connect(Config(**own.settings), Config(**other.settings)) as found:
        yield found


def any_action(patch: pytest.MonkeyPatch) -> None:
    """Every action is done in every state."""
    machine = states.MACHINE
    rules = {rule.action: rule for rule in machine.rules}

    def rule(self: Any, state: str, action: str, scopes: frozenset[str]) -> Rule:
        return rules[action]  # type: ignore[index]

    patch.setattr(type(machine), "rule", rule)


def offers_too_much(patch: pytest.MonkeyPatch) -> None:
    """`allowed_actions` names an action that is none of the state's."""
    real = store.actions
    patch.setattr(store, "actions", lambda row, caller, now: [*real(row, caller, now), "resume"])


def leads_elsewhere(patch: pytest.MonkeyPatch) -> None:
    """`reassign` leaves it assigned."""
    real = routes.moved

    def moved(*given: Any, action: str, to: str, **more: Any) -> None:
        real(*given, action=action, to="assigned" if action == "reassign" else to, **more)

    patch.setattr(routes, "moved", moved)


def forgets_keys(patch: pytest.MonkeyPatch) -> None:
    """A write that is sent again is done again."""
    patch.setattr(idempotency.Once, "find", lambda self, session: None)
    patch.setattr(idempotency.Once, "keep", lambda self, session, response: None)


def mixes_up_keys(patch: pytest.MonkeyPatch) -> None:
    """A key answers for whatever is sent with it."""
    real = idempotency.Once.find

    def find(self: Any, session: Any) -> Response | None:
        row = session.get(idempotency.IdempotencyRow, self.scope)
        if row is not None:
            self.fingerprint = row.fingerprint
        return real(self, session)

    patch.setattr(idempotency.Once, "find", find)


def no_if_match(patch: pytest.MonkeyPatch) -> None:
    """Nobody need say which version a change was decided on."""
    patch.setattr(routes, "require_match", lambda request, version: None)


def any_if_match(patch: pytest.MonkeyPatch) -> None:
    """Some version must be named, whichever."""
    real = routes.require_match

    def match(request: Any, version: int) -> None:
        if "if-match" not in request.headers:
            real(request, version)

    patch.setattr(routes, "require_match", match)


def version_stays(patch: pytest.MonkeyPatch) -> None:
    """A transition makes no new version."""
    real = history.changed

    def changed(session: Any, row: Any, *given: Any, **more: Any) -> None:
        before = row.version
        real(session, row, *given, **more)
        row.version = before

    patch.setattr(history, "changed", changed)


def filters_nothing(patch: pytest.MonkeyPatch) -> None:
    """The filter of states is not looked at."""
    real = routes.filtered

    def filtered(wanted: Any, by: Any, *more: Any) -> Any:
        return real(wanted, dataclasses.replace(by, status=None), *more)

    patch.setattr(routes, "filtered", filtered)


def excludes_the_moment(patch: pytest.MonkeyPatch) -> None:
    """`updated_after` leaves out what changed at that very time."""
    real = routes.filtered

    def filtered(wanted: Any, by: Any, *more: Any) -> Any:
        found = real(wanted, by, *more)
        since = by.updated_after
        return found if since is None else found.where(store.ComplaintRow.updated_at > since.timestamp())

    patch.setattr(routes, "filtered", filtered)


def repeats_a_row(patch: pytest.MonkeyPatch) -> None:
    """Each page begins with the last of the one before it."""
    real = paging.PageRequest.rows

    def rows(self: Any, session: Any, wanted: Any, key: Any, *, newest_first: bool = False) -> Any:
        if self.after and newest_first:
            self.after += 1
        return real(self, session, wanted, key, newest_first=newest_first)

    patch.setattr(paging.PageRequest, "rows", rows)


def feed_skips(patch: pytest.MonkeyPatch) -> None:
    """Comments are missing in the change feed."""
    real = history.noted

    def noted(session: Any, row: Any, now: Any, kind: str, *more: Any) -> None:
        if kind != "commented":
            real(session, row, now, kind, *more)  # type: ignore[arg-type]

    patch.setattr(history, "noted", noted)


def thread_is_silent(patch: pytest.MonkeyPatch) -> None:
    """Transitions leave nothing in the thread."""
    patch.setattr(history, "said", lambda *given, **more: None)


def shows_confidential(patch: pytest.MonkeyPatch) -> None:
    """Everybody may read everything."""
    patch.setattr(store, "visible", lambda caller: select(store.ComplaintRow))


def shows_reporters(patch: pytest.MonkeyPatch) -> None:
    """Who reported is shown to everybody."""
    patch.setattr(store, "_details", lambda row, caller: {**row.details, "client_reference": None, "said_by": None})


def shows_notes(patch: pytest.MonkeyPatch) -> None:
    """Internal notes are shown to everybody."""
    everyone = tuple(store.Visibility)
    patch.setattr(thread, "audiences", lambda row, caller: everyone)


def takes_foreign_places(patch: pytest.MonkeyPatch) -> None:
    """Complaints from anywhere in the world are taken."""
    patch.setattr(intake, "check_place", lambda *given: None)


def takes_any_attribute(patch: pytest.MonkeyPatch) -> None:
    """Further fields are not looked at."""
    patch.setattr(intake, "check_attributes", lambda *given: None)


def no_signature(patch: pytest.MonkeyPatch) -> None:
    """Nobody checks signatures."""
    patch.setattr(gate, "check_signature", lambda *given: None)


def no_nonce(patch: pytest.MonkeyPatch) -> None:
    """A signed request is taken as often as it comes."""
    patch.setattr(replays.Replays, "first_time", lambda self, *given, **more: True)


def digest_unread(patch: pytest.MonkeyPatch) -> None:
    """The body is not compared with its digest."""
    real = proof._check_crypto
    patch.setattr(proof, "_check_crypto", lambda keyid, key, message, body: real(keyid, key, message, b""))


def any_token(patch: pytest.MonkeyPatch) -> None:
    """Who brings no token is taken for the application."""
    real = access.check_token

    def check(platform: Any, request: Any) -> Any:
        if "authorization" not in request.headers:
            return access.Claims("conformance-app", frozenset(_SCOPES), "36.73", "conformance-app")
        return real(platform, request)

    patch.setattr(gate, "check_token", check)
    patch.setattr(gate, "check_signature", lambda *given: None)


def echoes_input(patch: pytest.MonkeyPatch) -> None:
    """A refusal repeats what was sent."""

    def category(city: Any, code: str) -> Any:
        if code not in city.complaint_services:
            raise problems.Problem("service_not_found", f"There is no category {code}.")
        return city.complaint_services[code]

    patch.setattr(intake, "category", category)


def wrong_status(patch: pytest.MonkeyPatch) -> None:
    """A missing complaint is an error of the server's."""
    real = problems.Problem.response

    def response(self: Any) -> Response:
        found = real(self)
        if self.code == "not_found":
            document = {**json.loads(bytes(found.body)), "code": "internal", "status": 500}
            return Response(json.dumps(document), 500, media_type="application/problem+json")
        return found

    patch.setattr(problems.Problem, "response", response)


def anybody_changes(patch: pytest.MonkeyPatch) -> None:
    """Everybody may change what was reported."""
    patch.setattr(changes, "_permit", lambda *given: None)


FAULTS: Final[dict[Plant, tuple[str, ...]]] = {
    any_action: ("states.submitted", "states.closed"),
    offers_too_much: ("states.verified", "submit.created"),
    leads_elsewhere: ("actions.assigned.reassign",),
    forgets_keys: ("repeats.replayed", "repeats.before_match"),
    mixes_up_keys: ("repeats.mismatch",),
    no_if_match: ("repeats.no_match", "repeats.stale"),
    any_if_match: ("repeats.stale",),
    version_stays: ("actions.submitted.verify",),
    filters_nothing: ("lists.status",),
    excludes_the_moment: ("lists.updated_after",),
    repeats_a_row: ("lists.paged",),
    feed_skips: ("changes.order",),
    thread_is_silent: ("thread.transitions", "actions.verified.assign"),
    shows_confidential: ("privacy.confidential",),
    shows_reporters: ("privacy.reporter",),
    shows_notes: ("privacy.internal",),
    takes_foreign_places: ("refusals.elsewhere", "refusals.foreign_area"),
    takes_any_attribute: ("refusals.attribute_missing", "refusals.attribute_wrong"),
    no_signature: ("security.unsigned", "security.changed"),
    no_nonce: ("security.repeated",),
    digest_unread: ("security.changed",),
    any_token: ("security.no_token",),
    echoes_input: ("refusals.form",),
    wrong_status: ("refusals.not_found",),
    anybody_changes: ("privacy.actions",),
}
"""Each fault, and the scenarios that must find it."""

_UNNUMBERED: Final = {"submit.token", "submit.blackbox"}
"""What these file has no number to be found by."""


@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_found(plant: Plant, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = chosen(SCENARIOS, FAULTS[plant])
    plant(monkeypatch)
    results = list(run(wanted, server))
    assert [(one.scenario.name, one.outcome) for one in results] == [(one.name, "failed") for one in wanted]
    # Found by looking, not by a call that broke on the way.
    assert [one.detail for one in results if "did not come through" in one.detail] == []


@pytest.mark.parametrize("group", dict.fromkeys(one.name.partition(".")[0] for one in SCENARIOS))
def test_nothing_is_found_where_nothing_is(group: str, server: Server) -> None:
    results = list(run(chosen(SCENARIOS, [group]), server))
    assert [(one.scenario.name, one.detail) for one in results if one.outcome != "passed"] == []
    assert len(server.filed) >= sum(one.scenario.files for one in results if one.scenario.name not in _UNNUMBERED)
    assert server.tidy() <= len(server.filed)


def test_another_city_keeps_the_same_contract(tmp_path: Path) -> None:
    with Sandbox(city="cilegon") as running:
        own = running.credentials("conformance-app", _SCOPES, tmp_path)
        with connect(Config(**own.settings)) as server:
            results = list(
                run(chosen(SCENARIOS, ["security", "catalogue", "submit", "refusals", "lists.place"]), server)
            )
    lacking = [one.scenario.name for one in results if one.outcome == "skipped"]
    assert [(one.scenario.name, one.detail) for one in results if one.outcome == "failed"] == []
    assert lacking == ["submit.token", "submit.blackbox"]  # no such categories there
