"""Read three things at once, with the same methods as `Client`."""

from __future__ import annotations

import asyncio
from typing import Any

from egov_serang import AsyncClient, AsyncPager


async def main() -> None:
    async with AsyncClient() as client:
        categories, kinds, templates = await asyncio.gather(
            count(client.complaints.services()),
            count(client.permits.types()),
            count(client.notifications.templates.list()),
        )
        print(f"{categories} kinds of complaints, {kinds} kinds of permits, {templates} message templates")


async def count(pager: AsyncPager[Any]) -> int:
    return len([item async for item in pager])


asyncio.run(main())
