"""Receive events with FastAPI: checked, written down, acknowledged; a worker reads them from the file."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool

from egov_serang import Event, Webhooks
from egov_serang.receivers import LIMIT, Delivery

INBOX = Path("inbox.jsonl")

app = FastAPI()
webhooks = Webhooks.from_file("webhook.secret")


def keep(event: Event) -> None:
    with INBOX.open("a", encoding="utf-8") as inbox:
        inbox.write(event.model_dump_json() + "\n")


@app.post("/events")
async def events(request: Request) -> Response:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LIMIT:
            break
    delivery = Delivery(webhooks, request.headers, bytes(body))
    if delivery.event is not None:
        await run_in_threadpool(keep, delivery.event)
    answer = delivery.answer()  # only now is it handled; had keeping failed, it would come again
    return Response(answer.body, answer.status, dict(answer.headers))


if __name__ == "__main__":
    print("uvicorn webhook_fastapi:app")
