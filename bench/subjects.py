"""What is measured: the application, its peers, and the limits of the software below it."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from quart import Quart
from quart.sessions import SecureCookieSessionInterface

from bench import fill, postgres
from quart_auth_app.settings import NAMES
from tests.servers import CONFIG, free_port

ROOT = Path(__file__).parent.parent
PEERS_PYTHON = os.environ.get("BENCH_PEERS_PYTHON", sys.executable)
"""The Python of the peers' environment. It also has what we need, in the same versions, for uvicorn and granian."""

SECRET_KEY = "only for measuring, on loopback, for as long as a run takes"

Prepare = Callable[[Path, int], dict[str, str]]
"""Creates the databases in a folder, with a number of users; returns variables for the server's environment."""


@dataclass(frozen=True)
class LogIn:
    """How to log in: by default, a form on /login."""

    path: str = "/login"
    email: str = "email"
    fields: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Hash:
    """How a password is hashed by default."""

    name: str
    function: str
    """In bench/limits/bare_hash.py."""

    @property
    def alone(self) -> str:
        """The name of this hash in the results, when nothing else was measured."""
        return f"bare {self.function}, all cores"


@dataclass(frozen=True)
class Subject:
    """One server, with one worker."""

    name: str
    command: tuple[str, ...]
    prepare: Prepare
    log_in: LogIn | None = None
    """None if it has no accounts."""

    hash: Hash | None = None
    """None if only the pages are measured, not log-ins and storms."""

    pages: tuple[str, ...] = ("/", "/login", "/profile")
    patient: tuple[str, ...] | None = None
    """Options with which it keeps idle connections open; None if it never does."""


@dataclass(frozen=True)
class Site:
    """A subject with its databases."""

    subject: Subject
    folder: Path
    environment: dict[str, str]


def site(subject: Subject, folder: Path, users: int) -> Site:
    """Prepare a subject in a folder of its own, without the environment's settings."""
    folder.mkdir(parents=True)
    outside = {name: value for name, value in os.environ.items() if name not in NAMES}
    return Site(subject, folder, outside | {"PYTHONPATH": str(ROOT)} | subject.prepare(folder, users))


