"""Metrics for Prometheus, on a port of their own: each worker process serves its own."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, make_wsgi_app, start_http_server

from quart_auth_app import clock
from quart_auth_app.accounts import outbox, sessions
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.database.units_of_work import Database, DatabaseAway
from quart_auth_app.instance import SettingsError
from quart_auth_app.settings import Settings

OUTCOMES = {
    "log_in": ("accepted", ""),
    "log_in_failed": ("failed", "password"),
    "second_step_failed": ("failed", "second-step"),
    "passkey_failed": ("failed", "passkey"),
    "mailed_log_in_failed": ("failed", "mail"),
    "provider_failed": ("failed", "provider"),
    "throttled": ("throttled", ""),
    "busy": ("busy", ""),
}
"""The outcome and method that are counted for an event of the security log. `log_in` comes with its methods; an attempt
that is refused unchecked has none."""

METHODS = {"GET", "HEAD", "OPTIONS", "POST"}
"""The HTTP methods of our routes."""

_log = logging.getLogger("quart_auth_app.metrics")


def _always_answers(inner: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    # The library reads versions in Accept, and raises TypeError for one that is no number. It has a default format.
    def answer(asked: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        try:
            return inner(asked, start_response)
        except TypeError:
            return inner(asked | {"HTTP_ACCEPT": ""}, start_response)

    return answer


class Metrics:
    """One application's numbers."""

    def __init__(self, passwords: Passwords) -> None:
        self.registry = CollectorRegistry()
        named: dict[str, Any] = {"namespace": "quart_auth_app", "registry": self.registry}
        self._seconds = Histogram("request_seconds", "Time to answer", ["method", "route", "status"], **named)
        self._attempts = Counter(
            "attempts", "Attempts to log in or sign up, by how they ended", ["outcome", "methods"], **named
        )
        self._counted = [
            Gauge("sessions_active", "Sessions in the database that have not expired", **named),
            Gauge("mail_waiting", "Mails that are still to be sent", **named),
            Gauge("mail_failed", "Mails that will not be tried again unless an operator asks for it", **named),
            Gauge("mail_oldest_seconds", "How long the oldest of the waiting mails has waited", **named),
        ]
        waiting = Gauge("hashing_queue", "People in line for a hash, those being served among them", **named)
        waiting.set_function(lambda: passwords.threads.in_line)
        self._wait = Histogram("hashing_wait_seconds", "Time in line before hashing begins", **named)
        passwords.threads.on_wait = self._wait.observe

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        # Clients may invent any number of methods, and each label would stay in memory.
        known = method if method in METHODS else "other"
        self._seconds.labels(known, route, status).observe(seconds)

    def event(self, name: str, methods: str = "") -> None:
        """Count an event of the security log. `methods` are those of a log-in, such as "password totp"."""
        if name in OUTCOMES:
            outcome, tried = OUTCOMES[name]
            self._attempts.labels(outcome, methods.replace(" ", "+") or tried).inc()

    @contextmanager
    def served(self, settings: Settings) -> Iterator[None]:
        """Serve the metrics until the end of the block. Raises SettingsError if no port is free."""
        server = self._listen(settings)
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()

    def _listen(self, settings: Settings) -> WSGIServer:
        host, port = settings.metrics_bind or ("", 0)
        # Each worker of a machine takes the next free port, from the given one on.
        for candidate in range(port, port + settings.workers):
            try:
                server, _ = start_http_server(candidate, host, self.registry)
            except OSError:
                continue  # another worker has it
            server.set_app(_always_answers(make_wsgi_app(self.registry)))
            _log.info("metrics on %s:%s", host, candidate)
            return server
        raise SettingsError(f"METRICS_BIND is {host}:{port}, where nobody can listen now; allowed: a free port")

    async def count(self, database: Database) -> None:
        """Count sessions and mails; the values are NaN while the database is away."""
        now = clock.now()
        numbers = [float("nan")] * 4
        with suppress(DatabaseAway):
            async with database.reading() as db:
                active = await sessions.count_active(db, now=now)
                waiting, failed, since = await outbox.count(db)
            numbers = [active, waiting, failed, (now - since).total_seconds() if since else 0]
        for gauge, number in zip(self._counted, numbers, strict=True):
            gauge.set(number)
