"""Standard Webhooks both ways against npm standardwebhooks: each takes what the other signs, none what was changed."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.peers.node import folder as installed

from egov_serang.errors import SignatureInvalid
from egov_serang.signing.webhooks import WebhookSigner, WebhookVerifier
from egov_serang.types import Secret

COUNT = 300
NASTY = [
    "",
    " ",
    "\n",
    "{}",
    "null",
    '"',
    "\\",
    "\x00\x01\x7f",
    "\u2028\u2029",
    "\ufeff{}",
    "😀🇮🇩",
    "é" * 3,
    "a.b.c",
    "1.2",
]
IDS = "".join(map(chr, range(0x21, 0x7F))).replace(".", "")


class Signed(NamedTuple):
    """A delivery."""

    secret: str
    headers: dict[str, str]
    body: bytes


@pytest.fixture(scope="module")
def folder() -> Path:
    return installed("standardwebhooks", "standardwebhooks", "EGOV_SERANG_STANDARDWEBHOOKS")


def ask(folder: Path, verify: list[Signed], sign: list[dict[str, Any]]) -> dict[str, Any]:
    asked = {"verify": [one._asdict() | {"body": base64.b64encode(one.body).decode()} for one in verify], "sign": sign}
    command = ["node", str(folder / "peer.mjs")]
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def secret(chance: random.Random) -> str:
    return "whsec_" + base64.b64encode(chance.randbytes(chance.randint(24, 64))).decode()


def body(chance: random.Random) -> bytes:
    """Odd ones too; well-formed UTF-8, since the peer reads bodies as text."""
    texts = [chance.choice(NASTY) for _ in range(chance.randint(0, 4))]
    if chance.random() < 0.2:
        return "".join(texts).encode()
    return json.dumps({"id": chance.random(), "data": texts}, ensure_ascii=chance.random() < 0.5).encode()


def messages() -> list[tuple[str, str, bytes]]:
    """Secret, id and body of each."""
    chance = random.Random(9421)
    return [(secret(chance), "".join(chance.choices(IDS, k=chance.randint(1, 60))), body(chance)) for _ in range(COUNT)]


def ours(key: str, name: str, content: bytes, *, at: float) -> Signed:
    return Signed(key, WebhookSigner(Secret(key)).sign(name, content, at=at), content)


def holds(delivery: Signed, now: float) -> bool:
    try:
        WebhookVerifier(Secret(delivery.secret)).verify(delivery.headers, delivery.body, now=now)
    except SignatureInvalid:
        return False
    return True


def test_what_we_sign_the_peer_accepts(folder: Path) -> None:
    now = time.time()
    deliveries = [ours(*message, at=now) for message in messages()]
    assert ask(folder, deliveries, [])["held"] == [True] * COUNT


def test_what_the_peer_signs_we_accept(folder: Path) -> None:
    now = int(time.time())
    made = messages()
    asked = [
        {"secret": key, "id": name, "timestamp": now, "body": base64.b64encode(content).decode()}
        for key, name, content in made
    ]
    signatures = ask(folder, [], asked)["signed"]
    assert len(signatures) == COUNT
    for (key, name, content), signature in zip(made, signatures, strict=True):
        headers = {"webhook-id": name, "webhook-timestamp": str(now), "webhook-signature": signature}
        assert holds(Signed(key, headers, content), now)
        assert headers == ours(key, name, content, at=now).headers


def test_two_signatures_of_a_rotation(folder: Path) -> None:
    now, chance = time.time(), random.Random(1)
    old, new = secret(chance), secret(chance)
    headers = WebhookSigner([Secret(new), Secret(old)]).sign("m", b"{}", at=now)
    held = ask(folder, [Signed(key, headers, b"{}") for key in (old, new, secret(chance))], [])["held"]
    assert held == [True, True, False]


def changed(delivery: Signed, chance: random.Random, now: float) -> Signed:
    key, headers, content = delivery
    match chance.randint(0, 5):
        case 0:
            return Signed(key, headers, content + b" ")
        case 1:
            return Signed(key, headers | {"webhook-id": headers["webhook-id"] + "x"}, content)
        case 2:
            return Signed(key, headers | {"webhook-timestamp": str(int(now) - 1)}, content)
        case 3:
            value = bytearray(base64.b64decode(headers["webhook-signature"].removeprefix("v1,")))
            value[chance.randrange(32)] ^= 1 << chance.randrange(8)
            text = base64.b64encode(value).decode()
            return Signed(key, headers | {"webhook-signature": f"v1,{text}"}, content)
        case 4:
            return Signed(secret(chance), headers, content)
        case _:
            return ours(key, headers["webhook-id"], content, at=now + chance.choice([-1, 1]) * 3600)


def test_what_was_changed_neither_accepts(folder: Path) -> None:
    now, chance = time.time(), random.Random(2)
    deliveries = [changed(ours(*message, at=now), chance, now) for message in messages()]
    assert ask(folder, deliveries, [])["held"] == [False] * COUNT
    assert [holds(delivery, now) for delivery in deliveries] == [False] * COUNT
