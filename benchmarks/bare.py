"""A bare HTTP library, unsigned, with a fixed token: the call the SDK replaces.

usage: python -m benchmarks.bare {httpx,httpx2,aiohttp,pyreqwest} URL ROWS IN_FLIGHT [--loop uvloop]
With IN_FLIGHT 0 its synchronous client makes one call after another. The answer is parsed, not modelled.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from importlib import import_module
from typing import Any

from benchmarks.drive import body, by_workers, one_by_one, run

PATH = "/v1/identity/verifications"
HEADERS = {"authorization": "Bearer t"}
SETTLE = 0.05
"""Seconds before a process with pyreqwest ends: some of those that end at once abort, after all was done."""


def httpx_sync(library: str, url: str, rows: int) -> None:
    """httpx, or httpx2, which speaks likewise."""
    with import_module(library).Client() as client:

        def call(serial: int) -> object:
            answer = client.post(url + PATH, json=body(serial), headers=HEADERS)
            answer.raise_for_status()
            return json.loads(answer.content)

        one_by_one(library, call, rows)


async def httpx_async(library: str, url: str, rows: int, width: int) -> None:
    """The same in tasks. Its pool is as large as what is in flight."""
    module = import_module(library)
    async with module.AsyncClient(limits=module.Limits(max_connections=width)) as client:

        async def call(serial: int) -> object:
            answer = await client.post(url + PATH, json=body(serial), headers=HEADERS)
            answer.raise_for_status()
            return json.loads(answer.content)

        await by_workers(library, call, rows, width)


async def aiohttp_async(url: str, rows: int, width: int) -> None:
    """aiohttp has no synchronous client."""
    import aiohttp  # noqa: PLC0415 - one library a process

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=width)) as client:

        async def call(serial: int) -> object:
            async with client.post(url + PATH, json=body(serial), headers=HEADERS) as answer:
                answer.raise_for_status()
                return json.loads(await answer.read())

        await by_workers("aiohttp", call, rows, width)


def pyreqwest_sync(url: str, rows: int) -> None:
    """pyreqwest in one thread."""
    from pyreqwest.client import SyncClientBuilder  # noqa: PLC0415 - one library a process

    with SyncClientBuilder().error_for_status(True).build() as client:

        def call(serial: int) -> object:
            request = client.post(url + PATH).body_json(body(serial)).headers(HEADERS).build()
            return json.loads(bytes(request.send().bytes()))

        one_by_one("pyreqwest", call, rows)
    time.sleep(SETTLE)


async def pyreqwest_async(url: str, rows: int, width: int) -> None:
    """pyreqwest in tasks."""
    from pyreqwest.client import ClientBuilder  # noqa: PLC0415 - one library a process

    async with ClientBuilder().error_for_status(True).build() as client:

        async def call(serial: int) -> Any:
            request = client.post(url + PATH).body_json(body(serial)).headers(HEADERS).build()
            answer = await request.send()
            return json.loads(bytes(await answer.bytes()))

        await by_workers("pyreqwest", call, rows, width)
    await asyncio.sleep(SETTLE)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", choices=("httpx", "httpx2", "aiohttp", "pyreqwest"))
    parser.add_argument("url")
    parser.add_argument("rows", type=int)
    parser.add_argument("in_flight", type=int)
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    given = parser.parse_args()
    library, url, rows, width = given.library, given.url, given.rows, given.in_flight
    if width:
        if library == "aiohttp":
            work = aiohttp_async(url, rows, width)
        elif library == "pyreqwest":
            work = pyreqwest_async(url, rows, width)
        else:
            work = httpx_async(library, url, rows, width)
        run(work, given.loop)
    elif library == "pyreqwest":
        pyreqwest_sync(url, rows)
    elif library == "aiohttp":
        parser.error("aiohttp has no synchronous client")
    else:
        httpx_sync(library, url, rows)


if __name__ == "__main__":
    main()