def ours(database_url: str) -> dict[str, str]:
    """Return the application's settings. It counts one proxy, so that the load can come from many addresses."""
    return {"DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY, "PROXY_HOPS": "1", "WORKERS": "1"}


def _ours_on_sqlite(folder: Path, users: int) -> dict[str, str]:
    url = f"sqlite:///{folder}/db.sqlite"
    fill.add_users(url, users)
    return ours(url)


def _ours_on_postgresql(folder: Path, users: int) -> dict[str, str]:
    url = postgres.create(folder.name)
    fill.add_users(url, users)
    return ours(url)


def _everything_on(folder: Path, users: int) -> dict[str, str]:
    # Nothing listens at the provider's address: only a log-in at the provider would need it, and no page does.
    return _ours_on_sqlite(folder, users) | {
        "MAIL_URL": (folder / "mails").as_uri(),
        "MAILED_LOGIN": "yes",
        "METRICS_BIND": f"127.0.0.1:{free_port()}",
        "OIDC_PROVIDERS": "example",
        "OIDC_EXAMPLE_ISSUER": "http://127.0.0.1:9",
        "OIDC_EXAMPLE_CLIENT_ID": "bench",
        "OIDC_EXAMPLE_CLIENT_SECRET": SECRET_KEY,
    }


def _peer(module: str, *, on_postgresql: bool = False) -> Prepare:
    def prepare(folder: Path, users: int) -> dict[str, str]:
        url = postgres.create(folder.name) if on_postgresql else f"sqlite:///{folder}/db.sqlite"
        environment = {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "bench.peers.django_settings"}
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


def _hypercorn(app: str, python: str = sys.executable) -> tuple[str, ...]:
    return (python, "-m", "hypercorn", "--config", str(CONFIG), "--bind", "127.0.0.1:PORT", app)


def _uvicorn(*app: str) -> tuple[str, ...]:
    limits = ("--no-access-log", "--no-proxy-headers", "--limit-concurrency", "1000")
    return (PEERS_PYTHON, "-m", "uvicorn", *app, "--port", "PORT", *limits)


def _gunicorn(app: str, *options: str) -> tuple[str, ...]:
    # The control socket would be in the home folder.
    shared = ("--workers", "1", "--no-control-socket", "--bind", "127.0.0.1:PORT")
    return (PEERS_PYTHON, "-m", "gunicorn", *shared, *options, app)


FACTORY = "quart_auth_app:create_app"
UNDER_HYPERCORN = _hypercorn(f"{FACTORY}()")
UNDER_UVICORN = _uvicorn("--factory", FACTORY)
UNDER_GRANIAN = (PEERS_PYTHON, "-m", "granian", "--interface", "asgi", "--factory", FACTORY, "--port", "PORT")
"""As docs/deploy.md says."""

PATIENT = ("--config", "patient.toml")
"""hypercorn.toml without its time limits, written by measures/idle.py into the folder that the server runs in."""

CSRF = "m4zQx7Tn2KdV9sYb3LrW6cHf8PgJ5tEa"
"""A fixed token for peers that compare a cookie with a field, so that no page is needed before each log-in."""


def _quart_cookie() -> dict[str, str]:
    """Return the session cookie in which quart-security finds its token."""
    app = Quart(__name__)
    app.secret_key = SECRET_KEY
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    return {"session": str(serializer.dumps({"_csrf_token": CSRF}))} if serializer else {}


BCRYPT = Hash("bcrypt of cost 12", "bcrypt")
SCRYPT = Hash("scrypt, N 2^15, r 8", "scrypt")
PBKDF2 = Hash("PBKDF2 of SHA-256, 1,000,000 times", "pbkdf2")
ARGON2 = Hash("Argon2id, 19 MB, twice", "argon2id")

OURS = Subject("quart-auth-app", UNDER_HYPERCORN, _ours_on_sqlite, LogIn(), BCRYPT, patient=PATIENT)
UVICORN = Subject("quart-auth-app, uvicorn", UNDER_UVICORN, _ours_on_sqlite, LogIn())
GRANIAN = Subject("quart-auth-app, granian", UNDER_GRANIAN, _ours_on_sqlite, LogIn())
EVERYTHING = Subject("quart-auth-app, everything on", UNDER_HYPERCORN, _everything_on, LogIn())
TUTORIAL_SITE = "bench.peers.tutorial_site"
TUTORIAL_APP = f"{TUTORIAL_SITE}:create_app()"
TUTORIAL = Subject("the tutorial", _gunicorn(TUTORIAL_APP), _peer(TUTORIAL_SITE), LogIn(), SCRYPT)
TUTORIAL_WITH_LOG = Subject(
    "the tutorial, access log",
    _gunicorn(TUTORIAL_APP, "--access-logfile", "-"),
    _peer(TUTORIAL_SITE),
    LogIn(),
)
DJANGO_LOG_IN = LogIn(email="username", fields={"csrfmiddlewaretoken": CSRF}, cookies={"csrftoken": CSRF})
DJANGO_SITE = "bench.peers.django_site"
DJANGO_APP = f"{DJANGO_SITE}:application"
DJANGO = Subject("Django", _gunicorn(DJANGO_APP), _peer(DJANGO_SITE), DJANGO_LOG_IN, PBKDF2)
QUART_SECURITY_SITE = "bench.peers.quart_security_site"
QUART_SECURITY_LOG_IN = LogIn(fields={"csrf_token": CSRF}, cookies=_quart_cookie())
QUART_SECURITY = Subject(
    "quart-security",
    _hypercorn(f"{QUART_SECURITY_SITE}:create_app()", PEERS_PYTHON),
    _peer(QUART_SECURITY_SITE),
    QUART_SECURITY_LOG_IN,
    ARGON2,
    patient=PATIENT,
)
QUART_PAGES = "bench.limits.quart_pages"
TUTORIAL_ON_QUART = Subject(
    "the tutorial's pages, bare Quart", _hypercorn(f"{QUART_PAGES}:app"), _peer(QUART_PAGES), LogIn(), BCRYPT
)
TUTORIAL_ON_QUART_UVICORN = Subject(
    "the tutorial's pages, bare Quart, uvicorn", _uvicorn(f"{QUART_PAGES}:app"), _peer(QUART_PAGES), LogIn()
)
BARE_QUART = Subject("bare Quart route", _hypercorn("bench.limits.quart_route:app"), _nothing, pages=("/",))
BARE_ASGI = Subject("bare ASGI function", _hypercorn("bench.limits.asgi:app"), _nothing, pages=("/",), patient=PATIENT)


def _on_postgresql(subject: Subject, prepare: Prepare) -> Subject:
    # Only /profile uses the database.
    name = f"{subject.name}, PostgreSQL"
    return replace(subject, name=name, prepare=prepare, hash=None, pages=("/profile",), patient=None)


OURS_ON_POSTGRESQL = replace(_on_postgresql(OURS, _ours_on_postgresql), hash=BCRYPT, patient=PATIENT)
UVICORN_ON_POSTGRESQL = _on_postgresql(UVICORN, _ours_on_postgresql)
GRANIAN_ON_POSTGRESQL = _on_postgresql(GRANIAN, _ours_on_postgresql)
TUTORIAL_ON_POSTGRESQL = _on_postgresql(TUTORIAL, _peer(TUTORIAL_SITE, on_postgresql=True))
DJANGO_ON_POSTGRESQL = _on_postgresql(DJANGO, _peer(DJANGO_SITE, on_postgresql=True))
QUART_SECURITY_ON_POSTGRESQL = _on_postgresql(QUART_SECURITY, _peer(QUART_SECURITY_SITE, on_postgresql=True))
QUART_ON_POSTGRESQL = _on_postgresql(TUTORIAL_ON_QUART, _peer(QUART_PAGES, on_postgresql=True))
QUART_UVICORN_ON_POSTGRESQL = _on_postgresql(TUTORIAL_ON_QUART_UVICORN, _peer(QUART_PAGES, on_postgresql=True))

ON_POSTGRESQL = (
    *(OURS_ON_POSTGRESQL, UVICORN_ON_POSTGRESQL, GRANIAN_ON_POSTGRESQL),
    *(TUTORIAL_ON_POSTGRESQL, DJANGO_ON_POSTGRESQL, QUART_SECURITY_ON_POSTGRESQL),
    *(QUART_ON_POSTGRESQL, QUART_UVICORN_ON_POSTGRESQL),
)
SUBJECTS = (
    *(OURS, OURS_ON_POSTGRESQL, UVICORN, UVICORN_ON_POSTGRESQL, GRANIAN, GRANIAN_ON_POSTGRESQL, EVERYTHING),
    *(TUTORIAL, TUTORIAL_WITH_LOG, TUTORIAL_ON_POSTGRESQL, DJANGO, DJANGO_ON_POSTGRESQL),
    *(QUART_SECURITY, QUART_SECURITY_ON_POSTGRESQL),
    *(TUTORIAL_ON_QUART, QUART_ON_POSTGRESQL, TUTORIAL_ON_QUART_UVICORN, QUART_UVICORN_ON_POSTGRESQL),
    *(BARE_QUART, BARE_ASGI),
)
