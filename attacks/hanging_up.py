"""Browsers that hang up in the middle of logging in: what they leave behind must not hinder others."""

import asyncio
import random
import time
from urllib.parse import urlencode

from attacks.attack import Verdict
from attacks.browser import FORM, post
from attacks.guessing import BOB, is_in, sign_up
from attacks.victims import Site

WAVES = 25
HANG_UPS = 80
"""Strangers in each wave."""
AT_ONCE = 8
GUESS = {"email": "eve@example.com", "password": "guess"}
GUESSES = 5
"""As many as an account takes (docs/security.md, "Attempts")."""
WHILE_HASHING = 0.1
"""Seconds until a browser hangs up: the attempt has been counted by then, but its hash is not computed yet."""
LONGEST_WAIT = 0.02
"""Seconds until a browser hangs up: about as long as a log-in takes apart from its hash."""
QUIET = 0.5
"""Seconds of rest after a wave: this attack is about what is left behind, not about load."""
PATIENCE = 20.0
"""Further seconds in which the server may finish what was begun: on a busy machine it is late, but loses nothing."""
PROMPT = 3.0
"""Seconds within which the owner has to be logged in; a statement waits up to five for SQLite's lock."""


async def run(site: Site) -> Verdict:
    """Let strangers hang up in waves; after each the owner, whose browser is known, logs in."""
    await sign_up(site, BOB)
    cookies = (await post(site, "/login", BOB)).cookies()
    dice = random.Random(1)  # noqa: S311  # the same run each time
    slowest = 0.0
    for wave in range(1, WAVES + 1):
        await asyncio.gather(*(_hang_up(site, dice) for _ in range(AT_ONCE)))
        await asyncio.sleep(QUIET)
        start = time.monotonic()
        answer = await post(site, "/login", BOB, Cookie=cookies)
        slowest = max(slowest, time.monotonic() - start)
        if not is_in(answer):
            finding = f"after wave {wave} the owner waits {slowest:.1f} s and gets {answer.status}"
            return Verdict(True, wave * HANG_UPS, finding)
    return Verdict(slowest > PROMPT, WAVES * HANG_UPS, f"the owner gets in each time, in at most {slowest:.1f} s")


async def unseen(site: Site) -> Verdict:
    """Hang up in the middle of guesses and right log-ins; compare what the log says with what the database has."""
    await sign_up(site, BOB)
    for form in (GUESS, BOB):
        await asyncio.gather(*(_send_and_leave(site, form, WHILE_HASHING) for _ in range(GUESSES)))
        await asyncio.sleep(PROMPT)
    end = time.monotonic() + PATIENCE
    while True:
        sessions = await site.number("SELECT count(*) FROM session")
        counted = await site.number("SELECT max(count) FROM attempts")
        logged = {name: site.log.count(f'"event": "{name}"'.encode()) for name in ("log_in", "log_in_failed")}
        unlogged = max(0, sessions - logged["log_in"]) + max(0, counted - logged["log_in_failed"])
        if (counted >= GUESSES and not unlogged) or time.monotonic() > end:
            break
        await asyncio.sleep(QUIET)
    finding = f"{sessions} sessions and {counted} counted guesses, {unlogged} of them not in the log"
    return Verdict(unlogged > 0, 2 * GUESSES, finding)


async def _hang_up(site: Site, dice: random.Random) -> None:
    for _ in range(HANG_UPS // AT_ONCE):
        await _send_and_leave(site, GUESS, dice.uniform(0, LONGEST_WAIT))


async def _send_and_leave(site: Site, form: dict[str, str], after: float) -> None:
    body = urlencode(form)
    head = f"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nContent-Length: {len(body)}\r\n\r\n"
    _, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write((head + body).encode())
    await asyncio.sleep(after)
    writer.transport.abort()
