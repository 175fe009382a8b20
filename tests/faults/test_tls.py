"""TLS: one context for all, nobody untrusted, nothing below 1.2."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.faults.worlds import Make, World, get, post, within

from egov_serang.auth.certificate import client_certificate
from egov_serang.core.message import TransportFault
from egov_serang.testing.faults import FaultServer, hang, reply, stray
from egov_serang.transport.tls import TlsOptions, ssl_context


def certificate(folder: Path, address: str = "127.0.0.1", name: str = "service") -> Path:
    """A self-signed certificate with its key in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("tls"))


def serving(pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


@pytest.fixture
def trusting(make: Make, pem: Path) -> World:
    return make(tls=TlsOptions(ca_file=str(pem)))


def test_calls_go_over_one_handshake(trusting: World, pem: Path) -> None:
    with FaultServer(tls=serving(pem)) as server:
        for _ in range(3):
            assert trusting.send(post(server.url)).body == b"{}"
        assert [seen.connection for seen in server.requests] == [1, 1, 1]
        assert trusting.at_rest(1)


def test_an_unknown_certificate_is_refused_for_good(world: World, pem: Path) -> None:
    with FaultServer(tls=serving(pem)) as server:
        with pytest.raises(TransportFault) as caught:
            world.send(post(server.url))
        assert (caught.value.kind, caught.value.sent, caught.value.permanent) == ("tls", "no", True)
        assert server.requests == []
        assert world.at_rest(0)


def test_a_certificate_for_another_host_is_refused(make: Make, tmp_path: Path) -> None:
    other = certificate(tmp_path, "127.0.0.99", "other")
    world = make(tls=TlsOptions(ca_file=str(other)))
    with FaultServer(tls=serving(other)) as server:
        with pytest.raises(TransportFault) as caught:
            world.send(post(server.url))
        assert (caught.value.kind, caught.value.permanent) == ("tls", True)


def test_old_tls_is_refused(trusting: World, pem: Path) -> None:
    old = serving(pem)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with FaultServer(tls=old) as server:
        with pytest.raises(TransportFault) as caught:
            trusting.send(post(server.url))
        assert (caught.value.kind, caught.value.sent) == ("tls", "no")


def test_a_plain_answer_to_the_handshake_is_a_tls_fault(trusting: World) -> None:
    def speak(listener: socket.socket) -> None:
        line, _ = listener.accept()
        with line:
            line.recv(4096)
            line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=speak, args=(listener,))
        server.start()
        with pytest.raises(TransportFault) as caught:
            trusting.send(post(f"https://127.0.0.1:{listener.getsockname()[1]}"))
        server.join()
    assert (caught.value.kind, caught.value.sent) == ("tls", "no")


def test_a_handshake_without_end_ends_at_the_deadline(trusting: World) -> None:
    with FaultServer() as server, pytest.raises(TransportFault) as caught:
        trusting.send(post(server.url.replace("http", "https")), within(60, connect=0.2))
    assert (caught.value.kind, caught.value.sent) == ("timeout", "no")


def test_silence_over_tls_ends_at_the_deadline(trusting: World, pem: Path) -> None:
    with FaultServer(hang(), tls=serving(pem)) as server:
        with pytest.raises(TransportFault) as caught:
            trusting.send(post(server.url), within(0.5))
        assert (caught.value.kind, caught.value.sent) == ("timeout", "maybe")


def test_a_stray_answer_over_tls_reaches_nobody(trusting: World, pem: Path) -> None:
    second = b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nsomeone"
    with FaultServer(stray(second), tls=serving(pem)) as server:
        trusting.send(get(server.url))
        assert trusting.send(get(server.url)).body == b"{}"
        assert [seen.connection for seen in server.requests] == [1, 2]


def test_a_client_certificate_is_shown(make: Make, pem: Path, tmp_path: Path) -> None:
    mine = certificate(tmp_path, name="client")
    context = serving(pem)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(mine)
    with FaultServer(reply(json={"hello": "client"}), tls=context) as server:
        world = make(tls=TlsOptions(ca_file=str(pem), identity=client_certificate(str(mine), None, None)))
        assert world.send(get(server.url)).status == 200
        with pytest.raises(TransportFault):
            make(tls=TlsOptions(ca_file=str(pem))).send(get(server.url))


def test_equal_options_share_one_context(pem: Path) -> None:
    first = ssl_context(str(pem))
    assert ssl_context(str(pem)) is first
    assert first.minimum_version == ssl.TLSVersion.TLSv1_2
    assert first.check_hostname
    assert first.verify_mode == ssl.CERT_REQUIRED


def test_no_context_is_made_before_https_is_dialled(make: Make) -> None:
    before = ssl_context.cache_info().currsize
    world = make(tls=TlsOptions(ca_file="/nonexistent.pem"))
    with FaultServer() as server:
        world.send(get(server.url))
        assert ssl_context.cache_info().currsize == before
    with pytest.raises(TransportFault, match="certificate file") as caught:
        world.send(get("https://127.0.0.1:1"))
    assert (caught.value.kind, caught.value.sent, caught.value.permanent) == ("tls", "no", True)
    assert world.count.busy == 0
