"""Every command: its help, its table, its JSON, and the mistakes one can make with it. None can be forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import NAME, NIK, Egov
from tests.cli.everything import LOCAL, PHOTO, WHY, Run, leaves, runs
from typer.testing import Result

from egov_serang import Client, Config

LEAVES = dict(leaves())
EVERY = pytest.mark.parametrize("words", LEAVES)
LISTS = {
    *("identity civil-services", "identity applications list", "identity applications history"),
    *("complaints services", "complaints list", "complaints updates", "complaints duplicates", "complaints changes"),
    *("permits types", "permits list", "outbox list"),
    *("notifications templates", "notifications list", "notifications announcements"),
}


@pytest.fixture
def every(environment: dict[str, str], tmp_path: Path) -> dict[str, Run]:
    """A run of each command in a city where there is something to act on."""
    with Client(Config.load(environment=environment)) as client:
        return runs(client, tmp_path)


def test_none_is_left_out(every: dict[str, Run]) -> None:
    assert set(every) | LOCAL == set(LEAVES)
    assert {words for words in LEAVES if words.endswith(("list", "s", "history"))} >= LISTS


def test_every_help_names_what_the_command_takes_and_what_each_of_it_means(egov: Egov) -> None:
    for words, command in LEAVES.items():
        done = egov(*words.split(), "--help", COLUMNS="100", NO_COLOR="1", TERM="dumb")
        assert (done.exit_code, done.stderr) == (0, ""), words
        assert "\x1b" not in done.stdout
        shown = " ".join(done.stdout.replace("│", " ").split())
        assert shown.startswith("Usage: "), words
        assert command.help.split("\n")[0].split(".")[0] in shown, words
        for parameter in command.params:
            name = parameter.opts[0] if parameter.param_type_name == "option" else (parameter.metavar or parameter.name)
            assert name in shown, (words, name)
            assert parameter.help.split()[0] in shown, (words, name)


def test_every_command_gives_a_table_and_json(egov: Egov, every: dict[str, Run]) -> None:
    for words, run in every.items():
        for json_wanted in (True, False) if words in LISTS or "show" in words else (True,):
            options = ("--json",) if json_wanted else ()
            done = egov(*words.split(), *run.arguments, *options, stdin=run.stdin)
            assert done.exit_code == 0, (words, done.stderr)
            assert done.stdout.strip(), words
            found = [_json(line) for line in done.stdout.splitlines()]
            if json_wanted:
                assert all(isinstance(document, dict) for document in found), words
                assert len(found) == 1 or words in LISTS, words
            else:
                assert not any(isinstance(document, dict) for document in found), words


def _json(line: str) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None


@EVERY
def test_an_option_nobody_knows_is_an_error_of_use(egov: Egov, words: str) -> None:
    done = egov(*words.split(), "--no-such-option", NIK)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "--no-such-option" in done.stderr
    assert f"{words} --help" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    "words", [words for words, command in LEAVES.items() if any(p.required for p in command.params)]
)
def test_what_is_missing_is_named(egov: Egov, words: str) -> None:
    done = egov(*words.split())
    assert done.exit_code == 2
    assert "Missing" in done.stderr
    first = next(p for p in LEAVES[words].params if p.required)
    assert (first.opts[0] if first.param_type_name == "option" else first.metavar or first.name) in done.stderr


def test_a_persons_number_is_refused_wherever_an_argument_is_wanted(egov: Egov, every: dict[str, Run]) -> None:
    first = {words: [p for p in LEAVES[words].params if p.param_type_name == "argument"][:1] for words in every}
    taking = [words for words, found in first.items() if found and found[0].metavar != "FILE"]
    assert len(taking) > 20
    for words in taking:
        done = egov(*words.split(), NIK, *every[words].arguments[1:], stdin=every[words].stdin)
        _refused_number(done)
    for written in ("9973.0101.0190.0000", f"NIK saya {NIK}.", f"reference={NIK}"):
        _refused_number(egov(*SUBMIT, written))
        _refused_number(egov(*SEND, "--subject-ref", "s", "--field", written))
    shown = egov(*START, f"{NIK}.json").stderr  # a file's name may have any digits; it is masked all the same
    assert "never an argument" not in shown
    assert "cannot be read" in " ".join(shown.replace("│", " ").split())


def _refused_number(done: Result) -> None:
    assert done.exit_code == 2, done.stdout
    assert "never an argument" in " ".join(done.stderr.replace("│", " ").split())
    assert "9973" not in done.stderr


SUBMIT = ("complaints", "submit", "jalan_rusak")
SEND = ("notifications", "send", "complaint-resolved-sms")
START = ("permits", "start", "TDU-PKL", "--applicant")
VERIFY = ("identity", "verify", *WHY, "--nik")
MISTAKES: dict[str, tuple[tuple[str, ...], str, str]] = {
    "a number that is none": (("complaints", "list", "--limit", "many"), "", "--limit"),
    "a number below the least": (("complaints", "list", "--limit", "-1"), "", "--limit"),
    "a time without a zone": (("complaints", "list", "--updated-after", "2026-11-23T08:00:00"), "", "zone"),
    "half a place": ((*SUBMIT, "x", "--lat", "-6.1"), "", "belong together"),
    "a place off the earth": ((*SUBMIT, "x", "--lat", "-96", "--long", "106"), "", "--lat"),
    "a language nobody speaks here": (("permits", "types", "--language", "fr"), "", "--language"),
    "no time at all": (("permits", "types", "--deadline", "0"), "", "--deadline"),
    "a file that is not there": ((*START, "there-is-none.json"), "", "No such file"),
    "a folder for a file": ((*START, "."), "", "directory"),
    "a folder for a photo": ((*SUBMIT, "x", "--photo", "tests"), "", "tests"),
    "nothing on standard input": ((*START, "-"), "", "--applicant"),
    "no number on standard input": ((*VERIFY, "-"), "", "--nik"),
    "no words on standard input": ((*SUBMIT, "-"), "\n", "description"),
    "no JSON": ((*START, "-"), f"name: {NAME}", "not JSON"),
    "JSON of another kind": ((*START, "-"), f'["{NAME}"]', "JSON object"),
    "JSON cut off": ((*START, "-"), f'{{"name": "{NAME}', "not JSON"),
    "a field nobody knows": ((*SEND, "--recipient", "-"), f'{{"{NAME}": "x"}}', "not known"),
    "a field of the wrong kind": ((*SEND, "--recipient", "-"), f'{{"phone": "{NAME}"}}', "phone"),
    "a pair without a value": (
        (*SEND, "--recipient", "-", "--field", "x"),
        '{"email": "a@example.invalid"}',
        "name=value",
    ),
    "nobody to send to": (SEND, "", "--recipient"),
    "standard input twice": ((*VERIFY, "-", "--attributes", "-"), NIK, "only once"),
    "a number with a digit too many": ((*VERIFY, "-"), NIK + "1", "16 digits"),
    "a file that cannot be written": (("complaints", "download", "c", "m", "-o", "/proc/none"), "", "c"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_and_sends_nothing(egov: Egov, mistake: str) -> None:
    arguments, stdin, named = MISTAKES[mistake]
    done = egov(*arguments, stdin=stdin)
    assert done.exit_code == (1 if mistake == "a file that cannot be written" else 2), done.stderr
    assert done.stdout == ""
    assert named in " ".join(done.stderr.replace("│", " ").split())


def test_a_file_that_is_no_text_and_one_that_is_too_large(egov: Egov, tmp_path: Path) -> None:
    binary, large = tmp_path / "binary.json", tmp_path / "large.png"
    binary.write_bytes(b"\xff\xfe{}")
    assert "UTF-8" in egov(*START, str(binary)).stderr
    with large.open("wb") as file:
        file.write(PHOTO.read_bytes())
        file.truncate(257 * 1024 * 1024)
    done = egov(*SUBMIT, "Lubang.", "--area", "36.73.01.1001", "--photo", str(large))
    assert done.exit_code in {1, 2}, done.stdout
    assert done.stdout == ""
    assert "large" in done.stderr
