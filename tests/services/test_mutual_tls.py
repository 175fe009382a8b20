"""auth = 'mtls' on both clients, against a gateway that demands certificates and binds tokens to them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.services.mutual import Holder, MutualGateway

from egov_serang import AsyncClient, Client, Config, ConfigError, ConnectionFailed, UnexpectedReply
from egov_serang.auth.certificate import ClientCertificate

WORD = "canary-passphrase"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[MutualGateway]:
    with MutualGateway(tmp_path) as gateway:
        yield gateway


def config(gateway: MutualGateway, certificate: Path, **more: Any) -> Config:
    base: dict[str, Any] = {
        "gateway": gateway.url,
        "auth": "mtls",
        "client_id": "counter-app",
        "client_cert_file": certificate,
        "ca_file": gateway.ca_file,
        "signature": "none",
        "retries": 0,
    }
    return Config(**base | more)


def written(folder: Path, data: bytes, name: str = "client.pem") -> Path:
    path = folder / name
    path.write_bytes(data)
    path.chmod(0o600)
    return path


def pem(holder: Holder, folder: Path) -> dict[str, Any]:
    return {"certificate": written(folder, holder.pem())}


def two_files(holder: Holder, folder: Path) -> dict[str, Any]:
    _, key = holder.pem().split(b"-----BEGIN PRIVATE", 1)
    key_file = written(folder, b"-----BEGIN PRIVATE" + key, "client.key")
    return {"certificate": written(folder, holder.chain()), "client_key_file": key_file}


def locked(holder: Holder, folder: Path) -> dict[str, Any]:
    word = written(folder, WORD.encode() + b"\n", "word")
    return {"certificate": written(folder, holder.pem(WORD)), "client_cert_passphrase_file": word}


def p12(holder: Holder, folder: Path) -> dict[str, Any]:
    word = written(folder, WORD.encode(), "word")
    return {"certificate": written(folder, holder.p12(WORD), "client.p12"), "client_cert_passphrase_file": word}


@pytest.mark.parametrize("kept", [pem, two_files, locked, p12])
def test_token_and_call_go_over_our_certificate(
    gateway: MutualGateway, tmp_path: Path, kept: Callable[[Holder, Path], dict[str, Any]]
) -> None:
    holder = gateway.holder()
    mine = config(gateway, **kept(holder, tmp_path))
    with Client(mine) as client:
        client.complaints.get("c")
        client.complaints.get("c")

    async def get() -> None:
        async with AsyncClient(mine) as client:
            await client.complaints.get("c")

    asyncio.run(get())
    assert gateway.shown == [holder.thumbprint] * 3
    assert gateway.forms == [{"grant_type": "client_credentials", "client_id": "counter-app"}] * 2
    assert gateway.refused == 0


def test_without_a_certificate_nobody_gets_in(gateway: MutualGateway) -> None:
    open_ = Config(gateway=gateway.url, auth="none", signature="none", ca_file=gateway.ca_file, retries=0)
    with Client(open_) as client, pytest.raises(ConnectionFailed):
        client.complaints.get("c")
    assert gateway.shown == []


@pytest.mark.parametrize("bound", [{}, {"cnf": {"x5t#S256": "another"}}, {"cnf": "x"}, {"cnf": {"jkt": "x"}}], ids=str)
def test_a_token_that_is_not_bound_to_us_is_refused(gateway: MutualGateway, tmp_path: Path, bound: Any) -> None:
    gateway.bind = lambda shown: bound
    client = Client(config(gateway, **pem(gateway.holder(), tmp_path)))
    with client, pytest.raises(UnexpectedReply) as caught:
        client.complaints.get("c")
    assert (caught.value.code, caught.value.sent) == ("token_binding", "no")
    assert gateway.shown == []
    assert gateway.url in str(caught.value)


def test_a_token_nobody_can_look_into_is_used(gateway: MutualGateway, tmp_path: Path) -> None:
    gateway.opaque = True
    with Client(config(gateway, **pem(gateway.holder(), tmp_path))) as client:
        client.complaints.get("c")
    assert len(gateway.forms) == 1


def replace(path: Path, data: bytes) -> None:
    fresh = path.with_name("fresh")
    fresh.write_bytes(data)
    os.replace(fresh, path)


def noticed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a second had passed: the file is looked at again."""
    followed = vars(certificate_of(client))["_followed"]
    monkeypatch.setattr(followed, "_looked", float("-inf"))


