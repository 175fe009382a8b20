"""Messages of our profile from one seed: whatever may stand in a target, a header or a body, and some of it odd."""

from __future__ import annotations

import base64
import random
import uuid
from dataclasses import dataclass, replace
from typing import Any

from egov_serang.signing.base import Message
from egov_serang.signing.digests import content_digest
from egov_serang.signing.messages import answer_components, request_components

HOSTS = (
    *("gateway.example", "Gateway.EXAMPLE", "xn--kota-serang-x9a.example", "a.b-c.d_e.example", "localhost"),
    *("192.0.2.7", "[2001:db8::1]", "[2001:DB8::A:1]", "[::1]"),
)
PORTS = ("", "", "", ":443", ":80", ":8443", ":65535")
UNRESERVED = "ABCXYZabcxyz0189-._~"
IN_PATHS = UNRESERVED + "!$&'()*+,;=:@"
ESCAPES = ("%20", "%2F", "%2f", "%3F", "%C3%A9", "%c3%a9", "%E2%82%AC", "%00", "%25", "%22")
METHODS = ("GET", "GET", "POST", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
TYPES = (
    *("application/json", "application/json; charset=utf-8", "multipart/form-data; boundary=a-b_c"),
    *('multipart/mixed; boundary="a b"', "text/plain", "application/problem+json"),
)
PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
TOKEN = UNRESERVED + "+/"


@dataclass(frozen=True)
class Sample:
    """A message and its body; `components` is what our profile covers of it."""

    message: Message
    body: bytes
    components: tuple[str, ...]


class Maker:
    """Makes messages; the same seed, the same messages."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def request(self) -> Sample:
        """Not yet signed."""
        method, body = self.random.choice(METHODS), self.body()
        headers = {"x-request-id": self.id(), "accept": "*/*", "x-correlation-id": self.id()}
        if body:
            headers |= {"content-type": self.random.choice(TYPES), "content-digest": content_digest([body])}
        if method in {"POST", "PUT", "PATCH", "DELETE"} or self.one_in(9):
            headers["idempotency-key"] = self.id()
        for name, value in (
            ("authorization", f"{self.random.choice(('Bearer', 'DPoP', 'Basic'))} {self.text(TOKEN, 80)}=="),
            ("dpop", f"eyJ{self.text(TOKEN, 40)}.eyJ{self.text(TOKEN, 90)}.{self.text(TOKEN, 60)}"),
            ("if-match", self.random.choice(('"3"', 'W/"a"', "*", '"1", "2"', f'"{self.text("#$%[]{}~", 8)}"'))),
            ("x-acting-for", self.printable()),
        ):
            if self.one_in(2):
                headers[name] = value
        return Sample(Message(headers, method, self.url()), body, request_components(method, headers))

    def answer(self, request: Message) -> Sample:
        """To a request that is signed."""
        body = self.body()
        headers = {"x-request-id": request.headers["x-request-id"]}
        if body:
            headers |= {"content-type": self.random.choice(TYPES), "content-digest": content_digest([body])}
        status = self.random.choice((200, 201, 202, 204, 304, 400, 401, 404, 409, 422, 429, 500, 503, 599))
        return Sample(Message(headers, status=status, request=request), body, answer_components(headers))

    def parameters(self, keyid: str, algorithm: str, now: int) -> dict[str, Any]:
        """What a peer puts beside the components; in the order of our profile."""
        created = now + self.random.randint(-300, 30)
        nonce = base64.urlsafe_b64encode(self.random.randbytes(16)).decode().rstrip("=")
        if self.one_in(3):
            nonce = self.random.randbytes(self.random.randint(16, 32)).hex()
        return {
            "created": created,
            "expires": created + 300,
            "nonce": nonce,
            "keyid": keyid,
            "alg": algorithm,
            "tag": "egov-serang",
        }

    def mutated(self, signed: Sample) -> tuple[str, Sample]:
        """A copy that differs in one place that is signed, and where that is."""
        message, body = signed.message, signed.body
        headers = dict(message.headers)
        covered = [name.strip('"') for name in signed.components if not name.startswith('"@') and ";" not in name]
        where = self.random.choice(("target", "method", "field", "parameter", "signature", "body", "request"))
        if where == "body" and not body:
            where = "signature"
        if where in {"target", "method"} and message.status:
            where = "status"
        if where == "request" and message.request is None:
            where = "parameter"
        if where == "target":
            at = self.random.randint(message.url.index("/", 8) + 1, len(message.url))
            message = replace(message, url=f"{message.url[:at]}x{message.url[at:]}")
        elif where == "method":
            other = [method for method in set(METHODS) if method != message.method]
            message = replace(message, method=self.random.choice(sorted(other)))
        elif where == "status":
            message = replace(message, status=message.status + 1)
        elif where == "request" and message.request is not None:
            theirs = dict(message.request.headers)
            theirs["signature"] = flipped(theirs["signature"], self.random)
            message = replace(message, request=replace(message.request, headers=theirs))
        elif where == "field":
            name = self.random.choice(covered)
            value = headers[name].strip(" ")
            at = self.random.randint(0, max(0, len(value) - 1))
            headers[name] = f"{value[:at]}{'x' if value[at : at + 1] != 'x' else 'y'}{value[at + 1 :]}"
        elif where == "parameter":
            headers["signature-input"] = self.other_parameters(headers["signature-input"])
        elif where == "signature":
            headers["signature"] = flipped(headers["signature"], self.random)
        else:
            at = self.random.randrange(len(body))
            body = body[:at] + bytes([body[at] ^ 1 << self.random.randrange(8)]) + body[at + 1 :]
        return where, Sample(replace(message, headers=headers), body, signed.components)

    def other_parameters(self, text: str) -> str:
        """One of the parameters changed so that it still can be read."""
        name = self.random.choice(("created", "expires", "nonce", "tag", "keyid", "alg"))
        start = text.index(f";{name}=") + len(name) + 2
        if name in {"created", "expires"}:
            return f"{text[:start]}{int(text[start : start + 10]) - 1}{text[start + 10 :]}"
        return f"{text[: start + 1]}{'x' if text[start + 1] != 'x' else 'y'}{text[start + 2 :]}"

    def url(self) -> str:
        path = "".join("/" + self.part(IN_PATHS) for _ in range(self.random.randint(1, 4)))
        query = (
            ""
            if self.one_in(2)
            else "?" + "&".join(self.part(IN_PATHS + "/?") for _ in range(self.random.randint(1, 3)))
        )
        return f"{self.random.choice(('https', 'http'))}://{self.random.choice(HOSTS)}{self.random.choice(PORTS)}{path}{query}"

    def part(self, alphabet: str) -> str:
        """A few characters and escapes; sometimes nothing, sometimes dots."""
        if self.one_in(12):
            return self.random.choice((".", "..", ""))
        return "".join(
            self.random.choice(ESCAPES) if self.one_in(5) else self.random.choice(alphabet)
            for _ in range(self.random.randint(0, 9))
        )

    def body(self) -> bytes:
        kind = self.random.randrange(5)
        if kind == 0:
            return b""
        if kind == 1:
            return self.random.randbytes(self.random.choice((1, 31, 4096, 70_000)))
        if kind == 2:
            return b" " * self.random.randint(1, 3) + b"\r\n\0"
        text = "".join(
            self.random.choice('Jalan "Ki" \\ é ñ 北 \U0001f6b2 \u2028 ') for _ in range(self.random.randint(1, 60))
        )
        return f'{{"description": "{text}"}}'.encode()

    def printable(self) -> str:
        """Anything a header may hold, with blanks inside and around it."""
        words = (self.text(PRINTABLE, 12) for _ in range(self.random.randint(1, 4)))
        around = " " if self.one_in(4) else ""
        return around + (" " * self.random.randint(1, 2)).join(words) + around

    def text(self, alphabet: str, longest: int) -> str:
        return "".join(self.random.choice(alphabet) for _ in range(self.random.randint(1, longest)))

    def id(self) -> str:
        return str(uuid.UUID(bytes=self.random.randbytes(16), version=4))

    def one_in(self, count: int) -> bool:
        return self.random.randrange(count) == 0


def flipped(field: str, chance: random.Random) -> str:
    """A Signature field with one bit of the signature turned."""
    label, _, value = field.partition("=")
    raw = bytearray(base64.b64decode(value.strip(":")))
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return f"{label}=:{base64.b64encode(raw).decode()}:"
