"""Lanes at rest: the last in comes first out, those at the bottom grow old."""

from __future__ import annotations

from dataclasses import dataclass

import httpcore

from egov_serang.transport.anetwork import AsyncWire
from egov_serang.transport.outgoing import Address
from egov_serang.transport.stack import Keep, Lane, Stacks

ONE = Address(b"https", b"a.id", 443, b"a.id")
OTHER = Address(b"https", b"b.id", 443, b"b.id")


@dataclass
class Line:
    quiet: bool = True
    open: bool = True

    def is_quiet(self) -> bool:
        return self.quiet

    def rest(self) -> None:
        pass

    def cut(self) -> None:
        self.open = False


class Connection:
    def is_idle(self) -> bool:
        return True


FakeLane = Lane[Connection, Line]


def lane(address: Address = ONE) -> FakeLane:
    return Lane(address, Connection(), Line())


def test_last_in_first_out_for_each_address() -> None:
    stacks: Stacks[FakeLane] = Stacks()
    first, second, third = lane(), lane(), lane(OTHER)
    for each in (first, second, third):
        stacks.push(each)
    assert len(stacks) == 3
    assert [stacks.pop(ONE), stacks.pop(ONE), stacks.pop(ONE), stacks.pop(OTHER)] == [second, first, None, third]


def test_the_unfit_are_closed_on_the_way() -> None:
    stacks: Stacks[FakeLane] = Stacks()
    good, bad = lane(), lane()
    stacks.push(good)
    stacks.push(bad)
    bad.line.quiet = False
    assert stacks.pop(ONE) is good
    assert (bad.line.open, good.line.open) == (False, True)


def test_those_at_the_bottom_that_rested_too_long_are_closed() -> None:
    stacks: Stacks[FakeLane] = Stacks(Keep(idle=30.0))
    old, new = lane(), lane()
    stacks.push(old)
    old.rested -= 31.0
    stacks.push(new)
    assert (len(stacks), old.line.open) == (1, False)


def test_a_lane_condemned_at_its_work_is_not_used_again() -> None:
    stacks: Stacks[FakeLane] = Stacks()
    resting, working = lane(), lane()
    stacks.push(resting)
    stacks.condemn(resting)
    stacks.condemn(working)
    assert (len(stacks), resting.line.open, working.line.open) == (0, False, True)
    assert not working.is_fit()


def test_httpcore_still_has_the_locks_that_lanes_replace() -> None:
    origin = httpcore.Origin(b"http", b"a.id", 80)
    assert hasattr(httpcore.AsyncHTTPConnection(origin), "_request_lock")
    assert hasattr(httpcore.AsyncHTTP11Connection(origin, AsyncWire()), "_state_lock")
