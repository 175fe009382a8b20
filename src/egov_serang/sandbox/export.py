"""`python -m egov_serang.sandbox.export PATH` writes the OpenAPI document the sandbox serves, sorted and indented."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from egov_serang.sandbox.app import create_app, open_platform
from egov_serang.sandbox.cities.serang import SERANG
from egov_serang.sandbox.settings import EXAMPLE_URL


def openapi_text() -> str:
    """The document as committed: the same text on every machine."""
    with tempfile.TemporaryDirectory() as folder:
        platform = open_platform(Path(folder) / "export.sqlite", EXAMPLE_URL, SERANG, durable=False)
        try:
            document = create_app(platform).openapi()
        finally:
            platform.close()
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main(path: str) -> None:
    """Write the document to a file."""
    Path(path).write_text(openapi_text(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
