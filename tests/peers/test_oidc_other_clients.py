"""Mutual TLS, and a client secret in the form, against npm oidc-provider: whom it takes a client for, what it binds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.peers.provider import Provider, carried_out, client, provider
from tests.services.mutual import Holder

from egov_serang.auth.bound import BoundTokens
from egov_serang.auth.certificate import client_certificate
from egov_serang.auth.claims import confirmation, unchecked_claims
from egov_serang.auth.credentials import MutualTls, PostedSecret
from egov_serang.auth.tokens import TokenSource
from egov_serang.core.runtime import Runtime
from egov_serang.errors import Unauthorized, UnexpectedReply
from egov_serang.transport.tls import TlsOptions

SECRET = "s3:/+ cr%et=&"


@dataclass
class World:
    """A provider over TLS, its authority, and two certificates of which it knows one."""

    issuer: Provider
    ca_file: str
    ours: Holder
    stranger: Holder
    folder: Path

    def kept(self, holder: Holder) -> str:
        path = self.folder / f"{holder.thumbprint}.pem"
        path.write_bytes(holder.pem())
        return str(path)

    def token(self, flow: str, source: TokenSource, shown: Holder) -> str:
        tls = TlsOptions(self.ca_file, client_certificate(self.kept(shown), None, None))

        async def get(runtime: Runtime) -> str:
            return (await source.get(runtime, runtime.now() + 30)).header().removeprefix("Bearer ")

        return carried_out(flow, get, tls)

    def source(self, client_id: str, holder: Holder) -> BoundTokens:
        certificate = client_certificate(self.kept(holder), None, None)
        return BoundTokens(self.issuer.issuer, MutualTls(client_id), certificate)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("mtls")
    authority = Holder(name="authority")
    ca_file = folder / "ca.pem"
    ca_file.write_bytes(authority.chain())
    server = Holder(authority, "localhost")
    ours, stranger = Holder(authority, "counter"), Holder(authority, "stranger")
    pem = server.pem().decode()
    key = pem[pem.index("-----BEGIN PRIVATE") :]
    tls = {"cert": server.chain().decode(), "key": key, "ca": authority.chain().decode()}
    known: dict[str, Any] = {
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": "CN=counter",
    }
    clients = [
        client("counter-app", tls_client_certificate_bound_access_tokens=True, **known),
        client("unbound-app", **known),
        client("posting/app", client_secret=SECRET, token_endpoint_auth_method="client_secret_post"),
    ]
    with provider(clients, ca=str(ca_file), tls=tls) as issuer:
        yield World(issuer, str(ca_file), ours, stranger, folder)


@pytest.mark.parametrize("flow", ["threads", "tasks"])
def test_the_certificate_proves_the_client_and_binds_its_token(world: World, flow: str) -> None:
    claims = unchecked_claims(world.token(flow, world.source("counter-app", world.ours), world.ours))
    assert claims is not None
    assert (claims["client_id"], confirmation(claims, "x5t#S256")) == ("counter-app", world.ours.thumbprint)


@pytest.mark.parametrize("flow", ["threads", "tasks"])
def test_another_certificate_does_not(world: World, flow: str) -> None:
    with pytest.raises(Unauthorized) as caught:
        world.token(flow, world.source("counter-app", world.stranger), world.stranger)
    assert caught.value.code == "invalid_client"


def test_a_token_it_does_not_bind_is_refused(world: World) -> None:
    with pytest.raises(UnexpectedReply) as caught:
        world.token("threads", world.source("unbound-app", world.ours), world.ours)
    assert caught.value.code == "token_binding"


@pytest.mark.parametrize("flow", ["threads", "tasks"])
def test_a_secret_in_the_form_is_taken_and_a_wrong_one_is_not(world: World, flow: str) -> None:
    issuer = world.issuer.issuer
    claims = unchecked_claims(world.token(flow, TokenSource(issuer, PostedSecret("posting/app", SECRET)), world.ours))
    assert claims is not None
    assert claims["client_id"] == "posting/app"
    with pytest.raises(Unauthorized) as caught:
        world.token(flow, TokenSource(issuer, PostedSecret("posting/app", SECRET + "x")), world.ours)
    assert caught.value.code == "invalid_client"
