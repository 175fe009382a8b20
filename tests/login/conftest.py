"""A sandbox as provider, with one application registered in every way it may prove itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey
from tests.login.browser import Browser

from egov_serang.auth.login import Login, LoginConfig
from egov_serang.sandbox.server import Sandbox

BACK = "http://127.0.0.1:9/callback"
LEFT = "http://127.0.0.1:9/"
APP = "login-app"
SECRET = "a secret with : / + and %"

Register = Callable[..., LoginConfig]


@pytest.fixture
def provider(sandbox: Sandbox) -> Sandbox:
    sandbox.reset()
    return sandbox


@pytest.fixture
def browser() -> Iterator[Browser]:
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def register(provider: Sandbox, tmp_path: Path) -> Register:
    """Registers the application, and gives its configuration: `register(key=..., encrypted=...)`."""

    def register(*, key: Any = None, secret: str | None = None, encrypted: Any = None, **more: Any) -> LoginConfig:
        keys, settings = [], {"auth": "none"}
        if key is not None:
            path = tmp_path / "assertion.pem"
            path.write_bytes(key.as_pem(private=True))
            keys.append({**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig"})
            settings = {"auth": "private_key_jwt", "key_file": str(path)}
        if secret is not None:
            settings = {"auth": "client_secret", "client_secret": secret}
        if encrypted is not None:
            path = tmp_path / "encryption.pem"
            path.write_bytes(encrypted.as_pem(private=True))
            keys.append({**encrypted.as_dict(private=False), "kid": encrypted.thumbprint(), "use": "enc"})
            settings["decryption_key_files"] = (str(path),)
        provider.register(
            APP,
            {"keys": keys},
            [],
            secret,
            public=key is None and secret is None,
            redirect_uris=[BACK],
            post_logout_redirect_uris=[LEFT],
            name="Aplikasi <b>Contoh</b>",
        )
        given = {"issuer": provider.url, "client_id": APP, "redirect_uri": BACK, "post_logout_redirect_uri": LEFT}
        return LoginConfig(**{**given, "scopes": ("openid", "profile", "address"), **settings, **more})

    return register


@pytest.fixture
def login(register: Register) -> Iterator[Login]:
    """The application with a key, and everything else as it comes."""
    with Login(register(key=ECKey.generate_key("P-256"))) as login:
        yield login


def key_of(kind: str) -> Any:
    """A key of the kind an algorithm is for."""
    return {
        "ES256": lambda: ECKey.generate_key("P-256"),
        "PS256": lambda: RSAKey.generate_key(2048),
        "EdDSA": lambda: OKPKey.generate_key("Ed25519"),
    }[kind]()
