"""Metrics for Prometheus, on a port of their own: each worker process serves its own."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from quart_auth_app import clock
from quart_auth_app.accounts import sessions
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.database.units_of_work import Database, DatabaseAway
from quart_auth_app.instance import SettingsError
from quart_auth_app.settings import Settings

OUTCOMES = {
    "log_in": "accepted",
    "log_in_failed": "failed",
    "second_step_failed": "failed",
    "throttled": "throttled",
    "busy": "busy",
}
"""Events of the security log that an attempt ends with."""

METHODS = {"GET", "HEAD", "OPTIONS", "POST"}
"""The methods that any of our routes knows."""

_log = logging.getLogger("quart_auth_app.metrics")


class Metrics:
    """One application's numbers."""

    def __init__(self, passwords: Passwords) -> None:
        self.registry = CollectorRegistry()
        named: dict[str, Any] = {"namespace": "quart_auth_app", "registry": self.registry}
        self._seconds = Histogram("request_seconds", "Time to answer", ["method", "route", "status"], **named)
        self._attempts = Counter("attempts", "Attempts to log in or sign up, by how they ended", ["outcome"], **named)
        self._sessions = Gauge("sessions_active", "Sessions in the database that have not expired", **named)
        waiting = Gauge("hashing_queue", "People in line for a hash, those being served among them", **named)
        waiting.set_function(lambda: passwords.threads.in_line)
        self._wait = Histogram("hashing_wait_seconds", "Time in line before hashing begins", **named)
        passwords.threads.on_wait = self._wait.observe

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note that a request was answered."""
        # Clients may make methods up without end; each label would stay in memory.
        known = method if method in METHODS else "other"
        self._seconds.labels(known, route, status).observe(seconds)

    def event(self, name: str) -> None:
        """Note an event of the security log."""
        if name in OUTCOMES:
            self._attempts.labels(OUTCOMES[name]).inc()

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
        # The workers of one machine take a port each, from the given one on: who is first gets the first.
        for candidate in range(port, port + settings.workers):
            try:
                server, _ = start_http_server(candidate, host, self.registry)
            except OSError as error:
                _log.info("metrics: %s:%s: %s", host, candidate, error.strerror)
            else:
                _log.info("metrics on %s:%s", host, candidate)
                return server
        raise SettingsError(f"METRICS_BIND is {host}:{port}, where nobody can listen now; allowed: a free port")

    async def count_sessions(self, database: Database) -> None:
        """Look how many sessions there are; while the database is away, that is not a number."""
        try:
            async with database.reading() as db:
                self._sessions.set(await sessions.count_active(db, now=clock.now()))
        except DatabaseAway:
            self._sessions.set(float("nan"))
