"""The sides of a complaint, and the way one is led through its states."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from egov_serang import Client
from egov_serang.models.complaints import Complaint, Location

MARKET = Location(lat=-6.1153, long=106.1503, area_code="36.73.01.1001")
PHOTO = Path(__file__).parents[2] / "examples" / "pothole.png"
SCOPES = {
    "citizen": ("complaints:read", "complaints:write"),
    "stranger": ("complaints:read", "complaints:write"),
    "officer": ("complaints:read", "complaints:manage"),
    "trusted": ("complaints:read", "complaints:manage", "complaints:confidential"),
}
Sides = dict[str, Client]


def submit(client: Client, text: str = "Jalan berlubang.", **more: Any) -> Complaint:
    return client.complaints.submit("jalan_rusak", text, **{"location": MARKET, **more})


def through(client: Client, complaint: Complaint, *actions: str) -> Complaint:
    for action in actions:
        assignee = "regu-1" if action == "assign" else None
        complaint = client.complaints.transition(complaint, action, assignee=assignee)
    return complaint
