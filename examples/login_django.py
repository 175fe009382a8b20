"""Residents log in with Django, a whole project in one file: what is kept is in the session, on the server.

LOGIN_SECRET=sandbox-web-secret python login_django.py runserver 127.0.0.1:8000 --noreload      (see docs/login.md)
"""

from __future__ import annotations

import os
import secrets

from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from egov_serang import EgovError
from egov_serang.auth.login import Login, LoginConfig

HOME = os.environ.get("APP_URL", "http://127.0.0.1:8000")
PAGE = """<!doctype html><html lang="id"><title>Lapor</title>
{% if message %}<p role="alert">{{ message }}</p>{% endif %}
{% if name %}<h1>Halo, {{ name }}</h1>
<form method="post" action="/logout">{% csrf_token %}<button>Keluar</button></form>
{% else %}<a href="/login">Masuk</a>{% endif %}"""
LOADERS = [("django.template.loaders.locmem.Loader", {"home.html": PAGE})]

login = Login(
    LoginConfig(
        issuer=os.environ.get("LOGIN_ISSUER", "http://127.0.0.1:8673"),
        client_id="sandbox-web",
        auth="client_secret",
        client_secret_file="env:LOGIN_SECRET",
        scopes=("openid", "profile"),
        redirect_uri=f"{HOME}/callback",
        post_logout_redirect_uri=f"{HOME}/",
    )
)


def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html", {"name": request.session.get("name")})


def begin(request: HttpRequest) -> HttpResponse:
    url, transaction = login.begin()
    request.session["login"] = transaction.dump()
    return redirect(url)


def callback(request: HttpRequest) -> HttpResponse:
    try:
        person = login.finish(request.META["QUERY_STRING"], request.session.pop("login", None))
    except EgovError as error:
        return render(request, "home.html", {"message": error.user_message()}, status=403)
    request.session.cycle_key()  # who knew the session's name before the login must not share it now
    request.session.update({"subject": person.subject, "name": person.name or "warga"})
    return redirect("/")


def logout(request: HttpRequest) -> HttpResponse:
    request.session.flush()
    return redirect(login.logout_url())


urlpatterns = [
    *(path(name, require_GET(view)) for name, view in (("", home), ("login", begin), ("callback", callback))),
    path("logout", require_POST(logout)),
]
settings.configure(
    ROOT_URLCONF=__name__,
    SECRET_KEY=secrets.token_urlsafe(48),  # several processes need one key and a session store they share
    ALLOWED_HOSTS=["127.0.0.1"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": {"loaders": LOADERS}}],
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
    SESSION_COOKIE_SECURE=True,
    CSRF_COOKIE_SECURE=True,
)
application = get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line()
