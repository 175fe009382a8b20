"""Imports run one way: `.importlinter` names every part and refuses wrong arrows."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "egov_serang"

LINT = "from importlinter.cli import lint_imports_command as main; main()"

# Importable by every part: they stand on nothing of ours.
COMMON = {"egov_serang.types", "egov_serang.errors", "egov_serang.__main__"}

WRONG_ARROWS = {
    "services/complaints.py": "egov_serang.wires.gateway.complaints",
    "services/identity.py": "egov_serang.core.engine",
    "services/permits.py": "egov_serang.core.exchange",
    "wires/gateway/permits.py": "egov_serang.core.bind",
    "layers/retry.py": "egov_serang.models.permits",
    "layers/wirelog.py": "httpx",
    "layers/idempotency.py": "opentelemetry",
    "transport/lanes.py": "egov_serang.auth.tokens",
    "core/engine.py": "egov_serang.layers.retry",
    "auth/tokens.py": "asyncio",
    "signing/keys.py": "keyring",
    "models/identity.py": "egov_serang.core.body",
    "receivers/delivery.py": "egov_serang.signing.webhooks",
    "sandbox/problems.py": "egov_serang.errors",
    "signing/verifier.py": "http_message_signatures",
    "config.py": "egov_serang.client",
}


def test_every_part_has_a_rule() -> None:
    rules = configparser.ConfigParser()
    rules.read(ROOT / ".importlinter", "utf-8")
    named = {module for part in rules.values() for module in part.get("protected_modules", "").split()}
    parts = {f"egov_serang.{path.stem}" for path in PACKAGE.iterdir() if is_module(path)} - {"egov_serang.core"}
    parts |= {f"egov_serang.core.{path.stem}" for path in (PACKAGE / "core").iterdir() if is_module(path)}
    assert parts - named - COMMON == set()


def is_module(path: Path) -> bool:
    """Whether this is a module or package of ours, rather than a cache or a marker."""
    if path.is_dir():
        return (path / "__init__.py").is_file()
    return path.suffix == ".py" and path.stem != "__init__"


def test_a_wrong_arrow_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "egov_serang"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for module, target in WRONG_ARROWS.items():
        with (copy / module).open("a", encoding="utf-8") as file:
            file.write(f"\nimport {target}\n")
    done = subprocess.run(
        [sys.executable, "-c", LINT, "--config", str(ROOT / ".importlinter"), "--no-cache"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    report = " ".join(done.stdout.split())
    refused = {
        (module, target)
        for module, target in WRONG_ARROWS.items()
        if f"egov_serang.{module.removesuffix('.py').replace('/', '.')} -> {target} (l." in report
    }
    assert refused == set(WRONG_ARROWS.items())
