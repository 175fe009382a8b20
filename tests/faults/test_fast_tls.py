"""Trust over the fast transport: what a CA file means there, machines without a trust store, proxies before TLS."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.test_tls import certificate, serving
from tests.faults.worlds import WORLDS, Make, World, get

from egov_serang.core.message import TransportFault
from egov_serang.testing.faults import FaultServer
from egov_serang.transport.tls import TlsOptions


@pytest.fixture(params=[name for name in WORLDS if name.startswith("fast")])
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    made: list[World] = []

    def build(**options: object) -> World:
        made.append(WORLDS[request.param](**options))
        return made[-1]

    yield build
    for world in made:
        world.end()


def test_every_certificate_of_a_ca_file_counts(make: Make, tmp_path: Path) -> None:
    one, two = certificate(tmp_path, name="one"), certificate(tmp_path, name="two")
    both = tmp_path / "both.pem"
    both.write_bytes(one.read_bytes() + b"# between\n" + two.read_bytes())
    world = make(tls=TlsOptions(ca_file=str(both)))
    for pem in (one, two):
        with FaultServer(tls=serving(pem)) as server:
            assert world.send(get(server.url)).status == 200


@pytest.mark.parametrize(
    "content", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"]
)
def test_a_ca_file_without_certificates_is_refused(make: Make, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(content)
    with pytest.raises(TransportFault, match="certificate file") as caught:
        make(tls=TlsOptions(ca_file=str(path))).send(get("https://127.0.0.1:1"))
    assert (caught.value.sent, caught.value.permanent) == ("no", True)
    assert str(path) not in str(caught.value)


ASK = """
    import sys
    from tests.faults.worlds import get, within
    from egov_serang.core.message import TransportFault
    from egov_serang.transport.fast import Fast
    from egov_serang.transport.tls import TlsOptions
    try:
        print(Fast(tls=TlsOptions(ca_file=sys.argv[2] or None)).send(get(sys.argv[1]), within()).status)
    except TransportFault as fault:
        print(fault.kind, fault.permanent)
    """


def asked(url: str, ca_file: Path | None, store: Path) -> str:
    """What a process says whose machine trusts this file alone."""
    environment = {**os.environ, "SSL_CERT_FILE": str(store), "SSL_CERT_DIR": "/nonexistent"}
    command = [sys.executable, "-c", textwrap.dedent(ASK), url, str(ca_file or "")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


def test_a_ca_file_counts_beside_the_machines_store(tmp_path: Path) -> None:
    """pyreqwest knows no other way. The documentation says so, and that SSL_CERT_FILE replaces the store."""
    machines, other = certificate(tmp_path, name="machines"), certificate(tmp_path, name="other")
    with FaultServer(tls=serving(machines)) as server:
        assert asked(server.url, None, machines) == "200"
        assert asked(server.url, other, machines) == "200"
        assert asked(server.url, other, other) == "tls True"
        assert asked(server.url, machines, other) == "200"


def test_a_machine_without_a_trust_store_trusts_what_is_given(tmp_path: Path) -> None:
    mine, nothing = certificate(tmp_path, name="mine"), tmp_path / "nothing.pem"
    with FaultServer(tls=serving(mine)) as server:
        assert asked(server.url, None, nothing) == "tls True"
        assert asked(server.url, mine, nothing) == "200"


def test_https_goes_through_a_tunnel_of_the_proxy(make: Make, tmp_path: Path) -> None:
    """The proxy sees where to, and nothing else."""
    seen: list[bytes] = []

    def tunnel(listener: socket.socket) -> None:
        line, _ = listener.accept()
        with line:
            seen.append(line.recv(4096))
            with socket.create_connection(("127.0.0.1", server.port)) as onward:
                line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                back = threading.Thread(target=pump, args=(onward, line))
                back.start()
                pump(line, onward)
                back.join()

    def pump(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:  # the other side hung up first
            pass

    pem = certificate(tmp_path)
    with FaultServer(tls=serving(pem)) as server, socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = threading.Thread(target=tunnel, args=(listener,))
        proxy.start()
        world = make(tls=TlsOptions(ca_file=str(pem)), proxy=f"http://127.0.0.1:{listener.getsockname()[1]}")
        assert world.send(get(server.url)).body == b"{}"
        world.close()
        proxy.join()
    assert seen[0].startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\n".encode())
    assert b"x-request-id" not in seen[0].lower()


def test_a_proxy_that_refuses_the_tunnel_is_proof_that_nothing_was_sent(make: Make) -> None:
    def refuse(listener: socket.socket) -> None:
        line, _ = listener.accept()
        with line:
            line.recv(4096)
            line.sendall(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = threading.Thread(target=refuse, args=(listener,))
        proxy.start()
        world = make(proxy=f"http://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(TransportFault) as caught:
            world.send(get("https://127.0.0.1:9"))
        proxy.join()
    assert (caught.value.kind, caught.value.sent) == ("connect", "no")
