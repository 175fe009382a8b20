"""`python -m egov_serang` is `egov`."""

from __future__ import annotations

from egov_serang.cli import main

if __name__ == "__main__":
    main()
