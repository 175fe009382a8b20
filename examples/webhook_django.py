"""Receive events with Django: checked, written down, acknowledged; a worker reads them from the file."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from egov_serang import Webhooks
from egov_serang.receivers import Delivery

INBOX = Path("inbox.jsonl")

webhooks = Webhooks.from_file("webhook.secret")


def events(request: HttpRequest) -> HttpResponse:
    delivery = Delivery(webhooks, request.headers, request.body, method=request.method)
    if delivery.event is not None:
        with INBOX.open("a", encoding="utf-8") as inbox:
            inbox.write(delivery.event.model_dump_json() + "\n")
    answer = delivery.answer()  # only now is it handled; had writing failed, it would come again
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))


urlpatterns = [path("events", csrf_exempt(events))]  # the gateway has a signature, not a cookie
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1", "app.example.go.id"], LOGGING_CONFIG=None)
application = get_wsgi_application()

if __name__ == "__main__":
    print("gunicorn webhook_django")
