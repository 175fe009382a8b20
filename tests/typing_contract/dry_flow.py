"""A flow has no single call to show: in dry mode its type says that it never returns."""

from __future__ import annotations

from typing import Never, assert_type

from egov_serang import Client


def flow_in_dry_mode(client: Client) -> None:
    assert_type(client.dry.complaints.submit("road", "a hole"), Never)
