"""Ids made of anything: each reaches the right route, as the server records it, or is refused before sending."""

from __future__ import annotations

import asyncio
import random

from tests.scale import scaled

from egov_serang import AsyncClient, Config, EgovError, Invalid, NotFound
from egov_serang.sandbox.server import Sandbox

ROUTE = "/v1/complaints/cases/{complaint_id}"
_KEYS_AND_TOKENS = ("/oauth2/token", "/.well-known/jwks.json")
NASTY = (
    *("..", ".", "%2e%2e", "%2E.", "..;", "../..", "a/../b", "a/transitions", "a%2Ftransitions", "//", "/", "\\"),
    *("..\\", "?x=1", "#f", "a b", " a", "a ", "a\tb", "a\nb", "\x00", "a;b", "%", "%25", "%252e", "+", "&", "="),
    *("@", ":", "*", "cases", "changes", "statistics", "ñ", "公", "\u202e", "\u2024\u2024", "．．", "\ud800"),
    *("%c0%ae", "a" * 600, ""),
)


def ids(count: int, seed: int) -> list[str]:
    """Reproducible ids: every nasty one, then mixtures of nasty pieces and ordinary text."""
    dice = random.Random(seed)
    alphabet = "abcXYZ019-_.~/\\%?#;:@&=+ \t\n\x7f'\"!()*,[]{}|^`<>é漢"
    made = list(NASTY)
    while len(made) < count:
        pieces = [
            dice.choice((dice.choice(NASTY), dice.choice(alphabet) * dice.randint(1, 3)))
            for _ in range(dice.randint(1, 5))
        ]
        made.append("".join(pieces))
    return made[:count]


def test_fuzzed_ids_never_reach_another_route(city: Config, sandbox: Sandbox) -> None:
    fuzzed = ids(scaled(10_000), seed=20261123)
    refused = reached = 0

    async def run() -> None:
        nonlocal refused, reached
        gate = asyncio.Semaphore(16)
        async with AsyncClient(city) as client:

            async def one(complaint_id: str) -> EgovError | None:
                async with gate:
                    try:
                        await client.complaints.get(complaint_id)
                    except EgovError as error:
                        return error
                return None

            for start in range(0, len(fuzzed), 500):
                before = len(sandbox.requests())
                outcomes = await asyncio.gather(*(one(each) for each in fuzzed[start : start + 500]))
                assert all(isinstance(outcome, Invalid | NotFound) for outcome in outcomes)
                sent = [outcome for outcome in outcomes if outcome is not None and outcome.sent != "no"]
                assert all(isinstance(outcome, NotFound) and outcome.status == 404 for outcome in sent)
                seen = [one for one in sandbox.requests()[before:] if one["route"] not in _KEYS_AND_TOKENS]
                assert [one["route"] for one in seen] == [ROUTE] * len(sent)
                reached += len(sent)
                refused += len(outcomes) - len(sent)

    asyncio.run(run())
    assert reached + refused == len(fuzzed)
    assert min(reached, refused) > len(fuzzed) // 10
    print(f"{len(fuzzed)} ids: {reached} reached their route, {refused} were refused before sending")
