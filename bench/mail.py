"""What a page, a log-in and a new password cost with mail on: `python -m bench.mail`, a minute; `--quick`: seconds.

One person sends one request after the other. Two servers, one with mail and one without, take turns, so that whatever
slows the machine for a while slows both. The log-in is with an unknown address, which costs as much as a wrong
password. A new password is asked for with the form, and chosen with the mailed link.
"""

import argparse
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

from quart_auth_app.testing import Outbox
from tests.people import BOB
from tests.servers import Answer, Server, Visitor, running

ROUNDS, QUICK = 15, 3
PATIENCE = 60
"""Seconds to wait for a mail."""
NEW_PASSWORD = "quiet marble canoe 93"  # what each person chooses


def timed(act: Callable[[], object]) -> float:
    """Return how many milliseconds `act` takes."""
    begin = time.perf_counter()
    act()
    return (time.perf_counter() - begin) * 1000


def round_of(server: Server, number: int, mails: Outbox | None) -> dict[str, float]:
    """Return the milliseconds of each act by a new client, for whose address no limit has a count yet."""
    visitor = server.visitor(f"10.0.{number}.1")
    email = {"email": f"nobody{number}@example.com"}
    visitor.get("/login")
    took = {
        "page": timed(lambda: visitor.get("/login")),
        "log-in": timed(lambda: visitor.post("/login", email | {"password": BOB["password"]})),
    }
    if mails:
        took["asking for a new password"] = timed(lambda: visitor.post("/forgot-password", email))
        took["choosing it by the link"] = reset(server, visitor, f"bob{number}@example.com", mails)
    return took


def reset(server: Server, visitor: Visitor, email: str, mails: Outbox) -> float:
    """Create an account, ask for a link, and return the milliseconds of choosing a new password with it."""
    visitor.post("/signup", BOB | {"email": email})
    wait_for(mails, email, 1)
    visitor.post("/signup/code", {"code": mails.code(email)})
    with closing(sqlite3.connect(server.log.parent / "instance" / "db.sqlite", isolation_level=None)) as database:
        database.execute("DELETE FROM attempts")  # otherwise an address gets no second mail within a minute
    visitor.post("/forgot-password", {"email": email})
    wait_for(mails, email, 2)
    form = {"token": mails.link(email, "/reset-password").partition("?")[2], "password": NEW_PASSWORD}
    answers: list[Answer] = []
    took = timed(lambda: answers.append(visitor.post("/reset-password", form)))
    if answers[0].headers["Location"] != "/login":
        raise RuntimeError(f"the link led to {answers[0].headers['Location']}")
    return took


def wait_for(mails: Outbox, email: str, count: int) -> None:
    """Wait until an address has `count` mails."""
    end = time.monotonic() + PATIENCE
    while len(mails.to(email)) < count:
        if time.monotonic() > end:
            raise TimeoutError(f"no mail to {email}")
        time.sleep(0.05)


def main() -> None:
    """Print the medians, in milliseconds."""
    parser = argparse.ArgumentParser(prog="python -m bench.mail", description="Measure what mail costs.")
    parser.add_argument("--quick", action="store_true", help="few rounds, to see that everything works")
    rounds = QUICK if parser.parse_args().quick else ROUNDS
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        mails = Outbox(Path(folder) / "mails")
        servers = {}
        for name, url in {"mail off": "", "mail on": mails.url}.items():
            (Path(folder) / name).mkdir()
            settings = {"MAIL_URL": url, "PROXY_HOPS": "1"}
            servers[name] = stack.enter_context(running(Path(folder) / name, settings))
        found: dict[str, dict[str, list[float]]] = {name: {} for name in servers}
        for number in range(rounds):
            for name, server in servers.items():
                for act, took in round_of(server, number, mails if name == "mail on" else None).items():
                    found[name].setdefault(act, []).append(took)
    for name, acts in found.items():
        print(name, *(f"{act} {statistics.median(each):.1f} ms" for act, each in acts.items()), sep="; ")


if __name__ == "__main__":
    main()
