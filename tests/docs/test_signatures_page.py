"""The page on signatures: its worked answer verifies, its codes and its output are those of the code."""

from __future__ import annotations

import re
from typing import Any

from tests.docs.pages import DOCS, blocks, shown_pattern

from egov_serang.signing.algorithms import public_key
from egov_serang.signing.base import Message, signature_base
from egov_serang.signing.keys import PrivateKey
from egov_serang.signing.messages import answer_components
from egov_serang.signing.verifier import MessageVerifier

PAGE = DOCS / "signatures.md"
WIRE = DOCS / "wire-by-hand.md"
SIGNING = DOCS.parent / "src" / "egov_serang" / "signing"


def block(page: Any, title: str) -> str:
    (found,) = (one.code.rstrip("\n") for one in blocks(page) if one.title == title)
    return found


def headers(page: Any, *titles: str) -> dict[str, str]:
    lines = [line for title in titles for line in block(page, title).splitlines()]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def test_the_worked_request_and_its_answer_verify() -> None:
    key: Any = PrivateKey(block(WIRE, "test key").encode())
    known = public_key(key.crypto.public_key(), key.keyid)
    verifier = MessageVerifier({known.keyid: known}.get, None)
    request = Message(headers(WIRE, "headers", "signature"), "POST", "https://gateway.example/v1/complaints/cases")
    assert verifier.request(request, block(WIRE, "body").encode(), now=1764000000).keyid == known.keyid
    answer = Message(headers(PAGE, "answer's headers"), status=201, request=request)
    verifier.answer(answer, block(PAGE, "answer's body").encode(), now=1764000001)
    params = answer.headers["signature-input"].removeprefix("egov=")
    base = signature_base(answer_components(answer.headers), answer, params)
    assert base == block(PAGE, "answer's signature base")


def test_every_code_of_the_verifier_is_in_the_table() -> None:
    text = PAGE.read_text("utf-8")
    table = text[text.index("### The order of checks") : text.index("### A worked example")]
    listed = [
        code
        for line in table.splitlines()
        if line.count("|") == 4
        for code in re.findall(r"`(\w+)`", line.split("|")[3])
    ]
    raised = {
        code
        for name in ("verifier", "headers", "base", "nonces")
        for code in re.findall(r'code="(\w+)"', (SIGNING / f"{name}.py").read_text("utf-8"))
    }
    assert raised - set(listed) == {"component_unknown"}  # the profile covers none such


def test_the_explanation_shown_is_what_is_printed(capsys: Any) -> None:
    names: dict[str, object] = {}
    for one in blocks(PAGE):
        if one.language == "python":
            exec(compile(one.code, str(PAGE), "exec", dont_inherit=True), names)
        if "error.explain()" in one.code:
            break
    printed = capsys.readouterr().out.splitlines()
    shown = next(one.code for one in blocks(PAGE) if one.language == "text" and "we built this" in one.code)
    for line, pattern in zip(printed[-len(shown.splitlines()) :], shown.splitlines(), strict=True):
        assert re.fullmatch(shown_pattern(pattern), line.strip()), (pattern, line)
