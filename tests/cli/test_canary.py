"""Proof 7 on the command line: a gateway that says everything back, and no command repeats it when it fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import ME, Egov
from tests.cli.everything import BORN, MAIL, NAME, PHONE, SESSION, STORY, Run, runs
from tests.scale import long

from egov_serang import Client, Config, Secret
from egov_serang.assembly.authentication import session_of
from egov_serang.auth.sessions import Session
from egov_serang.testing.faults import FaultServer, Peer, answer

TOKEN = "canary.access.token-3f9c"
REFRESH = "canary-refresh-token-77ab"
PRIVATE = (NAME, NAME.upper(), PHONE, PHONE[3:], MAIL, BORN, STORY, TOKEN, REFRESH)
REFUSALS = {
    400: "validation_failed",
    401: "token_invalid",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    422: "x",
}
MOST_TOLD = 422
"""The refusal that says most; the others run where there is time."""
SPOKEN = ((), ("--json", "--language", "id"))


def metadata(issuer: str) -> dict[str, str]:
    """Of an authorization server that people's programs find their way at."""
    names = ("authorization", "token", "device_authorization", "revocation", "pushed_authorization_request")
    return {"issuer": issuer, **{f"{name}_endpoint": f"{issuer}/oauth2/{name}" for name in names}}


def echo(status: int) -> object:
    """Grants programs a token; refuses everything else, and quotes all that it was told."""

    async def step(peer: Peer) -> None:
        request = peer.request
        if request.target.endswith("/oauth2/token") and b"client_assertion" in request.body:
            sent = answer(request, 200, json={"access_token": TOKEN, "token_type": "Bearer", "expires_in": 900})
        elif request.target.endswith("/.well-known/openid-configuration"):
            sent = answer(request, 200, json=metadata(f"http://{request.headers['host']}"))
        else:
            told = f"{request.body.decode('utf-8', 'replace')} {dict(request.headers.items())}"
            problem = {
                "type": told,
                "title": told,
                "status": status,
                "detail": told,
                "code": REFUSALS[status],
                "errors": [{"pointer": f"/{told}", "code": told, "detail": told}],
                "allowed_actions": [told],
            }
            headers = (("content-type", "application/problem+json"),)
            sent = answer(request, status, json=problem, headers=headers)
        await peer.send(b"".join(sent))

    return step


@pytest.fixture
def every(environment: dict[str, str], tmp_path: Path) -> dict[str, Run]:
    with Client(Config.load(environment=environment)) as client:
        return runs(client, tmp_path)


def keep(environment: dict[str, str], issuer: str) -> None:
    """The session of a person at this issuer, whose access token has expired."""
    config = Config.load(ME, environment=environment, gateway=issuer, issuer=issuer)
    sessions = session_of(config)[1]
    sessions.prepare()
    sessions.write(Session(Secret(TOKEN), Secret(REFRESH), 0.0, 900.0, "complaints:read"), "file")


@pytest.mark.parametrize("status", [pytest.param(one, marks=[] if one == MOST_TOLD else long) for one in REFUSALS])
def test_a_refusal_that_says_everything_back_shows_nothing_of_it(
    egov: Egov, environment: dict[str, str], every: dict[str, Run], status: int
) -> None:
    with FaultServer(default=echo(status)) as gateway:  # type: ignore[arg-type]
        where = {"EGOV_SERANG_GATEWAY": gateway.url, "EGOV_SERANG_ISSUER": gateway.url}
        for words, run in every.items():
            for options in SPOKEN:
                if words in SESSION:
                    keep(environment, gateway.url)
                before = len(gateway.requests)
                done = egov(*words.split(), *run.arguments, *options, stdin=run.stdin, **where)
                assert (len(gateway.requests) > before) == run.asks, words
                known = words == "keys check" and status == 403  # who is refused for a scope has keys that are known
                assert done.exit_code == (0 if known or not run.asks else 1), (words, done.stderr)
                shown = done.stdout + done.stderr
                assert [canary for canary in PRIVATE if canary in shown] == [], words
                assert shown.strip(), words
    assert any(TOKEN in request.headers.get("authorization", "") for request in gateway.requests)
    told = {request.target for request in gateway.requests if REFRESH.encode() in request.body}
    assert told == {"/oauth2/token", "/oauth2/revocation"}


@pytest.mark.parametrize("options", SPOKEN)
def test_no_command_shows_a_number_token_or_key_when_it_succeeds(
    egov: Egov, every: dict[str, Run], options: tuple[str, ...]
) -> None:
    for words, run in every.items():  # `egov` itself looks for numbers, tokens, keys and secrets
        done = egov(*words.split(), *run.arguments, *options, stdin=run.stdin)
        assert done.exit_code == 0, (words, done.stderr)
