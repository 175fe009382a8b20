"""What a person reported: a script that acts for whoever ran `egov login`, with the profile of EGOV_SERANG_PROFILE."""

from __future__ import annotations

import sys

from egov_serang import Client, ConfigError, Unauthorized

LOG_IN = {"not_logged_in", "invalid_grant"}  # nobody did yet; the session is over


def main() -> int:
    """Print the newest complaints and their states; 1 when somebody has to log in first."""
    try:
        with Client() as client:
            cases = list(client.complaints.list(limit=5))
    except (ConfigError, Unauthorized) as error:
        if error.code not in LOG_IN:
            raise
        print("Nobody is logged in. Run: egov login", file=sys.stderr)
        return 1
    print(f"{len(cases)} complaints")
    for case in cases:
        print(case.complaint_id, case.status)
    return 0


if __name__ == "__main__":
    sys.exit(main())
