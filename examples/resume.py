"""File a list of complaints over a bad line: each ends as one complaint, or as an error that says how far it came.

What failed for want of an answer is resumed: the same call with the same idempotency key, so nothing is filed twice.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from egov_serang import (
    Client,
    ConnectionFailed,
    DeadlineExceeded,
    EgovError,
    RateLimited,
    ServerFault,
    UnexpectedReply,
)
from egov_serang.models.complaints import Complaint, Location

PLACES = ("36.73.01.1001", "36.73.01.1002", "36.73.01.1003", "36.73.06.1008")
PAUSES = (1, 10, 60)  # seconds before the next round
LATER = (ConnectionFailed, DeadlineExceeded, RateLimited, ServerFault, UnexpectedReply)
"""What may well be different in a while. Every other error says what is wrong with the call itself."""

Outcome = Complaint | EgovError


def file(client: Client, area_code: str) -> Outcome:
    """Try once: with the repetitions that the client makes by itself."""
    try:
        return client.complaints.submit("sampah", "Sampah belum diangkut.", location=Location(area_code=area_code))
    except EgovError as error:
        return error


def resume(client: Client, outcome: Outcome) -> Outcome:
    """Try again what is worth it."""
    if not isinstance(outcome, LATER):
        return outcome
    try:
        filed: Complaint = client.resume(outcome)
    except EgovError as error:
        return error
    return filed


with Client() as client, ThreadPoolExecutor(8) as pool:
    outcomes = list(pool.map(lambda place: file(client, place), PLACES))
    for pause in PAUSES:
        unfinished = [one for one in outcomes if isinstance(one, LATER)]
        if not unfinished:
            break
        hints = [one.retry_after for one in unfinished if one.retry_after is not None]
        time.sleep(max([pause, *hints]))
        outcomes = list(pool.map(lambda one: resume(client, one), outcomes))

for place, outcome in zip(PLACES, outcomes, strict=True):
    if isinstance(outcome, Complaint):
        print(place, outcome.reference or outcome.complaint_id)
    else:  # keep the key: for a day, the same call with it has no second effect
        print(place, "not filed:", outcome.sent, outcome.idempotency_key, outcome)
