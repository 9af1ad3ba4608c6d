"""Whoever has the password guesses codes of the second step, and uses a right one again."""

import base64
import re
from dataclasses import dataclass

from attacks.attack import Verdict
from attacks.browser import Answer, post, send
from attacks.guessing import BOB, all_of, is_in, sign_up
from attacks.victims import Site
from quart_auth_app import clock
from quart_auth_app.accounts.factors import totp

FIRST_STEPS = 3
"""How often the attacker gives the right password; each time allows some tries of a code."""
GUESSES = 20
"""Guesses of the app's code after each of them, and of recovery codes as well."""
# docs/security.md, "Limits".
PER_ACCOUNT = 5
REPLAYS = 20
WRONG = ("000000", "0000-0000-0000-0000-0000-0000")
SECOND_STEP = "/login/second-step"


@dataclass(frozen=True)
class Factors:
    """What the owner has: the app's seed, and recovery codes on paper."""

    seed: bytes
    recovery_codes: list[str]

    @property
    def code(self) -> str:
        """The code that the app shows in half a minute: it counts now already, and was not used to set the app up."""
        return totp.code(self.seed, totp.step_at(clock.now()) + 1)


async def set_up(site: Site) -> Factors:
    """Let Bob sign up and turn his second step on, by the pages."""
    await sign_up(site, BOB, source=_address(0))
    source = _address(0)
    cookies = (await post(site, "/login", BOB, source=source)).cookies()
    await post(site, "/account/second-step", {}, source=source, Cookie=cookies)
    page = (await send(site, "GET", "/account/second-step", source=source, Cookie=cookies)).body.decode()
    found = re.search(r"secret=([A-Z2-7]+)", page)
    if not found:
        raise RuntimeError("the page shows no key for an app")
    seed = base64.b32decode(found[1])
    code = totp.code(seed, totp.step_at(clock.now()))
    confirmed = await post(site, "/account/second-step/confirm", {"code": code}, source=source, Cookie=cookies)
    page = confirmed.body.decode()
    recovery_codes = re.findall(r"<code>([\w-]+)</code>", page)
    if not recovery_codes:
        raise RuntimeError("the second step is not on")
    return Factors(seed, recovery_codes)


async def guess(site: Site) -> Verdict:
    """Guess both kinds of code after several first steps: many at once, all from other addresses, right ones last."""
    factors = await set_up(site)
    pending = [await _first_step(site, number) for number in range(FIRST_STEPS)]
    right = (factors.code, factors.recovery_codes[0])
    guesses = [
        (cookies, right[kind] if number == GUESSES - 1 else WRONG[kind])
        for number in range(GUESSES)
        for cookies in pending
        for kind in range(2)
    ]
    answers = await all_of(
        post(site, SECOND_STEP, {"code": code}, source=_address(10 + number), Cookie=cookies)
        for number, (cookies, code) in enumerate(guesses)
    )
    looked_at, entered = sum(map(_is_wrong, answers)), sum(map(is_in, answers))
    finding = f"{looked_at} of {len(answers)} got past the limit of {PER_ACCOUNT}" + (
        ", the last in" if entered else ""
    )
    return Verdict(looked_at > PER_ACCOUNT or entered > 0, len(answers), finding)


async def replay(site: Site) -> Verdict:
    """Use one code of the app, and one recovery code, after many first steps at once."""
    factors = await set_up(site)
    entered = []
    for code in (factors.code, factors.recovery_codes[0]):
        pending = [await _first_step(site, number) for number in range(REPLAYS)]
        answers = await all_of(
            post(site, SECOND_STEP, {"code": code}, source=_address(10 + number), Cookie=cookies)
            for number, cookies in enumerate(pending)
        )
        entered.append(sum(map(is_in, answers)))
    finding = f"of {REPLAYS} uses of one code {entered[0]} logged in, of one recovery code {entered[1]}"
    return Verdict(entered != [1, 1], 2 * REPLAYS, finding)


async def _first_step(site: Site, number: int) -> str:
    answer = await post(site, "/login", BOB, source=_address(200 + number))
    if answer.header("location") != SECOND_STEP:
        raise RuntimeError(f"the first step was answered {answer.status}, to {answer.header('location')}")
    return answer.cookies()


def _is_wrong(answer: Answer) -> bool:
    return answer.status == 302 and answer.header("location") == SECOND_STEP


def _address(number: int) -> str:
    return f"127.0.6.{number + 1}"
