"""The page on speaking the wire by hand: its worked example is right, and its script does what it says."""

from __future__ import annotations

import base64
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from http_message_signatures import InvalidSignature, algorithms
from http_message_signatures.resolvers import MappingKeyResolver
from http_message_signatures.signatures import HTTPMessageVerifier
from joserfc.jwk import OKPKey
from tests.sandbox.peer import Message, components

from egov_serang.sandbox.profile import Profile
from egov_serang.sandbox.server import Sandbox

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "wire-by-hand.md"
SCRIPT = ROOT / "examples" / "curl.sh"
PROGRAMS = ("bash", "curl", "openssl")
URL = "https://gateway.example/v1/complaints/cases"


def block(title: str) -> str:
    """A block of the page, by its title."""
    found = re.search(rf'^```\w+ title="{title}"\n(.*?)\n```$', PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def headers(title: str) -> dict[str, str]:
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in block(title).splitlines())}


class Timeless(HTTPMessageVerifier):
    """The example was made long ago."""

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        return


def test_another_library_accepts_the_worked_request() -> None:
    key = OKPKey.import_key(block("test key"))
    known = MappingKeyResolver(public_keys={key.thumbprint(): key.public_key}, private_keys={})
    verifier = Timeless(signature_algorithm=algorithms.ED25519, key_resolver=known)
    message = Message("POST", URL, headers("headers") | headers("signature"), block("body").encode())
    (found,) = verifier.verify(message, max_age=None, expect_tag="egov-serang", expect_label="egov", body=message.body)
    assert [name.strip('"') for name in found.covered_components if name != '"@signature-params"'] == components(
        message
    )
    message.headers["x-request-id"] = "another"
    with pytest.raises(InvalidSignature):
        verifier.verify(message, max_age=None, expect_tag="egov-serang", expect_label="egov", body=message.body)


def test_the_worked_signature_is_that_of_the_base_the_page_shows() -> None:
    key = load_pem_private_key(block("test key").encode(), None)
    assert isinstance(key, Ed25519PrivateKey)
    base, shown = block("signature base"), headers("signature")
    assert base.splitlines()[-1] == '"@signature-params": ' + shown["signature-input"].removeprefix("egov=")
    assert shown["signature"] == f"egov=:{base64.b64encode(key.sign(base.encode())).decode()}:"


@pytest.fixture
def client(sandbox: Sandbox, tmp_path: Path) -> Profile:
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs " + ", ".join(missing))
    sandbox.reset()
    return sandbox.credentials("curl-app", ["complaints:read", "complaints:write"], tmp_path / "keys")


def run(client: Profile, folder: Path, *arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
    """The script as a reader runs it, with its temporary files in a folder we can look at."""
    folder.mkdir(exist_ok=True)
    given = {
        "GATEWAY": client.gateway,
        "CLIENT_ID": client.client_id,
        "KEY_FILE": str(client.key_file),
        "SIGNING_KEY_FILE": str(client.signing_key_file),
        "TMPDIR": str(folder),
    }
    environment = {**os.environ, **given, **changed}
    command = ["bash", str(SCRIPT), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_script_does_what_the_page_shows(client: Profile, sandbox: Sandbox, tmp_path: Path) -> None:
    done = run(client, tmp_path / "work")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == block("output")
    assert sandbox.counts()["complaints"] == 1
    seen = [
        (r["status"], r["signature"], r["replayed"])
        for r in sandbox.requests()
        if r["operation"] == "complaints.submit"
    ]
    assert seen == [(201, "valid", False), (401, "refused", False), (201, "valid", True)]
    assert list((tmp_path / "work").iterdir()) == []


def test_no_secret_is_an_argument_of_a_program(client: Profile, tmp_path: Path) -> None:
    log, shims = tmp_path / "arguments", tmp_path / "shims"
    shims.mkdir()
    for name in ("curl", "openssl", "awk", "od", "sed", "tr", "grep", "cat", "head", "tail"):
        shim = shims / name
        shim.write_text(f'#!/bin/sh\nprintf "%s\\n" "$0 $*" >> "{log}"\nexec "{shutil.which(name)}" "$@"\n')
        shim.chmod(shim.stat().st_mode | stat.S_IXUSR)
    done = run(client, tmp_path / "work", PATH=f"{shims}{os.pathsep}{os.environ['PATH']}")
    assert (done.returncode, done.stderr) == (0, "")
    arguments = log.read_text("utf-8")
    assert arguments.count("/curl ") == 6
    assert "/openssl pkeyutl" in arguments
    assert re.search(r"eyJ[\w-]+\.eyJ", arguments) is None  # how a token and an assertion begin
    for secret in ("Bearer", "PRIVATE", "Sampah"):
        assert secret not in arguments


def test_its_help_names_what_it_reads(client: Profile, tmp_path: Path) -> None:
    done = run(client, tmp_path / "work", "--help")
    assert done.returncode == 0
    for name in ("GATEWAY", "CLIENT_ID", "KEY_FILE", "SIGNING_KEY_FILE", "curl 7", "openssl 3"):
        assert name in done.stdout


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"CLIENT_ID": ""}, "CLIENT_ID is not set"),
        ({"KEY_FILE": "/no/such/file"}, "cannot read /no/such/file"),
        ({"GATEWAY": "http://127.0.0.1:1"}, "no gateway answers at http://127.0.0.1:1"),
        ({"CLIENT_ID": "nobody"}, "no token: invalid_client"),
        ({"SIGNING_KEY_ID": "unknown"}, "answered 401 signature_invalid: The keyid is not"),
    ],
)
def test_it_says_what_is_wrong(client: Profile, tmp_path: Path, changed: dict[str, str], said: str) -> None:
    done = run(client, tmp_path / "work", **changed)
    assert done.returncode == 1
    assert said in done.stderr
    assert list((tmp_path / "work").iterdir()) == []
