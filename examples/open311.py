"""Report to a city that speaks Open311, and follow what becomes of it. Here the city is the sandbox."""

from __future__ import annotations

import os

from egov_serang import Client, Config, UnsupportedOperation
from egov_serang.models.complaints import Location, Reporter

os.environ.setdefault("OPEN311_KEY", "sandbox-open311-key")  # every sandbox's; a city gives you one of your own
config = Config.load(complaints_wire="open311", open311_key_file="env:OPEN311_KEY")

with Client(config) as client:
    endpoint = client.complaints.discovery().endpoints[0]
    print(endpoint.type, *endpoint.formats)  # -> test text/xml application/json

    parking = client.complaints.service("parkir_liar")
    print(parking.attributes[0].rule)  # -> one of car, motorcycle, truck, bus

    filed = client.complaints.submit(
        parking,
        "Parkir di trotoar depan pasar.",
        location=Location(lat=-6.1153, long=106.1503),
        attributes={"vehicle_kind": "car"},
        reporter=Reporter(name="Warga Contoh", email="warga@example.invalid"),
        media_url="https://photos.example.invalid/trotoar.jpg",
    )
    read = client.complaints.get(filed.complaint_id)
    print(read.status, read.agency_responsible)  # -> open Dinas Perhubungan

    proposal = client.complaints.submit("usulan_pembangunan", "Taman kota.", attributes={"reason": "Belum ada."})
    print(client.complaints.token(proposal.token or "").complaint_id)  # -> None

    try:
        client.complaints.statistics()
    except UnsupportedOperation as error:
        print(error)  # nothing was sent
