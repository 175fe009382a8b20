"""Everything that goes wrong while somebody sets up, made to happen for real: what the SDK and `egov` say then."""

from __future__ import annotations

import datetime
import ipaddress
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from typer.testing import CliRunner

from egov_serang import Client, Config, File, Nik, UnexpectedReply
from egov_serang.cli.app import app
from egov_serang.models.complaints import Location, Media
from egov_serang.models.identity import Purpose
from egov_serang.sandbox.server import Sandbox
from egov_serang.testing import FakeResponse, FakeTransport
from egov_serang.testing.faults import FaultServer, reply, truncate
from egov_serang.testing.plugin import SCOPES, missing_extra


def said(work: Any) -> str:
    """The message of what this raises."""
    try:
        work()
    except Exception as error:
        return str(error)
    raise AssertionError("nothing went wrong")


@contextmanager
def without(library: str) -> Iterator[None]:
    """As if this were not installed: what has been loaded of it, and over it, is put aside meanwhile."""
    aside = {
        name: sys.modules.pop(name) for name in list(sys.modules) if name.startswith(("egov_serang.transport", library))
    }
    sys.modules[library] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.modules.update(aside)
        if library not in aside:
            del sys.modules[library]


def of_configuration(folder: Path) -> Iterator[str]:
    """Profiles, settings and keys that cannot work."""
    nothing = {"HOME": str(folder)}
    file = folder / "config.toml"
    here = {"EGOV_SERANG_CONFIG": str(file)}

    def load(text: str, profile: str | None = None) -> str:
        file.write_text(text, "utf-8")
        return said(lambda: Config.load(profile, environment=here))

    yield said(lambda: Config.load(environment={**nothing, "EGOV_SERANG_CONFIG": os.devnull}))
    yield said(lambda: Config.load("sandbox", environment={"EGOV_SERANG_CONFIG": str(folder / "none.toml")}))
    yield load('[profile.sandbox]\ngateway = "https://a.example"\n')
    yield load('[profile.sandbox]\ngateway = "https://a.example"\n', "desk")
    yield load('[profile.default]\ngateway = "https://a.example"\ndeadlin = 3\n')
    yield load('[profile.default]\ngateway = "https://a.example"\ndeadline = "3"\n')
    yield load('[profile.default]\ngateway = "https://a.example"\nclient_secret = "x"\n')
    yield load("[profile.default\n")
    yield load('[profile.default]\ngateway = "https://a.example"\n')
    yield load('[profile.default]\ngateway = "https://a.example"\nclient_id = "a"\n')
    yield said(lambda: Config(gateway="http://gateway.example", auth="none", signature="none"))
    yield said(lambda: Config(gateway="gateway.example", auth="none", signature="none"))

    profile_of = {"gateway": "https://a.example", "client_id": "a"}
    message, assertion, junk = folder / "message.pem", folder / "assertion.pem", folder / "junk.pem"
    for path, kind in ((message, "ED25519"), (assertion, "EC")):
        _write_key(path, kind)
    junk.write_text("not a key", "utf-8")

    def client(**files: Any) -> str:
        return said(lambda: Client(Config(**profile_of, **files)))

    yield client(key_file=folder / "lost.pem", signing_key_file=message)
    yield client(key_file=junk, signing_key_file=message)
    yield client(key_file=assertion, signing_key_file=assertion)
    plain = Config(**profile_of, key_file=assertion, signing_key_file=message)
    yield said(lambda: Client(plain, audit=print))
    (folder / "short.key").write_bytes(b"short")
    yield said(lambda: Client(plain.with_(audit_key_file=folder / "short.key"), audit=print))
    yield said(lambda: Client(plain.with_(ca_file=folder / "lost.pem")))
    yield said(lambda: Nik("12345"))
    with without("pyreqwest"):
        yield said(lambda: Client(plain, transport="fast"))
    yield said(lambda: plain.with_(proxy="http://proxy.example:3128"))


