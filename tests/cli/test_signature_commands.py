"""`egov signature`: requests as they went over the wire, explained."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import NIK, SECRET, Egov

from egov_serang import Config
from egov_serang.assembly import message_key
from egov_serang.signing.algorithms import signer
from egov_serang.signing.base import Message, signature_base
from egov_serang.signing.digests import content_digest
from egov_serang.signing.headers import read_input
from egov_serang.signing.messages import MessageSigner

ORIGIN = "https://gateway.example"
PATH = "/v1/identity/verifications"
BODY = json.dumps({"subject": {"nik": NIK}}).encode()


@pytest.fixture
def headers(environment: dict[str, str]) -> dict[str, str]:
    """Of a request the profile's key signed."""
    found = {
        "host": "gateway.example",
        "authorization": f"Bearer {SECRET}",
        "content-type": "application/json",
        "content-digest": content_digest([BODY]),
        "idempotency-key": "i-1",
        "x-request-id": "r-1",
    }
    key = message_key(Config.load(environment=environment))
    MessageSigner(signer(key)).sign("POST", ORIGIN + PATH, found, created=1_800_000_000)
    return found


@pytest.fixture
def kept(tmp_path: Path, headers: dict[str, str]) -> Path:
    """The request in a file."""
    file = tmp_path / "request.http"
    lines = [f"POST {PATH} HTTP/1.1", *(f"{name.title()}: {value}" for name, value in headers.items())]
    file.write_bytes("\r\n".join([*lines, "", ""]).encode() + BODY)
    return file


def test_a_request_that_holds_by_the_profiles_own_key_and_by_a_key_set(egov: Egov, kept: Path, tmp_path: Path) -> None:
    assert "holds" in egov("signature", "explain", str(kept)).stdout
    keys = tmp_path / "jwks.json"
    keys.write_text(egov("keys", "jwks").stdout, "utf-8")
    told = json.loads(egov("signature", "explain", "-", "--jwks", str(keys), "--json", stdin=kept.read_text()).stdout)
    assert (told["signature"], told["code"]) == ("holds", None)
    assert all(not row["differs"] for row in told["components"])


def test_what_a_proxy_changed_is_shown_on_both_sides(egov: Egov, kept: Path) -> None:
    result = egov("signature", "explain", str(kept), "--origin", "http://gateway.example:80")
    assert result.exit_code == 1
    line = next(line for line in result.stdout.splitlines() if "≠" in line)
    assert line.split() == ["≠", '"@target-uri"', f"http://gateway.example:80{PATH}", ORIGIN + PATH]
    assert "signature_wrong" in result.stdout


def test_a_changed_body_and_a_late_arrival(egov: Egov, kept: Path) -> None:
    late = egov("signature", "explain", str(kept), "--at", "1800009999", "--json")
    assert (late.exit_code, json.loads(late.stdout)["code"]) == (1, "clock_skew")
    kept.write_bytes(kept.read_bytes().replace(b"subject", b"Subject"))
    changed = egov("signature", "explain", str(kept), "--json")
    assert (changed.exit_code, json.loads(changed.stdout)["code"]) == (1, "digest")


def test_the_signers_base_next_to_ours(egov: Egov, kept: Path, headers: dict[str, str], tmp_path: Path) -> None:
    said = read_input(headers["signature-input"])
    base = tmp_path / "base.txt"
    base.write_text(signature_base(said.components, Message(headers, "POST", ORIGIN + PATH), said.params), "utf-8")
    kept.write_bytes(kept.read_bytes().replace(b"Idempotency-Key: i-1", b"Idempotency-Key: i-2"))
    told = json.loads(egov("signature", "explain", str(kept), "--base", str(base), "--json").stdout)
    assert [row for row in told["components"] if row["differs"]] == [
        {"component": '"idempotency-key"', "expected": "i-2", "found": "i-1", "differs": True}
    ]


@pytest.mark.parametrize(
    ("written", "word"),
    [
        (b"", "does not begin with"),
        (b"\x16\x03\x01", "does not begin with"),
        (b"GET /x HTTP/1.1\r\nno header\r\n\r\n", "headers"),
        (b"GET /x HTTP/1.1\r\n\r\n", "--origin"),
    ],
    ids=["empty", "tls", "no header", "no host"],
)
def test_what_is_no_request(egov: Egov, tmp_path: Path, written: bytes, word: str) -> None:
    file = tmp_path / "request.http"
    file.write_bytes(written)
    result = egov("signature", "explain", str(file))
    assert result.exit_code == 2
    assert word in result.stderr


def test_keys_that_are_none(egov: Egov, kept: Path, tmp_path: Path) -> None:
    keys = tmp_path / "jwks.json"
    keys.write_text('{"keys": [7, {"kty": "oct", "k": "AA"}]}', "utf-8")
    result = egov("signature", "explain", str(kept), "--jwks", str(keys))
    assert result.exit_code == 2
    assert "no public key" in result.stderr
    assert egov("signature", "explain", str(kept), "--jwks", str(tmp_path / "none")).exit_code == 2
