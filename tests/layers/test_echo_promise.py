"""What discovery says about the echo of request ids: asked once in 300 s, never where it is configured."""

from __future__ import annotations

from typing import Any

import pytest
from tests.layers.worlds import Sent, World, call, problem, respond

from egov_serang.assembly import Promises
from egov_serang.config import Config
from egov_serang.core.engine import Engine
from egov_serang.core.message import Headers, Response
from egov_serang.errors import UnexpectedReply
from egov_serang.layers.answers import Answers

DISCOVERY = "https://gateway.test/.well-known/smartcity-gateway"


class Silent:
    """A gateway that never echoes; its discovery document is given."""

    def __init__(self, world: World, document: Any, configured: bool | None = None) -> None:
        self.world = world
        self.document = document
        world.answers = [self._serve]
        config = Config(gateway="https://gateway.test", auth="none", signature="none", request_id_echo=configured)
        promise = Promises(config, lambda: self.engine).echo
        self.engine: Engine = world.engine(Answers(promise))

    def _serve(self, sent: Sent) -> Response:
        if sent.url == DISCOVERY:
            return respond(sent, *self.document)
        return Response(200, Headers([("content-type", "application/json")]), b"{}")

    @property
    def asked(self) -> int:
        return sum(sent.url == DISCOVERY for sent in self.world.sent)

    def get(self) -> int:
        return self.world.finish(self.engine, self.engine.perform(call())).status


def test_a_gateway_may_say_that_it_does_not_echo(world: World) -> None:
    gateway = Silent(world, (200, {"contract": "1.0", "request_id_echo": False}))
    assert [gateway.get() for _ in range(3)] == [200] * 3
    assert gateway.asked == 1
    world.runtime.clock += 299
    gateway.get()
    assert gateway.asked == 1
    world.runtime.clock += 2
    gateway.get()
    assert gateway.asked == 2


@pytest.mark.parametrize(
    "document",
    [(200, {"contract": "1.0", "request_id_echo": True}), (200, {"contract": "1.0"}), problem(404, "not_found")],
)
def test_a_gateway_that_says_nothing_has_promised_it(world: World, document: Any) -> None:
    gateway = Silent(world, document)
    with pytest.raises(UnexpectedReply, match="X-Request-Id"):
        gateway.get()
    assert gateway.asked == 1


@pytest.mark.parametrize("configured", [True, False])
def test_a_configured_answer_is_final(world: World, configured: bool) -> None:
    gateway = Silent(world, (200, {"contract": "1.0", "request_id_echo": not configured}), configured)
    if configured:
        with pytest.raises(UnexpectedReply):
            gateway.get()
    else:
        assert gateway.get() == 200
    assert gateway.asked == 0
