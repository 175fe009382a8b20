"""The rows that take more than a fault and a call: late answers, full lanes, storms, forks, signals, moved names."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from unittest import mock

from tests.faults.matrix.stage import answers_again, settled, signed
from tests.faults.matrix.worlds import Driver, Kind, Outcome, World

from egov_serang import EgovError
from egov_serang.testing.faults import FaultGateway, hang, late

_HERE: Final = Path(__file__).parent
_ROOT: Final = _HERE.parents[2]
_STORM: Final = 400


@dataclass(frozen=True)
class Scenario:
    """One row's own play; gives the outcome of the call the row is about."""

    row: int
    fault: str
    call: Kind
    play: Callable[[World, Path], Outcome]
    only: tuple[str, ...] = ()
    """Names of the worlds it can be played in; all of them when empty."""
    why: str = ""
    """Why not in the others."""

    @property
    def name(self) -> str:
        return f"{self.row:02d}-{self.fault}-{self.call}".replace(" ", "_")


def late_answer(world: World, folder: Path) -> Outcome:
    """The answer comes when the client has given up on it and asked again: nobody gets it."""
    now = threading.Event()
    with FaultGateway(late(now)) as gateway, world.client(signed(gateway, folder, read=0.3)) as driver:
        outcome = driver.call("write")
        now.set()
        assert gateway.wait_for_step(3), "the token, the late answer, the other one"
        settled(driver, gateway)
        answers_again(driver)
        return replace(outcome, effects=gateway.effects)


def full(world: World, folder: Path) -> Outcome:
    """All connection slots are taken by a call that hangs."""
    with FaultGateway(hang()) as gateway, world.client(signed(gateway, folder, slots=1)) as driver:
        held = len(gateway.requests) + 2  # a token, and the call that hangs

        def impatient() -> Outcome:
            short = Driver(driver.client.with_options(deadline=0.5), driver.runner)
            return short.call("write")

        if driver.runner is None:
            holder = threading.Thread(target=driver.call, args=("read",))
            holder.start()
            assert gateway.wait_for(held)
            outcome = impatient()
            gateway.hang_up()
            holder.join()
        else:

            async def both() -> Outcome:
                holding = asyncio.create_task(driver.work("read"))
                assert await asyncio.to_thread(gateway.wait_for, held)
                try:
                    await driver.client.with_options(deadline=0.5).raw.complaints.submit("jalan_rusak", "Jalan.")
                except EgovError as error:
                    outcome = Outcome.of(error)
                else:
                    outcome = Outcome("success", "yes", 1)
                gateway.hang_up()
                await asyncio.gather(holding, return_exceptions=True)
                return outcome

            outcome = driver.runner.run(both())
        settled(driver, gateway)
        answers_again(driver)
        return replace(outcome, effects=gateway.effects)


def storm(world: World, folder: Path) -> Outcome:
    """Forty callers give up within 30 ms, again and again, ten slots between them."""
    dice = random.Random(39)
    with FaultGateway() as gateway, world.client(signed(gateway, folder, slots=10)) as driver:
        driver.call("read")
        moments = [dice.random() * 0.03 for _ in range(_STORM)]
        if driver.runner is None:
            _threads(driver, moments)
        else:
            driver.runner.run(_tasks(driver, moments))
        driver.until_at_rest()
        outcome = driver.call("write")
        settled(driver, gateway)
        for _ in range(3):
            answers_again(driver)
        return replace(outcome, effects=gateway.effects)


def _threads(driver: Driver, moments: list[float]) -> None:
    """Threads cannot be cancelled: their calls have deadlines of those moments."""

    def work(mine: list[float]) -> None:
        for moment in mine:
            with suppress(EgovError):
                driver.client.with_options(deadline=moment + 0.0001).complaints.get("c-read")

    workers = [threading.Thread(target=work, args=(moments[start::40],)) for start in range(40)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


async def _tasks(driver: Driver, moments: list[float]) -> None:
    async def work(mine: list[float]) -> None:
        for moment in mine:
            call = asyncio.create_task(driver.work("read"))
            await asyncio.sleep(moment)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)

    await asyncio.gather(*(work(moments[start::40]) for start in range(40)))


