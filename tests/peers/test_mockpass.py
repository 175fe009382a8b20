"""People log in at npm @opengovsg/mockpass, a stand-in for Singpass and Corppass: identity tokens signed and encrypted.

What it does that careful providers do not, so that nobody learns it from here:

- It knows no PKCE, no pushed requests and no `iss` in its answer; our verifier is sent, and ignored.
- A code counts as often as it is shown, for five minutes; one that it never gave ends its process.
- The subject is `s=<national number>,u=<uuid>`: not pairwise, and personal data. `Person` never shows it.
- It appends `?code=` even to a redirect_uri that has a query, so such an address loses its code.
- It takes the scope `openid` and no other. Singpass answers without `expires_in`; Corppass says `EntityInfo` in its
  metadata and `entityInfo` in its tokens.
"""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.layers.keys import p256_pem, pem, rsa_pem
from tests.peers.node import folder, started

from egov_serang.auth.login import AsyncLogin, Login, LoginConfig, Person
from egov_serang.errors import ConnectionFailed, EgovError, SignatureInvalid, Unauthorized, UnexpectedReply
from egov_serang.signing.keys import PrivateKey

FLOWS = ["threads", "tasks"]
SERVICES = ["singpass", "corppass"]
BACK = "http://127.0.0.1/back"
NUMBER = "S0000000X"
WHO = {"X-Custom-NRIC": NUMBER, "X-Custom-UUID": "invented", "X-Custom-UEN": "000000000X"}
"""An invented person: the number's check letter is wrong."""


class Mockpass(NamedTuple):
    """A running mockpass, to which an application is registered."""

    url: str
    http: httpx.Client
    files: Path
    """Where the application's key files are."""

    def config(self, service: str = "singpass", **more: Any) -> LoginConfig:
        """What the application knows."""
        known: dict[str, Any] = {
            "issuer": f"{self.url}/{service}/v2",
            "client_id": "pelayanan-warga",
            "redirect_uri": BACK,
            "key_file": self.files / "assertion.pem",
            "key_id": "assertion",
            "decryption_key_files": (self.files / "encryption.pem",),
        }
        return LoginConfig(**known | more)

    def answer(self, address: str, who: dict[str, str] = WHO) -> str:
        """The address a browser is sent back to, for a person who needs no page."""
        response = self.http.get(address, headers=who)
        assert response.status_code == 302
        return response.headers["location"]


@contextmanager
def running(files: Path, kind: str) -> Iterator[Mockpass]:
    """Start one for an application whose encryption key is of this kind."""
    made = {
        "assertion": pem(ec.generate_private_key(ec.SECP256R1())),
        "strange": pem(ec.generate_private_key(ec.SECP256R1())),
        "encryption": {"EC": p256_pem, "RSA": rsa_pem}[kind](),
    }
    for name, data in made.items():
        (files / f"{name}.pem").write_bytes(data)
        (files / f"{name}.pem").chmod(0o600)
    assertion, encryption = (PrivateKey(made[name], name) for name in ("assertion", "encryption"))
    jwks = {"keys": [assertion.public_jwk("assertion"), encryption.public_jwk("assertion") | {"use": "enc"}]}
    where = folder("mockpass", "@opengovsg/mockpass", "EGOV_SERANG_MOCKPASS")
    with started(where, {"jwks": jwks}) as said, httpx.Client(trust_env=False, timeout=30) as browser:
        yield Mockpass(said["url"], browser, files)


@pytest.fixture(scope="module", params=["EC", "RSA"])
def mockpass(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mockpass]:
    """Identity tokens are encrypted by ECDH-ES+A256KW or RSA-OAEP-256, both with A256CBC-HS512."""
    with running(tmp_path_factory.mktemp("keys"), request.param) as found:
        yield found


def begun(flow: str, config: LoginConfig) -> tuple[str, str]:
    """Where the browser is sent, and what the application keeps."""
    if flow == "threads":
        with Login(config) as login:
            address, transaction = login.begin()
        return address, transaction.dump()

    async def begin() -> tuple[str, str]:
        async with AsyncLogin(config) as login:
            address, transaction = await login.begin()
        return address, transaction.dump()

    return asyncio.run(begin())


def finished(flow: str, config: LoginConfig, answer: str, kept: str) -> Person:
    if flow == "threads":
        with Login(config) as login:
            return login.finish(answer, kept)

    async def finish() -> Person:
        async with AsyncLogin(config) as login:
            return await login.finish(answer, kept)

    return asyncio.run(finish())


def refused(kind: type[EgovError], config: LoginConfig, answer: str, kept: str) -> str | None:
    """The code of the refusal; the same in both runtimes, and showing nothing."""
    codes = set[str | None]()
    for flow in FLOWS:
        with pytest.raises(kind) as caught:
            finished(flow, config, answer, kept)
        shown = f"{caught.value!r} {caught.value} {caught.value.hint}"
        secret = [values[0] for name, values in parse_qs(urlsplit(answer).query).items() if name != "error"]
        assert not [value for value in [*secret, NUMBER] if value in shown]
        codes.add(caught.value.code)
    (code,) = codes
    return code


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("service", SERVICES)
def test_a_person_logs_in(service: str, flow: str, mockpass: Mockpass) -> None:
    config = mockpass.config(service)
    address, kept = begun(flow, config)
    asked = parse_qs(urlsplit(address).query)
    assert asked["code_challenge_method"] == ["S256"]
    person = finished(flow, config, mockpass.answer(address), kept)
    assert person.issuer == config.issuer
    assert person.subject.startswith(f"s={NUMBER},u=invented")
    assert person.amr == ("pwd",)
    assert NUMBER not in f"{person!r} {person}"


