"""What a type checker sees of an outbox: the method's own arguments, and the mode of the client."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, assert_type

from egov_serang import AsyncClient, Client, Outbox
from egov_serang.batch.entries import Entry, Report


def on_threads(client: Client, outbox: Outbox) -> None:
    assert_type(outbox.add(client.complaints.submit, "sampah", "Sampah.", photos=[b"x"]), Entry)
    assert_type(outbox.add(client.complaints.attach, "c", b"x"), Entry)
    assert_type(outbox.send(client), Report)
    wrong: object = outbox.add(client.complaints.submit, 3, "Sampah.")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    assert wrong


async def on_tasks(client: AsyncClient, outbox: Outbox) -> None:
    # mypy finds the overload ambiguous (its arguments hold Any) and takes the result for Any: said here, it is checked.
    kept: Coroutine[Any, Any, Entry] = outbox.add(client.complaints.submit, "sampah", "Sampah.")
    assert_type(await kept, Entry)
    assert_type(await outbox.send(client), Report)