def fork(world: World, folder: Path) -> Outcome:
    """A process that has used a client forks, and its child uses it too; then the parent again."""
    with FaultGateway() as gateway:
        told = _script("forked", world, signed(gateway, folder))
        of_child = told["child"]
        assert told["parent"] == ["success", "yes", 1]
        if of_child[0] == "success":
            parent, child, again = (seen.connection for seen in gateway.calls)
            assert parent == again != child, "parent and child must not share a connection"
        return Outcome(*of_child, effects=gateway.effects - 2)  # the parent made two calls


def interrupted(world: World, folder: Path) -> Outcome:
    """Ctrl-C while an answer is awaited; the client goes on afterwards."""
    with FaultGateway(hang()) as gateway:
        told = _script("interrupted", world, signed(gateway, folder), lambda pid: _interrupt(gateway, pid))
        assert told["again"] == ["success", "yes", 1]
        assert told["busy"] == 0 or world.transport == "fast"  # there an interrupted task's request keeps its slot
        return Outcome(told["outcome"], "-", 1, gateway.effects - 1)  # and the call afterwards


def _interrupt(gateway: FaultGateway, pid: int) -> None:
    assert gateway.wait_for(2, 30)
    os.kill(pid, signal.SIGINT)


def _script(name: str, world: World, config: Any, meanwhile: Callable[[int], None] = lambda _: None) -> dict[str, Any]:
    """Run a script of its own process, which must end by itself, silently."""
    told = json.dumps([config.gateway, str(config.signing_key_file), world.flow, world.transport])
    command = [sys.executable, "-W", "error", "-m", f"tests.faults.matrix.{name}", told]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            meanwhile(process.pid)
            out, said = process.communicate(timeout=30)
        except BaseException:
            process.kill()
            raise
    assert process.returncode == 0, said
    assert said == ""
    result: dict[str, Any] = json.loads(out)
    return result


def moved(world: World, folder: Path) -> Outcome:
    """The name leads to another machine now, and the one that was there has gone."""
    with ExitStack() as stack:
        new = stack.enter_context(FaultGateway(host="127.0.0.2"))
        with FaultGateway(port=new.port) as old, _resolving() as address:
            driver = stack.enter_context(
                world.client(replace(signed(old, folder), gateway=f"http://localhost:{old.port}", issuer=old.url))
            )
            assert driver.call("read").outcome == "success"
            new.desk.trust(old.desk)
            address[0] = "127.0.0.2"
            old.hang_up()
            assert old.wait_for_close(old.connections)
            outcome = driver.call("write")
            assert old.effects == 0
        settled(driver, new)
        return replace(outcome, effects=new.effects)


@contextmanager
def _resolving() -> Iterator[list[str]]:
    """Have the name of this machine lead to an address that can be changed."""
    address = ["127.0.0.1"]
    real = socket.getaddrinfo

    def resolved(host: Any, *arguments: Any, **more: Any) -> Any:
        return real(address[0] if host in {"localhost", b"localhost"} else host, *arguments, **more)

    with mock.patch("socket.getaddrinfo", resolved):
        yield address


def proxied(world: World, folder: Path) -> Outcome:
    """The environment names a proxy that is not there."""
    names = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
    with (
        mock.patch.dict(os.environ, dict.fromkeys(names, "http://127.0.0.1:9")),
        FaultGateway() as gateway,
        world.client(signed(gateway, folder)) as driver,
    ):
        outcome = driver.call("write")
        settled(driver, gateway)
        return replace(outcome, effects=gateway.effects)


SCENARIOS: Final = (
    Scenario(36, "answer after the client gave up on it", "write", late_answer),
    Scenario(38, "all slots busy to the deadline", "write", full),
    Scenario(39, "a storm of calls given up", "write", storm),
    Scenario(40, "fork after use, in the child", "write", fork),
    Scenario(41, "Ctrl-C while an answer is awaited", "write", interrupted),
    Scenario(
        42,
        "the name leads elsewhere now",
        "write",
        moved,
        only=("sync lanes", "async lanes"),
        why="pyreqwest asks a resolver of its own",
    ),
    Scenario(42, "a dead proxy in the environment", "write", proxied),
)
