"""An officer's desk, a whole Django project in one file: complaints that wait, and people at the counter.

    python django_view.py runserver 127.0.0.1:8001 --noreload

It has no login: put your own in front before anybody but you can reach it.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from itertools import islice

from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from egov_serang import AuditEvent, Client, Config, Conflict, EgovError, Invalid, InvalidTransition, Nik
from egov_serang.models.complaints import Complaint
from egov_serang.models.identity import Purpose

PAGES = {
    "desk.html": """<!doctype html><html lang="id"><meta charset="utf-8"><title>Meja pengaduan</title>
<h1>Pengaduan: {{ status }}</h1>
{% for complaint in complaints %}{% include "complaint.html" %}{% empty %}<p>Tidak ada.</p>{% endfor %}
<h1>Verifikasi warga</h1>
<form method="post" action="/people/">{% csrf_token %}
<input name="nik" inputmode="numeric" autocomplete="off"> <button>Periksa</button></form>""",
    "complaint.html": """<section><h2>{{ complaint.reference }} {{ complaint.status }}
{% if complaint.due.breached %}<strong>terlambat</strong>{% endif %}</h2><p>{{ complaint.description }}</p>
<form method="post" action="/complaints/{{ complaint.complaint_id }}/">{% csrf_token %}
<input type="hidden" name="version" value="{{ complaint.version }}">
<input name="assignee" placeholder="petugas"> <input name="comment" placeholder="catatan">
{% for action in complaint.allowed_actions %}<button name="action" value="{{ action }}">{{ action }}</button>
{% endfor %}</form></section>""",
    "sorry.html": """<!doctype html><html lang="id"><meta charset="utf-8"><title>Maaf</title><p>{{ message }}</p>
{% if request_id %}<p>Nomor: {{ request_id }}</p>{% endif %}
{% if complaint %}{% include "complaint.html" %}{% endif %}<a href="/">Kembali</a>""",
    "person.html": """<!doctype html><html lang="id"><meta charset="utf-8"><title>Hasil</title>
<p>{{ nik }}: {{ outcome }}</p><a href="/">Kembali</a>""",
}

settings.configure(
    SECRET_KEY=os.environ.get("DESK_SECRET_KEY") or secrets.token_urlsafe(32),  # sessions you add need one that stays
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware", f"{__name__}.ErrorsAsPages"],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", PAGES)]},
        }
    ],
    USE_TZ=True,
    TIME_ZONE="Asia/Jakarta",
    LOGGING={
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {
            "console": {"class": "logging.StreamHandler"},
            "trail": {"class": "logging.FileHandler", "filename": "audit.jsonl", "encoding": "utf-8"},
        },
        "loggers": {
            "egov_serang.wire": {"handlers": ["console"], "level": os.environ.get("DESK_WIRE_LOG", "WARNING")},
            "desk.audit": {"handlers": ["trail"], "level": "INFO", "propagate": False},
        },
    },
)


def write_down(event: AuditEvent) -> None:
    """Who was looked up (by pseudonym), why, with what outcome. If this fails, the lookup fails: that is wanted."""
    logging.getLogger("desk.audit").info(json.dumps(asdict(event), default=str))


# One client for all threads of a worker, and it survives a fork. A page must answer sooner than its server gives up on
# the worker, so its calls have 8 s in all, not 60. A set-up that cannot work stops the worker here.
city = Client(Config.load(deadline=8, audit_key_file="audit.key"), audit=write_down)


def desk(request: HttpRequest) -> HttpResponse:
    """The complaints in one state, those overdue first."""
    status = request.GET.get("status", "submitted")
    complaints = list(islice(city.complaints.list(status=status, limit=50), 50))
    complaints.sort(key=urgency)
    return render(request, "desk.html", {"status": status, "complaints": complaints})


def urgency(complaint: Complaint) -> tuple[bool, float]:
    due = complaint.due
    return (True, 0.0) if due is None else (not due.breached, due.at.timestamp())


def handle(request: HttpRequest, complaint_id: str) -> HttpResponse:
    """Do what the officer decided, on the version the officer saw."""
    try:
        city.complaints.transition(
            complaint_id,
            request.POST.get("action", ""),
            version=int(request.POST.get("version", "0")),
            assignee=request.POST.get("assignee") or None,
            comment=request.POST.get("comment") or None,
        )
    except (
        Conflict,
        InvalidTransition,
    ) as error:  # somebody was faster: show what it is now, and let them decide again
        now = {"message": error.user_message("id"), "complaint": city.complaints.get(complaint_id)}
        return render(request, "sorry.html", now, status=409)
    return redirect("/")


def person(request: HttpRequest) -> HttpResponse:
    """Verify somebody at the counter. The page shows the number masked."""
    purpose = Purpose(purpose_code="permit", legal_basis="public_task")
    number = request.POST.get("nik", "")
    reference = f"counter-1-{datetime.now():%Y%m%d-%H%M%S}"
    found = city.identity.verify(number, purpose=purpose, client_reference=reference)
    return render(request, "person.html", {"nik": Nik(number), "outcome": found.outcome})


def alive(request: HttpRequest) -> HttpResponse:
    """For whoever restarts workers: this one answers. It asks nobody else, or an ill gateway would restart us all."""
    return HttpResponse("ok", content_type="text/plain")


def ready(request: HttpRequest) -> HttpResponse:
    """For the load balancer and the monitor: token, signature and gateway work."""
    try:
        next(iter(city.with_options(deadline=2, retries=0).complaints.services(limit=1)), None)
    except EgovError as error:
        return HttpResponse(type(error).__name__, status=503, content_type="text/plain")
    return HttpResponse("ok", content_type="text/plain")


class ErrorsAsPages:
    """A sentence for the officer and the request id for the help desk, in place of a traceback."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, EgovError):
            return None
        status = 400 if isinstance(error, Invalid) else 503
        said = {"message": error.user_message("id"), "request_id": error.request_id}
        return render(request, "sorry.html", said, status=status)


urlpatterns = [
    path("", require_GET(desk)),
    path("complaints/<str:complaint_id>/", require_POST(handle)),
    path("people/", require_POST(sensitive_post_parameters("nik")(person))),
    path("health/live", require_GET(alive)),
    path("health/ready", require_GET(ready)),
]
application = get_wsgi_application()  # for a server of your own: gunicorn django_view:application

if __name__ == "__main__":
    execute_from_command_line()