@pytest.mark.parametrize("flow", FLOWS)
def test_the_person_is_chosen_on_its_page(flow: str, mockpass: Mockpass) -> None:
    config = mockpass.config()
    address, kept = begun(flow, config)
    page = mockpass.http.get(address, headers={"X-Show-Login-Page": "true"})
    offered = [html.unescape(one) for one in re.findall(r'data-asserturl="([^"]+)"', page.text)]
    assert len(offered) > 10
    people = {finished(flow, config, answer, kept).subject for answer in offered[:2]}
    assert len(people) == 2


def test_claims_inside_claims_are_found_by_configuration(mockpass: Mockpass) -> None:
    """A person whose number was typed into the page's form has a name too."""
    config = mockpass.config("corppass", claims={"name": "/userInfo/CPUID_FullName", "company": "/entityInfo/CPEntID"})
    address, kept = begun("threads", config)
    asked = parse_qs(urlsplit(address).query)
    form = {"nric": NUMBER, "uuid": "invented", "uen": "000000000X", "redirectURI": BACK}
    form |= {name: asked[name][0] for name in ("state", "nonce")}
    chosen = str(httpx.URL(f"{config.issuer}/authorize/custom-profile", params=form))
    person = finished("threads", config, mockpass.answer(chosen), kept)
    assert person.name == f"Name of {NUMBER}"
    assert person.model_dump()["company"] == "000000000X"


def test_the_encryption_key_is_rotated_without_a_gap(mockpass: Mockpass) -> None:
    files = (mockpass.files / "strange.pem", mockpass.files / "encryption.pem")
    config = mockpass.config(decryption_key_files=files)
    address, kept = begun("threads", config)
    assert finished("threads", config, mockpass.answer(address), kept).subject


def test_a_token_encrypted_to_another_key_logs_nobody_in(mockpass: Mockpass) -> None:
    config = mockpass.config(decryption_key_files=(mockpass.files / "strange.pem",))
    address, kept = begun("threads", config)
    assert refused(SignatureInvalid, config, mockpass.answer(address), kept) == "token_encryption"


def test_an_encrypted_token_without_a_key_of_ours_says_what_is_missing(mockpass: Mockpass) -> None:
    config = mockpass.config(decryption_key_files=())
    address, kept = begun("threads", config)
    assert refused(SignatureInvalid, config, mockpass.answer(address), kept) == "token_encryption"


def test_only_the_algorithms_we_accept(mockpass: Mockpass) -> None:
    config = mockpass.config(algorithms=("PS256",))
    address, kept = begun("threads", config)
    assert refused(SignatureInvalid, config, mockpass.answer(address), kept) == "token_signature"


def test_an_answer_to_another_login(mockpass: Mockpass) -> None:
    config = mockpass.config()
    address, kept = begun("threads", config)
    other, _ = begun("threads", config)
    assert refused(Unauthorized, config, mockpass.answer(other), kept) == "login_state"
    tampered = mockpass.answer(address).replace("state=", "state=x")
    assert refused(Unauthorized, config, tampered, kept) == "login_state"


def test_a_code_of_another_login_under_our_state(mockpass: Mockpass) -> None:
    """Mockpass knows no PKCE: the nonce alone tells that somebody put in a code of theirs."""
    config = mockpass.config()
    address, kept = begun("threads", config)
    other, _ = begun("threads", config)
    code = parse_qs(urlsplit(mockpass.answer(other)).query)["code"][0]
    state = parse_qs(urlsplit(address).query)["state"][0]
    injected = str(httpx.URL(BACK, params={"code": code, "state": state}))
    assert refused(UnexpectedReply, config, injected, kept) == "token_nonce"


def test_a_login_that_another_application_began(mockpass: Mockpass) -> None:
    other = mockpass.config(client_id="aplikasi-lain")
    address, kept = begun("threads", other)
    assert finished("threads", other, mockpass.answer(address), kept).subject
    assert refused(Unauthorized, mockpass.config(), mockpass.answer(address), kept) == "login_transaction"


def test_a_strange_assertion_key(mockpass: Mockpass) -> None:
    config = mockpass.config(key_file=mockpass.files / "strange.pem")
    address, kept = begun("threads", config)
    assert refused(Unauthorized, config, mockpass.answer(address), kept) == "invalid_client"


def test_its_metadata_is_believed_only_for_itself(mockpass: Mockpass) -> None:
    """It names itself by the host it was asked at, without a slash at the end."""
    for wrong in (f"{mockpass.url}/singpass/v2/", f"{mockpass.url}//singpass/v2"):
        with pytest.raises(EgovError) as caught:
            begun("threads", mockpass.config(issuer=wrong))
        assert caught.value.code in {"discovery_issuer", "discovery_status"}


@pytest.mark.parametrize("flow", FLOWS)
def test_a_provider_that_dies_during_a_login(flow: str, tmp_path: Path) -> None:
    with running(tmp_path, "EC") as dying:
        config = dying.config()
        address, kept = begun(flow, config)
        state = parse_qs(urlsplit(address).query)["state"][0]
        with pytest.raises(ConnectionFailed) as caught:
            finished(flow, config, f"{BACK}?code=never-given&state={state}", kept)
        assert config.issuer in str(caught.value)
        assert "never-given" not in f"{caught.value!r}"
        with pytest.raises(ConnectionFailed):
            begun(flow, config)
