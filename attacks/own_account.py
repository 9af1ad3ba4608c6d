"""Whether an account of one's own, or a password that somebody once had, helps against the limits."""

from attacks.attack import Verdict
from attacks.browser import post
from attacks.guessing import BOB, GUESSES, is_in, sign_up
from attacks.victims import Site

LOG_INS = 60
# docs/security.md, "Limits".
PER_ACCOUNT = 30
PER_DEVICES = 10
DEVICES = 8
"""Browsers in which the attacker has logged in while they knew the password."""


async def succeed(site: Site) -> Verdict:
    """Log in to one's own account again and again, each time in another browser at another address."""
    await sign_up(site, BOB)
    answers = [await post(site, "/login", BOB, source=_address(number)) for number in range(LOG_INS)]
    entered = sum(map(is_in, answers))
    finding = f"{entered} of {LOG_INS} log-ins went through, of {PER_ACCOUNT} that the limit allows"
    return Verdict(entered > PER_ACCOUNT, LOG_INS + 1, finding)


async def devices(site: Site) -> Verdict:
    """Guess with the cookies of many browsers that have logged in before, each with a counter of its own."""
    await sign_up(site, BOB)
    cookies = [(await post(site, "/login", BOB, source=_address(number))).cookies() for number in range(DEVICES)]
    answers = [
        await post(site, "/login", BOB | {"password": guess}, source=_address(number), Cookie=cookies[number % DEVICES])
        for number, guess in enumerate(GUESSES[:40])
    ]
    passed = sum(answer.status not in {429, 503} for answer in answers)
    finding = f"{passed} of {len(answers)} guesses got past the limit of {PER_DEVICES}"
    return Verdict(passed > PER_DEVICES, DEVICES + len(answers) + 1, finding)


def _address(number: int) -> str:
    return f"127.0.4.{number + 1}"
