"""The stage on which a case is played: a gateway with its fault, a client, and what must hold after each call."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.faults.matrix.cases import Case, Trust
from tests.faults.matrix.worlds import Driver, Outcome, World
from tests.layers.keys import ed25519_pem

from egov_serang import Config, Secret
from egov_serang.testing.faults import FaultGateway, Step, serve
from egov_serang.testing.faults.certificates import Authority, serving

BOUND: Final = 60
"""Seconds after which a case is said to hang. The longest takes about two."""


def played(case: Case, world: World, folder: Path) -> Outcome:
    """Play a case; it must end, whatever happens."""
    return within_bound(lambda: _play(case, world, folder))


def within_bound(work: Callable[[], Outcome]) -> Outcome:
    """The outcome of work that must not hang."""

    def say(_: int, __: object) -> None:
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, say)
    signal.alarm(BOUND)
    try:
        return work()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _play(case: Case, world: World, folder: Path) -> Outcome:
    with ExitStack() as stack:
        gateway = stack.enter_context(_gateway(case, folder))
        # Where the gateway itself cannot be reached there must still be somebody to ask for a token.
        elsewhere = case.address is not None or case.trust is not None
        issuer = stack.enter_context(FaultGateway()) if elsewhere else gateway
        config = signed(gateway, folder, **case.options)
        config = replace(config, gateway=_address(case, gateway, stack), issuer=issuer.url)
        if case.trust is not None:
            config = replace(config, ca_file=authority(folder, "authority").ca_file)
        driver = stack.enter_context(world.client(config))
        if case.warm:
            assert driver.call("read").outcome == "success"
        if case.prepare is not None:
            case.prepare(gateway, driver)
        outcome = driver.call(case.call)
        held = replace(outcome, effects=gateway.effects)
        if case.outlives:
            gateway.hang_up()
            driver.until_at_rest()
        settled(driver, gateway)
        if not elsewhere:
            gateway.heal()
            answers_again(driver)
        return held


@contextmanager
def _gateway(case: Case, folder: Path) -> Iterator[FaultGateway]:
    fault = serve if case.step is None else case.step()
    first = [] if not case.warm else [serve if case.first is None else case.first()]
    script: list[Step] = [*first, fault]
    tls = None
    if case.trust is not None:
        tls = serving(certificate(folder, case.trust), old=case.trust == "old")
    with FaultGateway(
        *script,
        default=fault if case.times == "always" else None,
        accepted=None if case.accepted is None else case.accepted(),
        tls=tls,
        host=case.host,
    ) as gateway:
        for path, steps in case.on.items():
            made = [step() for step in steps]
            gateway.on(path, *made, *(made[-1:] * 10))
        yield gateway


@cache
def authority(folder: Path, name: str) -> Authority:
    """Whom the client trusts (`authority`), and another one."""
    return Authority(folder, name)


@cache
def certificate(folder: Path, trust: Trust) -> Path:
    """The certificate a gateway shows, made once for a folder."""
    signer = authority(folder, "nobody" if trust == "unknown" else "authority")
    address = "127.0.0.99" if trust == "other host" else "127.0.0.1"
    return signer.certificate(trust, address=address, days=-1 if trust == "expired" else 1)


def _address(case: Case, gateway: FaultGateway, stack: ExitStack) -> str:
    if case.address is None:
        return gateway.url
    if isinstance(case.address, str):
        return case.address if "://" in case.address else gateway.url.replace("http", case.address)
    return stack.enter_context(case.address())


@cache
def _key(folder: Path) -> Path:
    path = folder / "message.pem"
    path.write_bytes(ed25519_pem())
    return path


def signed(gateway: FaultGateway, folder: Path, **options: Any) -> Config:
    """The configuration of a client that signs; it gives up on a call after 10 s."""
    settings: dict[str, Any] = {**gateway.settings, "client_secret": Secret("of-a-test"), "deadline": 10.0}
    settings |= {"signature": "rfc9421", "signing_key_file": _key(folder), **options}
    return Config(**settings)


def settled(driver: Driver, gateway: FaultGateway) -> None:
    """What must hold when a call has ended, however it did: no lane leaks, no duplicate, nothing sent twice alike."""
    assert driver.count.busy == 0
    assert max(gateway.desk.effects.values(), default=0) <= 1
    for name in ("x-request-id", "signature"):
        seen = [request.headers[name] for request in gateway.calls]
        assert len(set(seen)) == len(seen), f"{name} is not new for each transmission"
    keys = {request.headers["idempotency-key"] for request in gateway.calls if request.method == "POST"}
    assert len(keys) <= 1, "one write has one key"


def answers_again(driver: Driver) -> None:
    """The client is as good as new: the next call gets its own answer, at once."""
    after = driver.call("read", "c-next")
    assert after == Outcome("success", "yes", 1), after
    assert driver.count.busy == 0
