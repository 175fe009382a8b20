"""What residents of one kelurahan should know now. Announcements are for everybody: no token is fetched."""

from __future__ import annotations

from datetime import UTC, datetime

from egov_serang import Client

with Client() as client:
    for announcement in client.notifications.announcements.list(area="36.73.01.1001", active_at=datetime.now(UTC)):
        until = f"until {announcement.valid_until:%d-%m-%Y}" if announcement.valid_until else "until further notice"
        print(f"[{announcement.category}] {announcement.title} ({until})")
