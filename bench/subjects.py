"""Who is measured: the application, its peers, and the limits of what it stands on."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench import fill, postgres
from quart_auth_app.settings import NAMES
from tests.servers import CONFIG

ROOT = Path(__file__).parent.parent
PEERS_PYTHON = os.environ.get("BENCH_PEERS_PYTHON", sys.executable)
"""The peers' own environment: some of their libraries don't allow the versions that ours is locked to."""

SECRET_KEY = "only for measuring, on loopback, for as long as a run takes"

Prepare = Callable[[Path, int], dict[str, str]]
"""Makes the databases in a folder, with so many users; returns what the server's environment needs."""


@dataclass(frozen=True)
class LogIn:
    """How to log in: by default, a form on /login."""

    path: str = "/login"
    email: str = "email"
    fields: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Subject:
    """One server, with one worker."""

    name: str
    command: tuple[str, ...]
    prepare: Prepare
    log_in: LogIn | None = None
    """None for what knows no accounts."""

    pages: tuple[str, ...] = ("/", "/login", "/profile")
    patient: tuple[str, ...] | None = None
    """Options that let it keep idle connections; None if it never keeps any."""


@dataclass(frozen=True)
class Site:
    """A subject whose databases are made."""

    subject: Subject
    folder: Path
    environment: dict[str, str]


def site(subject: Subject, folder: Path, users: int) -> Site:
    """Prepare a subject in a folder of its own, with no setting from outside."""
    folder.mkdir(parents=True)
    outside = {name: value for name, value in os.environ.items() if name not in NAMES}
    return Site(subject, folder, outside | {"PYTHONPATH": str(ROOT)} | subject.prepare(folder, users))


def ours(database_url: str) -> dict[str, str]:
    """Return the application's settings: behind one proxy, so that the load can come from many addresses."""
    return {"DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY, "PROXY_HOPS": "1", "WORKERS": "1"}


def _ours_on_sqlite(folder: Path, users: int) -> dict[str, str]:
    url = f"sqlite:///{folder}/db.sqlite"
    fill.add_users(url, users)
    return ours(url)


def _ours_on_postgresql(_folder: Path, users: int) -> dict[str, str]:
    url = postgres.create("pages")
    fill.add_users(url, users)
    return ours(url)


def _peer(module: str) -> Prepare:
    def prepare(folder: Path, users: int) -> dict[str, str]:
        environment = {"DATABASE": str(folder / "db.sqlite"), "DJANGO_SETTINGS_MODULE": "bench.peers.django_settings"}
        subprocess.run(
            [PEERS_PYTHON, "-m", "bench.peers", module, str(users)],
            cwd=ROOT,
            env=os.environ | environment,
            check=True,
        )
        return environment

    return prepare


def _nothing(_folder: Path, _users: int) -> dict[str, str]:
    return {}


def _hypercorn(app: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "hypercorn", "--config", str(CONFIG), "--bind", "127.0.0.1:PORT", app)


def _gunicorn(app: str, *options: str) -> tuple[str, ...]:
    # With an access log, as servers have in life and ours has here. The control socket would lie in the home folder.
    shared = ("--workers", "1", "--access-logfile", "-", "--no-control-socket", "--bind", "127.0.0.1:PORT")
    return (PEERS_PYTHON, "-m", "gunicorn", *shared, *options, app)


PATIENT = ("--config", "patient.toml")
"""hypercorn.toml without its time limits, written by measures/idle.py into the folder that the server runs in."""

FLASK = "bench.peers.flask_site:create_app()"
CSRF = "m4zQx7Tn2KdV9sYb3LrW6cHf8PgJ5tEa"
"""Django's token, chosen by ourselves: it compares cookie and field, and needs no page fetched before each log-in."""

OURS = Subject("quart-auth-app", _hypercorn("quart_auth_app:create_app()"), _ours_on_sqlite, LogIn(), patient=PATIENT)
OURS_ON_POSTGRESQL = Subject(
    "quart-auth-app, PostgreSQL",
    _hypercorn("quart_auth_app:create_app()"),
    _ours_on_postgresql,
    LogIn(),
    patient=PATIENT,
)
TUTORIAL = Subject(
    "Flask-Login, gunicorn sync", _gunicorn(FLASK, "--worker-class", "sync"), _peer("flask_site"), LogIn()
)
THREADED = Subject(
    "Flask-Login, gunicorn gthread",
    _gunicorn(FLASK, "--worker-class", "gthread", "--threads", "4"),
    _peer("flask_site"),
    LogIn(),
    patient=("--keep-alive", "600", "--worker-connections", "20000"),
)
DJANGO = Subject(
    "Django, gunicorn sync",
    _gunicorn("bench.peers.django_site:application", "--worker-class", "sync"),
    _peer("django_site"),
    LogIn(email="username", fields={"csrfmiddlewaretoken": CSRF}, cookies={"csrftoken": CSRF}),
)
FASTAPI = Subject(
    "fastapi-users, uvicorn",
    (PEERS_PYTHON, "-m", "uvicorn", "--port", "PORT", "bench.peers.fastapi_site:app"),
    _peer("fastapi_site"),
    LogIn(path="/auth/login", email="username"),
    pages=("/", "/profile"),
    patient=("--timeout-keep-alive", "600"),
)
BARE_QUART = Subject("bare Quart route, hypercorn", _hypercorn("bench.limits.quart_route:app"), _nothing, pages=("/",))
BARE_ASGI = Subject(
    "bare ASGI function, hypercorn", _hypercorn("bench.limits.asgi:app"), _nothing, pages=("/",), patient=PATIENT
)
BARE_BCRYPT = "bare bcrypt, all cores"

SUBJECTS = (OURS, OURS_ON_POSTGRESQL, TUTORIAL, THREADED, DJANGO, FASTAPI, BARE_QUART, BARE_ASGI)
