"""From recorded results to ratios, tables and a picture."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from benchmarks.cases import BARE, FAST, HAND, LANES, OUR_HAND, Case, Place, cases, command
from benchmarks.plot import bars, described, draw, lines, spread
from benchmarks.profiling import by_function, by_package, driven
from benchmarks.ratios import Ratio, found, middle, paired, ratios
from benchmarks.table import END, START, grid, machine_line, render, rewrite
from hypothesis import given
from hypothesis import strategies as st
from tests.bench.results import line, results

PLACE = Place("http://plain", "http://signing", Path("/keys"))
ROUNDS = st.lists(st.floats(1, 1e6), min_size=1, max_size=9)


def test_neighbouring_rounds_are_compared_and_the_middle_counts() -> None:
    assert paired([2.0, 10.0, 9.0], [1.0, 10.0, 3.0]) == 2.0
    with pytest.raises(ValueError, match="as many rounds"):
        paired([1.0], [])
    with pytest.raises(ValueError, match="as many rounds"):
        paired([], [])


@given(ROUNDS, st.floats(0.01, 100))
def test_what_disturbs_both_alike_changes_no_ratio(rounds: list[float], noise: float) -> None:
    assert paired(rounds, rounds) == 1.0
    assert paired([each * noise for each in rounds], rounds) == pytest.approx(noise)


def test_the_budgets_of_a_run() -> None:
    judged = {ratio.what: ratio for ratio in ratios(results())}
    one = judged["one call (sync), CPU: egov-serang, lanes / bare httpx"]
    assert (one.value, one.limit, one.holds) == (1.0, 1.1, True)
    lanes = judged["64 in flight, rows/s: egov-serang, lanes / hand-written"]
    assert (lanes.value, lanes.limit, lanes.holds, lanes.by_cpu) == (5.0, 5.0, True, 5.0)
    fast = judged["64 in flight, rows/s: egov-serang, fast / hand-written"]
    assert (fast.value, fast.limit, fast.holds, fast.by_cpu) == (9.0, 20.0, False, 10.0)
    assert judged["sign, overhead over Ed25519: ours / http-message-signatures'"].holds
    assert not judged["verify, overhead over Ed25519: ours / http-message-signatures'"].holds
    assert len(judged) == 5, "what was not measured is not judged"


def test_a_floor_and_a_ceiling() -> None:
    assert Ratio("at most", 1.1, 1.1).holds
    assert not Ratio("at most", 1.11, 1.1).holds
    assert Ratio("at least", 5.0, 5.0, is_floor=True).holds
    assert not Ratio("at least", 4.99, 5.0, is_floor=True).holds
    assert not Ratio("at least", 38.0, 20.0, is_floor=True, by_cpu=11.0).holds


def test_what_the_system_did_not_say_is_unknown() -> None:
    hand = Case(HAND, 64, "asyncio")
    assert middle(results(), hand, "speed") == 400
    assert found(results(), hand, "served") is None
    assert middle(results(), Case("pyreqwest", 64, "asyncio"), "speed") is None


def test_the_tables() -> None:
    text = render(results())
    assert text.startswith("Commit abc1234, 2026-11-24, CPython 3.11.7, 2 cores A & B, Linux; loopback, the server on")
    assert "| 64 in flight, rows/s: egov-serang, fast / hand-written | 9 | at least 20 | **missed** | 10 |" in text
    assert "| one call (sync), CPU: egov-serang, lanes / bare httpx | 1 | at most 1.1 | pass |  |" in text
    assert "| sign, overhead over Ed25519: ours / http-message-signatures' | 1/32 | at most 1/15 | pass |  |" in text
    assert "| egov-serang, lanes | sync | 500 | 410 |" in text
    assert "| egov-serang, lanes | 2,400 |" in text
    assert "| egov-serang, lanes | 2,000 | 1,500 | 1,250 | 500 | 650 | 780 |" in text
    assert "Verifying is 161 of that" in text
    assert "| 64 | 40,000 | 12 |" in text
    assert "busiest under egov-serang, lanes, A: asyncio x64, answers signed, 16% of the time: it was never" in text


def test_a_server_that_was_the_limit_is_told() -> None:
    run = results()
    run["load"].append(line(Case("pyreqwest", 64, "uvloop"), [20_000] * 3, [40] * 3, [48] * 3))
    assert "under pyreqwest: uvloop x64, 96% of the time: **there it was the limit**" in render(run)


def test_a_busy_machine_is_told() -> None:
    run = results()
    assert "25% of all cores meanwhile: **a busy machine**" in machine_line(run)
    run["machine"]["others"] = 0.03
    assert "busy machine" not in machine_line(run)
    run["machine"]["others"] = None
    assert "Other programs" not in machine_line(run)


def test_a_grid() -> None:
    assert grid(["who", "n", "said"], [["a", "1", "yes"], ["b", "", "no"]]) == (
        "| who | n | said |\n| --- | ---: | --- |\n| a | 1 | yes |\n| b |  | no |"
    )


def test_tables_replace_those_between_the_marks_alone(tmp_path: Path) -> None:
    file = tmp_path / "RESULTS.md"
    file.write_text(f"before\n{START}old\n{END}after\n", "utf-8")
    rewrite(file, results())
    rewrite(file, results())
    assert file.read_text("utf-8") == f"before\n{START}{render(results())}{END}after\n"
    file.write_text(f"{END}{START}", "utf-8")
    with pytest.raises(ValueError, match="lacks the marks"):
        rewrite(file, results())


def test_the_bars_and_the_lines() -> None:
    shown = bars(results())
    assert [(bar.label, bar.kind, bar.speed, bar.times) for bar in shown] == [
        (HAND, "hand", 400, 1.0),
        ("httpx", "bare", 500, 1.25),
        (LANES, "ours", 2400, 6.0),
        (FAST, "ours", 4000, 10.0),
    ]
    assert described(shown[2:3]) == "egov-serang, lanes: 2,400 rows a second, 6.0 times"
    assert lines(results())["httpx"] == [(64, 500)]


def test_the_picture_is_svg_that_says_what_it_shows() -> None:
    drawn = draw(results())
    root = ET.fromstring(drawn)
    space = "{http://www.w3.org/2000/svg}"
    named = {each.get("id"): each.text for each in root}
    assert root.get("role") == "img"
    assert all(named[name] for name in (root.get("aria-labelledby") or "").split())
    texts = [each.text for each in root.iter(f"{space}text")]
    assert "4,000  (10.0x)" in texts
    assert "Commit abc1234, 2026-11-24, A & B; a busy machine: see the table for the ratios by CPU" in texts
    widths = {each.get("class"): float(each.get("width", "")) for each in root.iter(f"{space}rect")}
    assert widths["hand"] == pytest.approx(widths["ours"] / 10, abs=0.2)  # the last of ours is the longest
    assert "prefers-color-scheme: dark" in drawn


@given(st.dictionaries(st.text(max_size=4), st.floats(0, 500), min_size=1, max_size=12), st.floats(1, 30))
def test_labels_keep_their_distance_and_their_order(wanted: dict[str, float], gap: float) -> None:
    places = spread(wanted, gap)
    assert places.keys() == wanted.keys()
    placed = sorted(places.values())
    assert all(after - before >= gap - 1e-6 for before, after in itertools.pairwise(placed))
    order = sorted(wanted, key=lambda name: places[name])
    assert [wanted[name] for name in order] == sorted(wanted.values())


def test_labels_with_room_stay_where_they_are() -> None:
    assert spread({"a": 10.0, "b": 100.0, "c": 102.0}, 15) == {"a": 10.0, "b": 93.5, "c": 108.5}


def test_every_case_has_its_own_name_and_command() -> None:
    everything = cases((1, 64))
    assert len({case.key for case in everything}) == len(everything)
    assert len({tuple(command(case, 5, PLACE)) for case in everything}) == len(everything)
    assert {case.who for case in everything} == {HAND, LANES, FAST, *BARE}
    assert {case.in_flight for case in cases((8,)) if case.is_signing} == {8}


def test_a_given_script_is_run_as_it_is(tmp_path: Path) -> None:
    place = Place("http://plain", "http://signing", Path("/keys"), tmp_path)
    given_one = command(Case(HAND, 64, "asyncio"), 7, place)
    assert given_one[1:] == [str(tmp_path / "handwritten.py"), "http://plain", "7", "64", "sign"]
    ours = command(Case(OUR_HAND, 64, "asyncio"), 7, place)
    assert ours[1:] == ["-m", "benchmarks.opponent", "http://plain", "7", "64"]
    assert OUR_HAND in {case.who for case in cases((64,), given=True)}


def test_configurations_talk_to_the_server_that_signs() -> None:
    case = Case(FAST, 64, "uvloop", "C", is_signing=True)
    assert command(case, 7, PLACE)[2:] == [
        *["benchmarks.sdk", "http://signing", "7", "64", "/keys"],
        *["--transport", "fast", "--configuration", "C", "--loop", "uvloop"],
    ]


def test_the_sdk_is_also_driven_as_the_script_drives_itself() -> None:
    gathered = [case for case in cases((8, 64)) if case.is_gathered]
    assert [(case.who, case.in_flight) for case in gathered] == [(LANES, 64), (FAST, 64)]
    assert command(gathered[0], 7, PLACE)[-1] == "--gather"
    assert gathered[0].key == "egov-serang, lanes, A: asyncio x64, gathered"


def test_own_time_is_counted_where_it_was_spent() -> None:
    stacks = driven(
        [
            "main (sdk.py:9);call (drive.py:5);sign (egov_serang/signing/messages.py:7) 3",
            "main (sdk.py:9);call (drive.py:5);send (h11/_connection.py:70) 2",
            "main (sdk.py:9);_find (<frozen importlib._bootstrap>:1);load (drive.py:1) 50",
            "main (sdk.py:9);parse (argparse.py:8) 9",
        ]
    )
    assert by_package(stacks) == {"egov_serang/signing": 3, "h11": 2}
    assert by_function(stacks) == {"sign (egov_serang/signing/messages.py)": 3, "send (h11/_connection.py)": 2}
