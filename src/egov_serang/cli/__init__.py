"""The command `egov`. Its libraries come with the extra `cli`; without it the command says how to get them."""

from __future__ import annotations

import importlib.util
import sys


def main() -> None:
    """Run `egov`."""
    missing = [name for name in ("typer", "rich") if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(f"egov needs {' and '.join(missing)}: pip install 'egov-serang[cli,sandbox]'")
    try:
        from egov_serang.cli.app import app  # noqa: PLC0415 - only with the extra

        app()
    except KeyboardInterrupt:  # while it was still loading
        sys.exit(130)