def of_the_way(sandbox: Sandbox, city: Config, folder: Path) -> Iterator[str]:
    """Nobody there, nobody trusted, and answers that are none."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    away = city.with_(gateway=f"http://127.0.0.1:{port}", issuer=f"http://127.0.0.1:{port}", retries=0)
    yield call(away)
    yield call(away.with_(issuer=city.gateway))
    with tls_server(folder) as address:
        yield call(away.with_(gateway=address, issuer=address))
        yield call(away.with_(gateway=address, issuer=address, ca_file=folder / "message.pem"))
    closed = Client(city)
    closed.close()
    yield said(lambda: next(closed.complaints.services()))
    with Client(city, transport="fast") as inherited:
        list(inherited.complaints.services())
        vars(vars(inherited)["_transport"])["_pools"]._process = -1  # as in a child of the process that began
        yield said(lambda: next(inherited.complaints.services()))
    with Client(city, audit=None) as busy:
        sandbox.fault("complaints.services", kind="delay", delay_s=30)
        yield said(lambda: next(busy.with_options(deadline=0.2).complaints.services()))
        sandbox.fault("complaints.submit", kind="lost_answer", times=1)
        place = Location(area_code="36.73.06.1008")
        yield said(lambda: busy.with_options(retries=0).complaints.submit("sampah", "Sampah.", location=place))

    def answering(*answers: FakeResponse) -> str:
        left = list(answers)
        return said(lambda: next(Client(transport=FakeTransport(lambda _: left.pop(0))).complaints.services()))

    yield answering(*[FakeResponse(404, body=b"<html>")] * 3)
    yield answering(FakeResponse(302, headers={"location": "https://login.example/"}))
    yield answering(*[FakeResponse(200, json={"data": []}, headers={"x-request-id": "another"})] * 3)
    yield answering(FakeResponse(200, json={"data": "?"}))
    yield from of_what_is_left_alone()


def of_what_is_left_alone() -> Iterator[str]:
    """Calls that are not sent, or not again."""
    full = FakeResponse(200, json={"data": []}, headers={"ratelimit": '"hour";r=0;t=90'})
    client = Client(transport=FakeTransport(lambda _: full)).with_options(deadline=30)
    list(client.complaints.services())
    yield said(lambda: list(client.complaints.services()))
    yield said(lambda: client.resume(UnexpectedReply("copied")))
    three: Any = 3
    yield said(lambda: Client(transport=FakeTransport(lambda _: full), retry=three))


def of_open311(sandbox: Sandbox) -> Iterator[str]:
    """An Open311 city without its key, at the wrong address, asked for what it cannot do."""
    config = Config(gateway=sandbox.url, auth="none", signature="none", complaints_wire="open311", retries=0)
    with Client(config) as client:
        yield said(lambda: client.complaints.submit("kotak_saran", "Terima kasih."))
        yield said(client.complaints.statistics)
    page = FakeResponse(200, body=b"<!doctype html><html></html>")
    typed = FakeResponse(200, body=b"<!DOCTYPE services [<!ENTITY a 'b'>]><services/>")
    for answer in (page, typed):
        with Client(config, transport=FakeTransport(lambda _, answer=answer: answer)) as elsewhere:
            yield said(lambda: next(elsewhere.complaints.services()))
    yield said(lambda: config.with_(complaints_wire="gateway", open311_url="https://city.example"))


def of_files(folder: Path) -> Iterator[str]:
    """Files that are no files, change, are cut or are others."""
    media = Media(media_id="m", filename="a.jpg", media_type="image/jpeg", size=2000, sha256="0" * 64)
    path = folder / "a.jpg"
    path.write_bytes(b"one")
    changing = File(path, progress=lambda sent, total: path.write_bytes(b"another"))
    tagged: Any = {"body": bytes(2000), "headers": [("etag", '"v"')]}
    with FaultServer(truncate(1000, **tagged), default=reply(**tagged)) as server:
        config = Config(gateway=server.url, auth="none", signature="none", retries=0)
        with Client(config) as client, path.open(encoding="utf-8") as text:
            yield said(lambda: client.complaints.attach("c", changing))
            yield said(lambda: client.complaints.attach("c", text))  # type: ignore[arg-type]
            yield said(lambda: client.complaints.download_to("c", media, path))
            yield said(lambda: client.complaints.download_to("c", media, folder / "b.jpg"))


def of_the_gateway(sandbox: Sandbox, city: Config, folder: Path) -> Iterator[str]:
    """Refusals of who we are and what we may."""
    other = sandbox.credentials("other", ["permits:read"], folder / "other")
    yield call(city.with_(client_id="nobody"))
    yield call(city.with_(key_file=other.key_file))
    yield call(city.with_(signing_key_file=other.signing_key_file))
    yield call(city.with_(scope="complaints:everything"))
    theirs = {"client_id": "other", "key_file": other.key_file, "signing_key_file": other.signing_key_file}
    yield call(city.with_(**theirs))
    with Client(city) as client:
        verify = client.identity.verify
        nik = "9973010101900000"
        yield said(lambda: verify(nik, purpose=Purpose(purpose_code="curiosity", legal_basis="public_task")))
        yield said(lambda: verify(nik, purpose=Purpose(purpose_code="permit", legal_basis="consent")))
        for kind in ("spoiled_answer", "unsigned_answer"):
            sandbox.fault("complaints.services", kind=kind, times=3)
            yield said(lambda: next(client.complaints.services()))
        sandbox.skew(-1200)
        yield said(lambda: next(client.complaints.services()))
    yield call(city)
    sandbox.skew(0)
    sandbox.fault(kind="status", route_prefix="/.well-known/jwks.json", times=3, code="internal")
    yield call(city)


def of_the_doctor(sandbox: Sandbox, city: Config, folder: Path) -> Iterator[str]:
    """What `egov doctor` prints in these states."""
    file = folder / "doctor.toml"
    profile = sandbox.credentials("doctor-app", SCOPES, folder / "doctor-keys")
    good = profile.profile_toml("sandbox")
    away = good.replace(sandbox.url, "http://127.0.0.1:9")
    lost = good.replace("doctor-app-message.pem", "lost.pem")
    for text, more in (
        ("", {}),
        (lost, {}),
        (away, {}),
        (good, {"HTTPS_PROXY": "http://proxy.example:3128"}),
        (good, {"EGOV_SERANG_CLIENT_ID": "nobody"}),
    ):
        file.write_text(text, "utf-8")
        yield doctor(file, more)
    profile.key_file.chmod(0o644)
    for seconds in (-120, -1200):
        sandbox.skew(seconds)
        yield doctor(file, {})
    assert city.gateway == sandbox.url


def of_the_command(sandbox: Sandbox) -> Iterator[str]:
    """A taken port, and extras that are not there."""
    port = sandbox.url.rpartition(":")[2]
    yield _egov("sandbox", "--port", port)
    without = "import sys; sys.modules.update(dict.fromkeys({!r})); from egov_serang.cli import main; sys.exit(main())"
    yield _python(without.format(["typer"]))
    yield missing_extra(("fastapi", "no_such_package")) or ""


def doctor(file: Path, more: dict[str, str]) -> str:
    environment = {"EGOV_SERANG_CONFIG": str(file), "EGOV_SERANG_PROFILE": "sandbox", "LC_ALL": "C.UTF-8", **more}
    result = CliRunner().invoke(app, ["doctor"], env=environment)
    return result.stdout


def call(config: Config) -> str:
    """What one call says under this configuration."""

    def work() -> None:
        with Client(config) as client:
            next(client.complaints.services())

    return said(work)


@contextmanager
def tls_server(folder: Path) -> Iterator[str]:
    """An https server with a certificate nobody vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(folder))
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a refused handshake is what is wanted
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    day = datetime.timedelta(days=1)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(now - day).not_valid_after(now + day)
    signed = built.add_extension(names, critical=False).sign(key, hashes.SHA256())
    path = folder / "tls.pem"
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + _pem(key))
    return path


def _write_key(path: Path, kind: str) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    path.write_bytes(
        _pem(Ed25519PrivateKey.generate() if kind == "ED25519" else ec.generate_private_key(ec.SECP256R1()))
    )


def _pem(key: Any) -> bytes:
    pem: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem


def _egov(*arguments: str) -> str:
    return _python("from egov_serang.cli import main; import sys; sys.exit(main())", *arguments)


def _python(code: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    return done.stderr
