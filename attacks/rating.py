"""Many of the passwords that zxcvbn is slowest at, as far as a search found: people must still be able to log in."""

import asyncio
import time

from attacks.attack import Verdict
from attacks.browser import post
from attacks.guessing import BOB, is_in, sign_up
from attacks.victims import Site

SIGN_UPS = 20
"""As many sign-ups as an address may make in a minute."""
WORST = ("4@8({[<369&#!|10$5+7%2" * 4)[:72]
"""Each character may stand for one of several letters, so there are very many ways to read it."""
PROMPT = 2.0
"""Seconds within which the owner has to be logged in."""


async def run(site: Site) -> Verdict:
    """Send the sign-ups at once, and log in elsewhere."""
    await sign_up(site, BOB, source="127.0.5.1")
    flood = [
        asyncio.ensure_future(post(site, "/signup", BOB | {"email": f"e{number}@example.com", "password": WORST}))
        for number in range(SIGN_UPS)
    ]
    await asyncio.sleep(0.5)
    start = time.monotonic()
    owner = await post(site, "/login", BOB, source="127.0.5.1")
    took = time.monotonic() - start
    for each in flood:
        each.cancel()
    await asyncio.gather(*flood, return_exceptions=True)
    finding = f"the owner gets {owner.status or 'no answer'} after {took:.1f} s"
    return Verdict(not is_in(owner) or took > PROMPT, SIGN_UPS, finding)
