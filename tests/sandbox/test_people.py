"""People let a client in: the device flow through its page, renewing, ending. The client shares no code with us."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.sandbox.conftest import CITIZEN, Register
from tests.sandbox.peer import Peer

from egov_serang.sandbox.server import Sandbox

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
APP = "phone-app"


class Device:
    """A program on somebody's machine, without a secret, and the person's browser."""

    def __init__(self, server: Sandbox, http: httpx.Client) -> None:
        self.server, self.http = server, http
        self.url = server.url

    def post(self, path: str, **form: str) -> httpx.Response:
        return self.http.post(self.url + path, data={"client_id": APP, **form})

    def begin(self, scope: str = "complaints:read") -> dict[str, Any]:
        found: dict[str, Any] = self.post("/oauth2/device_authorization", scope=scope).raise_for_status().json()
        return found

    def poll(self, code: str, **more: str) -> httpx.Response:
        return self.post("/oauth2/token", grant_type=DEVICE, device_code=code, **more)

    def renew(self, token: str, **more: str) -> httpx.Response:
        return self.post("/oauth2/token", grant_type="refresh_token", refresh_token=token, **more)

    def page(self, user_code: str) -> httpx.Response:
        return self.http.get(self.url + "/device", params={"user_code": user_code}, headers={"accept-language": "en"})

    def decide(self, user_code: str, decision: str = "allow", /, **changed: str) -> httpx.Response:
        shown = self.page(user_code).raise_for_status().text
        ticket = re.findall(r'name="ticket" value="([^"]+)"', shown)[0]
        person = re.findall(r'name="resident" value="([^"]+)"', shown)[0]
        form = {"user_code": user_code, "ticket": ticket, "resident": person, "decision": decision, **changed}
        return self.http.post(self.url + "/device", data=form, headers={"accept-language": "en"})

    def login(self, scope: str = "complaints:read complaints:write") -> dict[str, Any]:
        begun = self.begin(scope)
        assert self.decide(begun["user_code"]).status_code == 200
        found: dict[str, Any] = self.poll(begun["device_code"]).raise_for_status().json()
        return found


@pytest.fixture
def device(server: Sandbox) -> Any:
    server.register(APP, {"keys": []}, CITIZEN, public=True)
    with httpx.Client(trust_env=False, timeout=30) as http:
        yield Device(server, http)


def refused(answer: httpx.Response, error: str, status: int = 400) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["cache-control"] == "no-store"


def claims(device: Device, token: str) -> dict[str, Any]:
    keys = KeySet.import_key_set(device.http.get(f"{device.url}/.well-known/jwks.json").json())
    return jwt.decode(token, keys, ["ES256"]).claims


def test_a_person_lets_a_device_in(device: Device) -> None:
    begun = device.begin()
    assert (begun["expires_in"], begun["interval"]) == (600, 5)
    assert begun["verification_uri"] == f"{device.url}/device"
    assert re.fullmatch("[B-Z]{4}-[B-Z]{4}", begun["user_code"])
    refused(device.poll(begun["device_code"]), "authorization_pending")
    page = device.page(begun["user_code"].lower().replace("-", " "))
    assert APP in page.text
    assert "complaints:read" in page.text
    assert device.decide(begun["user_code"]).status_code == 200
    device.server.advance(5)
    granted = device.poll(begun["device_code"]).json()
    assert (granted["token_type"], granted["scope"]) == ("Bearer", "complaints:read")
    said = claims(device, granted["access_token"])
    assert said["client_id"] == APP
    assert re.fullmatch("sub_[0-9a-f]{32}", said["sub"])
    refused(device.poll(begun["device_code"]), "invalid_grant")


def test_impatience_makes_it_slower(device: Device) -> None:
    begun = device.begin()
    refused(device.poll(begun["device_code"]), "authorization_pending")
    refused(device.poll(begun["device_code"]), "slow_down")
    device.server.advance(6)
    refused(device.poll(begun["device_code"]), "slow_down")
    device.server.advance(15)
    refused(device.poll(begun["device_code"]), "authorization_pending")


def test_a_person_says_no_and_nobody_comes(device: Device) -> None:
    begun = device.begin()
    assert "Denied" in device.decide(begun["user_code"], "deny").text
    refused(device.poll(begun["device_code"]), "access_denied")
    late = device.begin()
    device.server.advance(600)
    assert device.page(late["user_code"]).status_code == 400
    refused(device.poll(late["device_code"]), "expired_token")


def test_another_page_cannot_answer_for_the_person(device: Device) -> None:
    begun = device.begin()
    for wrong in ({"ticket": "guess"}, {"ticket": ""}, {"user_code": "BBBB-BBBB"}, {"resident": "nobody"}):
        assert device.decide(begun["user_code"], **wrong).status_code == 400
    refused(device.poll(begun["device_code"]), "authorization_pending")
    page = device.page(begun["user_code"])
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    elsewhere = device.http.get(f"{device.url}/device", headers={"host": "evil.example"})
    assert elsewhere.status_code == 403
    assert "<script" not in device.page('"><script>').text


def test_the_same_person_is_another_for_another_client_and_the_same_as_verified(
    device: Device, register: Register
) -> None:
    peer = register("web-app", CITIZEN)
    body = {"subject": {"nik": "9973022110900003"}, "attributes": {"full_name": "Contoh Suherman"}}
    purpose = {"purpose": {"purpose_code": "permit", "legal_basis": "public_task"}}
    known = peer.post("/v1/identity/verifications", body | purpose).json()["subject_ref"]
    mine = claims(device, device.login()["access_token"])["sub"]
    assert mine != known
    device.server.register("web-app", peer.jwks(), CITIZEN, public=True)
    begun = device.http.post(f"{device.url}/oauth2/device_authorization", data={"client_id": "web-app"}).json()
    shown = device.page(begun["user_code"]).text
    person = next(mark for mark, name in re.findall(r'value="(\w+)"> ([^<]+)', shown) if name == "Contoh Suherman")
    device.decide(begun["user_code"], resident=person)
    form = {"client_id": "web-app", "grant_type": DEVICE, "device_code": begun["device_code"]}
    token = device.http.post(f"{device.url}/oauth2/token", data=form).json()["access_token"]
    assert claims(device, token)["sub"] == known


def test_a_refresh_token_is_good_once(device: Device) -> None:
    first = device.login()
    second = device.renew(first["refresh_token"]).json()
    assert second["scope"] == first["scope"]
    assert claims(device, second["access_token"])["sub"] == claims(device, first["access_token"])["sub"]
    refused(device.renew(first["refresh_token"]), "invalid_grant")
    refused(device.renew(second["refresh_token"]), "invalid_grant")  # the theft was noticed: nobody goes on


def test_what_may_be_asked_for_at_a_renewal(device: Device, register: Register) -> None:
    granted = device.login()
    less = device.renew(granted["refresh_token"], scope="complaints:read").json()
    assert less["scope"] == "complaints:read"
    refused(device.renew(less["refresh_token"], scope="identity:verify"), "invalid_scope")
    other = register("another-app", CITIZEN)
    form = {**other.token_form(), "grant_type": "refresh_token", "refresh_token": device.login()["refresh_token"]}
    refused(other.http.post(f"{device.url}/oauth2/token", data=form), "invalid_grant")


def test_a_login_ends_after_thirty_days(device: Device) -> None:
    granted = device.login()
    device.server.advance(30 * 86_400)
    refused(device.renew(granted["refresh_token"]), "invalid_grant")


def test_revoking(device: Device, register: Register) -> None:
    granted = device.login()
    stranger = register("another-app", CITIZEN)
    form = {**stranger.token_form(), "token": granted["refresh_token"]}
    assert stranger.http.post(f"{device.url}/oauth2/revoke", data=form).status_code == 200
    granted = device.renew(granted["refresh_token"]).raise_for_status().json()  # not the stranger's to end
    assert device.post("/oauth2/revoke", token=granted["refresh_token"]).status_code == 200
    refused(device.renew(granted["refresh_token"]), "invalid_grant")
    assert device.post("/oauth2/revoke", token="unknown").status_code == 200
    message = stranger.message("GET", "/v1/complaints/cases", headers={"authorization": f"Bearer {stranger.bearer()}"})
    stranger.http.post(f"{device.url}/oauth2/revoke", data={**stranger.token_form(), "token": stranger.bearer()})
    answer = stranger.send(stranger.sign(message))
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def test_a_client_without_a_secret_is_let_in_by_people_alone(device: Device, citizen: Peer) -> None:
    refused(device.post("/oauth2/token", grant_type="client_credentials"), "invalid_client", 401)
    url = f"{device.url}/oauth2/device_authorization"
    refused(device.http.post(url, data={"client_id": citizen.client_id}), "invalid_client", 401)
    refused(device.http.post(url, data={"client_id": "nobody"}), "invalid_client", 401)
    refused(device.post("/oauth2/device_authorization", scope="permits:issue"), "invalid_scope")
    assert citizen.http.post(url, data=citizen.token_form()).status_code == 200
