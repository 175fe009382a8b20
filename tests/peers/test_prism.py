"""Prism reads the published document and judges every request that the service tests send, as the SDK really sent it.

`.ci/run` installs Prism and names its program in `EGOV_SERANG_PRISM`.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock
from tests.peers.recorder import FILE, Sent, read
from tests.scale import long

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "contract" / "openapi.json"
PRISM = os.environ.get("EGOV_SERANG_PRISM", "")
SENDERS = ("tests/services", "tests/docs/test_pages.py::test_an_example_runs")
ONCE = "not tasks and not fast and not machine and not twenty_writers and not killed"
"""Of each test one run, in threads: the others send the same. What sends thousands of a kind shows nothing new."""
MALFORMED = {400, 405, 413, 415, 422}
"""What the sandbox itself took for malformed is sent on purpose: Prism may refuse it too."""
UNUSED = {
    "oauth.metadata": "the token endpoint is the issuer's",
    "oauth.openid_configuration": "the token endpoint is the issuer's",
    "oauth.device_authorization": "for people, not for machines",
    "oauth.revoke": "for people, not for machines",
    "oauth.par": "for people, not for machines",
    "oauth.userinfo": "for people, not for machines",
    "identity.applications.change": "no method yet",
    "identity.applications.result": "no method yet",
    "identity.civil_services.get": "no method yet",
    "notifications.cancel": "no method yet",
    "notifications.templates.get": "no method yet",
    "permits.applications.change": "no method yet",
    "permits.applications.fees": "no method yet",
    "permits.types.get": "no method yet",
}
"""Operations of the document that the SDK never calls."""


@pytest.fixture(scope="module")
def prism() -> Iterator[http.client.HTTPConnection]:
    """A connection to Prism, which knows nothing but the document."""
    if not PRISM:
        missing = "needs Prism: npm install in tests/peers, then EGOV_SERANG_PRISM=.../node_modules/.bin/prism"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [PRISM, "mock", "--errors", "-h", "127.0.0.1", "-p", str(port), str(DOCUMENT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        assert server.stdout is not None
        try:
            for line in server.stdout:
                if "is listening" in line:
                    break
            else:
                pytest.fail("Prism did not start")
            threading.Thread(target=server.stdout.read, daemon=True).start()  # a full pipe would hold Prism up
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
                yield connection
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> list[Sent]:
    """What the service tests and the examples send, in one run for all workers, on the default transport."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    path = shared / "requests.jsonl"
    with FileLock(shared / "requests.lock"):
        if not path.exists():
            record(shared / "requests.part").rename(path)
    return [sent for sent in read(path) if is_judged(sent)]


def record(path: Path) -> Path:
    """Make that run."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "tests.peers.recorder", *SENDERS]
    command += ["-k", ONCE]
    command.append("--ignore=tests/services/test_large_files.py")  # its requests are test_uploads.py's, only longer
    environment = {**os.environ, FILE: str(path), "EGOV_SERANG_SOAK": "0.005"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    return path


def is_judged(sent: Sent) -> bool:
    """Whether the SDK sent it to the gateway, and all of it arrived: Prism would wait for the rest."""
    ours = not sent.header("user-agent").startswith("python-httpx") and not sent.target.startswith("/open311/")
    return ours and len(base64.b64decode(sent.body)) == int(sent.header("content-length") or "0")


def verdict(prism: http.client.HTTPConnection, sent: Sent) -> str | None:
    """What Prism finds wrong with a request; None where nothing."""
    prism.putrequest(sent.method, sent.target, skip_host=True, skip_accept_encoding=True)
    for name, value in sent.headers:
        prism.putheader(name, value)
    if sent.operation == "complaints.download":
        prism.putheader("prefer", "code=404")  # Prism judges the request all the same, but cannot make up a picture
    prism.endheaders(base64.b64decode(sent.body))
    with prism.getresponse() as answer:
        body = answer.read()
        found = answer.headers.get("sl-violations")
    if found is not None or b"stoplight.io/prism/errors#" in body:
        return f"{sent.method} {sent.operation} ({sent.status}): {answer.status} {found or ''} {body[:600]!r}"
    return None


def unsigned_on_purpose(sent: Sent) -> bool:
    """Refused for the signature it lacks: Prism knows that it must have one too."""
    return sent.status == 401 and sent.target.startswith("/v1/") and not sent.header("signature")


def test_prism_finds_nothing_wrong_with_what_the_sdk_sends(
    prism: http.client.HTTPConnection, requests: list[Sent]
) -> None:
    good = [sent for sent in requests if sent.status not in MALFORMED and not unsigned_on_purpose(sent)]
    found = [broken for sent in good if (broken := verdict(prism, sent)) is not None]
    assert not found, f"{len(found)} of {len(good)}:\n" + "\n".join(found[:10])
    wrong = [sent for sent in requests if sent.status in MALFORMED]
    refused = sum(verdict(prism, sent) is not None for sent in wrong)
    assert len(good) > 300
    assert len(wrong) < len(good) // 10
    print(f"{len(good)} requests, 0 violations; of {len(wrong)} wrong on purpose Prism refused {refused}")


@long
def test_every_operation_of_the_sdk_was_judged(requests: list[Sent]) -> None:
    paths = json.loads(DOCUMENT.read_text("utf-8"))["paths"]
    documented = {operation["operationId"] for methods in paths.values() for operation in methods.values()}
    judged = Counter(sent.operation for sent in requests if sent.status not in MALFORMED)
    assert documented - set(judged) == set(UNUSED)


def _submission(requests: list[Sent]) -> Sent:
    return next(sent for sent in requests if (sent.operation, sent.status) == ("complaints.submit", 201))


def _with_body(sent: Sent, **fields: object) -> Sent:
    body = json.loads(base64.b64decode(sent.body)) | fields
    raw = json.dumps({name: value for name, value in body.items() if value is not None}).encode()
    headers = [(name, str(len(raw)) if name == "content-length" else value) for name, value in sent.headers]
    return replace(sent, headers=headers, body=base64.b64encode(raw).decode())


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"description": None}, "required"),
        ({"lat": "six"}, "lat"),
        ({"visibility": "secret"}, "visibility"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_prism_refuses_a_wrong_body(
    prism: http.client.HTTPConnection, requests: list[Sent], fields: dict[str, object], word: str
) -> None:
    submission = _submission(requests)
    assert verdict(prism, _with_body(submission)) is None
    found = verdict(prism, _with_body(submission, **fields))
    assert found is not None
    assert word in found


@pytest.mark.parametrize("header", ["idempotency-key", "signature", "signature-input", "authorization", "x-request-id"])
def test_prism_refuses_a_request_without(prism: http.client.HTTPConnection, requests: list[Sent], header: str) -> None:
    submission = _submission(requests)
    headers = [(name, value) for name, value in submission.headers if name != header]
    assert verdict(prism, replace(submission, headers=headers)) is not None
