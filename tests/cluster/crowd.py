"""People who sign up, log in and log out, and others who look at the front page, without end."""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from http.client import HTTPException
from itertools import count

from tests.cluster.record import Record, Session
from tests.cluster.sites import Site
from tests.servers import Visitor

PAGE_SECONDS = 5.0
"""Longer than this nobody waits for a page; it counts as missing."""

LOST = (OSError, HTTPException)
"""What is raised where no answer comes."""

_numbers = count(1)
_turns = count()


def _address() -> str:
    """Return the address of one more computer: what one computer may do is limited."""
    number = next(_numbers)
    return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"


class Crowd:
    """All of them, each in a thread."""

    def __init__(self, sites: list[Site]) -> None:
        self.sites = {site.name: site for site in sites}
        self.record = Record()
        self.away: set[str] = set()
        self._end = threading.Event()
        tasks: list[Callable[[], None]] = [self._ask_with_revoked]
        for site in sites:
            tasks += [partial(each, site) for each in (self._look, self._join, self._come_back)]
        self._threads = [threading.Thread(target=self._without_end, args=[task], daemon=True) for task in tasks]

    def __enter__(self) -> "Crowd":
        self.record.begin(list(self.sites))
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(30)

    def take_out(self, site: Site) -> None:
        """Send nobody to a machine any more, as a load balancer does."""
        self.away.add(site.name)
        self.record.pause(site.name)

    def take_in(self, site: Site) -> None:
        """Send people to it again."""
        self.away.discard(site.name)
        self.record.resume(site.name)

    def logs_in_since(self, moment: float) -> bool:
        """Tell whether somebody has logged in since, at each machine that is not away."""
        with self.record.lock:
            return all(each.last > moment for each in self.record.log_ins.values())

    def _without_end(self, task: Callable[[], None]) -> None:
        while not self._end.is_set():
            task()

    def _join(self, site: Site) -> None:
        """Sign up, log in and log out."""
        self._end.wait(0.3)
        number = next(_numbers)
        person = {"email": f"{number}@example.com", "name": "Bob", "password": f"sunny otter ladder {number}"}
        with closing(site.visitor(_address())) as here:
            if site.name not in self.away and self._tried(here, "/signup", person, "/login"):
                with self.record.lock:
                    self.record.signed_up[person["email"]] = person
                self._log_in_and_out(site, here, person)

    def _come_back(self, site: Site) -> None:
        """Log in and log out, with one account after the other: what may be tried with one is limited."""
        self._end.wait(0.3)
        with self.record.lock:
            people = list(self.record.signed_up.values())
        if people and site.name not in self.away:
            with closing(site.visitor(_address())) as here:
                self._log_in_and_out(site, here, people[next(_turns) % len(people)])

    def _log_in_and_out(self, site: Site, here: Visitor, person: dict[str, str]) -> None:
        if not self._tried(here, "/login", person, "/profile"):
            return
        with self.record.lock:
            if site.name in self.record.log_ins:
                self.record.log_ins[site.name].worked()
        session = Session(person["email"], dict(here.cookies))
        if self._tried(here, "/logout", {}, "/"):
            with self.record.lock:
                self.record.revoked.append(session)

    def _tried(self, visitor: Visitor, path: str, form: dict[str, str], goes_to: str) -> bool:
        try:
            answer = visitor.post(path, form)
        except LOST as error:
            visitor.close()
            said = type(error).__name__
        else:
            if answer.status == 302 and answer.headers["Location"] == goes_to:
                self._count(self.record.done, path)
                return True
            said = f"{answer.status} {answer.headers['Location'] or ''}".strip()
        self._count(self.record.problems, f"{path}: {said}")
        return False

    def _look(self, site: Site) -> None:
        """Look at the front page."""
        self._end.wait(0.25)
        visitor, begin = site.visitor(patience=PAGE_SECONDS), time.monotonic()
        while site.name not in self.away and not self._end.is_set() and not self._page(visitor):
            with self.record.lock:
                if site.name in self.record.pages_missing:
                    missing = time.monotonic() - begin
                    self.record.pages_missing[site.name] = max(self.record.pages_missing[site.name], missing)
            self._end.wait(0.1)
        visitor.close()

    def _page(self, visitor: Visitor) -> bool:
        try:
            answer = visitor.get("/")
        except LOST as error:
            self._count(self.record.problems, f"page: {type(error).__name__}")
            visitor.close()
            return False
        self._count(self.record.done if answer.status == 200 else self.record.problems, f"page: {answer.status}")
        return answer.status == 200

    def _ask_with_revoked(self) -> None:
        """Ask with sessions that were revoked a moment ago and before, at every machine."""
        self._end.wait(0.2)
        with self.record.lock:
            latest = self.record.revoked[-4:]
        self.ask_with(latest)

    def ask_with(self, revoked: list[Session]) -> None:
        """Ask for the profile with these cookies, at every machine that is not away."""
        for site in self.sites.values():
            for session in revoked:
                if site.name in self.away:
                    break
                visitor = site.visitor(patience=10)
                visitor.cookies |= session.cookies
                self._ask_for_profile(visitor, session)
                visitor.close()

    def _ask_for_profile(self, visitor: Visitor, session: Session) -> None:
        try:
            status = visitor.get("/profile").status
        except LOST:
            return
        self._count(self.record.done, f"profile of a revoked session: {status}")
        if status == 200:
            with self.record.lock:
                self.record.came_back.add(session.email)

    def _count(self, where: "dict[str, int]", what: str) -> None:
        with self.record.lock:
            where[what] = where.get(what, 0) + 1
