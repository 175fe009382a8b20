"""Verify many residents over the fast transport (`pip install 'egov-serang[fast]'`), sixteen at a time."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date

from egov_serang import AsyncClient, EgovError, Nik
from egov_serang.models.identity import Attributes, Purpose

ROWS = [(f"99730101019{serial:05d}", "Warga Contoh", date(1990, 1, 1)) for serial in range(40)]  # nobody's numbers
PURPOSE = Purpose(purpose_code="permit", legal_basis="public_task")
AT_ONCE = 16


async def main() -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def verdict(row: int, number: str, name: str, born: date) -> str:
        # The row's own key: a row that is run again after a failure has no second effect.
        keyed = client.with_options(idempotency_key=f"night-batch-{row}")
        async with gate:
            try:
                found = await keyed.identity.verify(
                    Nik(number), Attributes(full_name=name, birth_date=born), purpose=PURPOSE
                )
            except EgovError as error:
                return f"failed, sent={error.sent}"
        return str(found.outcome)

    async with AsyncClient(transport="fast") as client:
        verdicts = await asyncio.gather(*(verdict(row, *fields) for row, fields in enumerate(ROWS)))
    print(dict(Counter(verdicts)))


asyncio.run(main())