def certificate_of(client: Client) -> ClientCertificate:
    found = vars(client.tokens)["_certificate"]
    assert isinstance(found, ClientCertificate)
    return found


@pytest.mark.parametrize("transport", ["lanes", "fast"])
def test_a_replaced_certificate_counts_without_a_restart_and_takes_its_token_along(
    gateway: MutualGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transport: Any
) -> None:
    first, second = gateway.holder("first"), gateway.holder("second")
    path = written(tmp_path, first.pem())
    with Client(config(gateway, path), transport=transport) as client:
        client.complaints.get("c")
        replace(path, second.pem())
        noticed(client, monkeypatch)
        client.complaints.get("c")
        client.complaints.get("c")
    # No call was refused: neither an old token over the new certificate, nor a new one over an old connection.
    assert (gateway.refused, len(gateway.forms)) == (0, 2)
    assert gateway.shown == [first.thumbprint, second.thumbprint, second.thumbprint]


def test_a_new_file_that_cannot_be_used_changes_nothing(
    gateway: MutualGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    holder = gateway.holder()
    path = written(tmp_path, holder.pem())
    with Client(config(gateway, path)) as client:
        client.complaints.get("c")
        _, begin, key = gateway.holder().pem().partition(b"-----BEGIN PRIV")
        replace(path, holder.chain() + begin + key)
        noticed(client, monkeypatch)
        client.complaints.get("c")
    assert gateway.shown == [holder.thumbprint] * 2
    assert "does not belong to the certificate" in caplog.text


def test_clients_of_one_certificate_share_it(gateway: MutualGateway, tmp_path: Path) -> None:
    mine = config(gateway, **pem(gateway.holder(), tmp_path))
    with Client(mine) as one, Client(mine) as other:
        assert certificate_of(one) is certificate_of(other)


@pytest.mark.parametrize("case", ["missing", "no_key", "other_key", "no_certificate", "wrong_word", "no_word", "chaff"])
def test_what_cannot_be_used_is_refused_when_the_client_is_made(
    gateway: MutualGateway, tmp_path: Path, case: str
) -> None:
    holder = gateway.holder()
    word = written(tmp_path, b"wrong", "word")
    locked_key: dict[str, Any] = {"client_cert_passphrase_file": word}
    other = gateway.holder().pem().partition(b"-----BEGIN PRIV")
    data, more = {
        "missing": (None, {}),
        "no_key": (holder.chain(), {}),
        "other_key": (holder.chain() + other[1] + other[2], {}),
        "no_certificate": (other[1] + other[2], {}),
        "wrong_word": (holder.p12(WORD), locked_key),
        "no_word": (holder.pem(WORD), {}),
        "chaff": (b"chaff", {}),
    }[case]
    path = tmp_path / "client.pem"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        Client(config(gateway, path, **more))
    assert path.name in str(caught.value)
    assert caught.value.hint
    assert WORD not in str(caught.value)
    assert "PRIVATE" not in caught.value.message


def test_the_key_is_never_shown(gateway: MutualGateway, tmp_path: Path) -> None:
    import pickle

    holder = gateway.holder()
    with Client(config(gateway, **pem(holder, tmp_path))) as client:
        shown = certificate_of(client).current(0)
        assert "PRIVATE" not in repr(shown) + repr(certificate_of(client)) + repr(client.tokens)
        with pytest.raises(TypeError):
            pickle.dumps(shown)
