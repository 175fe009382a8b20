"""What a gateway says about itself (contract-v1 section 1). Never overrides a configured security setting."""

from __future__ import annotations

from egov_serang.core.call import Call
from egov_serang.core.decode import Decode
from egov_serang.model import Model
from egov_serang.wires.gateway.problems import read_problem


class Jurisdiction(Model):
    """A city the gateway serves, by its Kemendagri code."""

    id: str
    name: str


class SignatureWay(Model):
    """A way of signing the gateway knows, and whether it signs its answers so."""

    name: str
    responses: bool = False


class Discovery(Model):
    """The discovery document; a gateway that says nothing about the echo promises it, and signs no answers."""

    contract: str
    issuer: str | None = None
    jurisdictions: tuple[Jurisdiction, ...] = ()
    signature_profiles: tuple[SignatureWay, ...] = ()
    request_id_echo: bool = True
    sandbox: bool = False

    @property
    def signs_answers(self) -> bool:
        """Whether answers to signed requests are signed (profile `rfc9421`)."""
        return any(way.name == "rfc9421" and way.responses for way in self.signature_profiles)


def discover() -> Call[Discovery]:
    """Read the discovery document: without a token, unsigned."""
    return Call(
        "discovery",
        "GET",
        "/.well-known/smartcity-gateway",
        Decode(Discovery),
        read_problem,
        headers=(("accept", "application/json"),),
        authenticated=False,
        signed=False,
    )
