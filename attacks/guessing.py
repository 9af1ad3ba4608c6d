"""Guessing passwords and flooding the forms, with an asyncio client that disguises itself as attackers do."""

import asyncio
import random
from collections.abc import Awaitable, Iterable

from attacks.attack import Verdict
from attacks.browser import Answer, post
from attacks.victims import Site

BOB = {"email": "bob@example.com", "name": "Bob", "password": "sunny otter ladder 42"}
EVE = {"email": "eve@example.com", "name": "Eve", "password": "other harbour kettle 7"}
GUESSES = [f"wrong guess {number}" for number in range(60)]
AT_ONCE = 20
"""Guesses at the same moment: a limit that first reads its count and increases it later would let all of them pass."""

# docs/security.md, "Attempts".
PER_ACCOUNT = 5
PER_ADDRESS = 10
SIGN_UPS_PER_ADDRESS = 20

# The same letter in other Unicode forms, all of which mean Bob's account: upper case, fullwidth, mathematical.
_SHAPES = (0, ord("A") - ord("a"), 0xFF41 - ord("a"), 0x1D41A - ord("a"))


async def sign_up(site: Site, person: dict[str, str], *, source: str = "127.0.0.1") -> None:
    """Create an account, or say that the attack can't begin."""
    answer = await post(site, "/signup", person, source=source)
    if answer.header("location") != "/login":
        raise RuntimeError(f"sign-up was answered {answer.status}: {answer.body.decode(errors='replace')}")


def is_in(answer: Answer) -> bool:
    """Tell whether the log-in worked."""
    return answer.status == 302 and answer.header("location") == "/profile"


async def one_account(site: Site) -> Verdict:
    """All guesses from one address, many at the same moment, the right password last."""
    await sign_up(site, BOB)
    answers = await all_of(post(site, "/login", BOB | {"password": guess}) for guess in GUESSES)
    return _verdict([*answers, await post(site, "/login", BOB)], PER_ACCOUNT)


async def in_disguise(site: Site) -> Verdict:
    """As above, each guess from another address, to another spelling, and with the attacker's own device cookie."""
    await sign_up(site, BOB)
    await sign_up(site, EVE)
    cookies = (await post(site, "/login", EVE)).cookies()
    disguised = (
        post(
            site,
            "/login",
            {"email": other_spelling(BOB["email"], seed=number), "password": guess},
            source=_address(number),
            X_Forwarded_For=f"203.0.113.{number}",
            Forwarded=f"for=203.0.113.{number}",
            X_Real_IP=f"203.0.113.{number}",
            Cookie=cookies,
        )
        for number, guess in enumerate([*GUESSES, BOB["password"]])
    )
    return _verdict(await all_of(disguised), PER_ACCOUNT)


async def many_accounts(site: Site) -> Verdict:
    """One guess at each of many accounts, X-Forwarded-For made up."""
    await sign_up(site, BOB)
    emails = [f"person{number}@example.com" for number in range(len(GUESSES))]
    answers = await all_of(
        post(site, "/login", {"email": email, "password": GUESSES[0]}, X_Forwarded_For=f"203.0.113.{number}")
        for number, email in enumerate(emails)
    )
    return _verdict([*answers, await post(site, "/login", BOB)], PER_ADDRESS)


async def one_ipv6_network(site: Site) -> Verdict:
    """One guess at each of many accounts, each from another address of the /64 that one customer has."""
    await sign_up(site, BOB)
    emails = [f"person{number}@example.com" for number in range(len(GUESSES))]
    answers = await all_of(
        post(site, "/login", {"email": email, "password": GUESSES[0]}, X_Forwarded_For=f"2001:db8:0:1:{number:x}::1")
        for number, email in enumerate(emails, 1)
    )
    last = await post(site, "/login", BOB, X_Forwarded_For="2001:db8:0:1:ffff::1")
    return _verdict([*answers, last], PER_ADDRESS)


async def sign_up_flood(site: Site) -> Verdict:
    """Sixty sign-ups from one address."""
    people = [BOB | {"email": f"person{number}@example.com"} for number in range(len(GUESSES))]
    answers = await all_of(
        post(site, "/signup", person, X_Forwarded_For=f"203.0.113.{number}") for number, person in enumerate(people)
    )
    return _verdict(answers, SIGN_UPS_PER_ADDRESS)


async def lock_out(site: Site) -> Verdict:
    """Strangers fail at Bob's account until it refuses them; Bob's own browser must still get in."""
    await sign_up(site, BOB)
    cookies = (await post(site, "/login", BOB)).cookies()
    strangers = await all_of(
        post(site, "/login", BOB | {"password": guess}, source=_address(number))
        for number, guess in enumerate(GUESSES[:20])
    )
    owner = await post(site, "/login", BOB, Cookie=cookies)
    shut_out = sum(answer.status == 429 for answer in strangers)
    finding = f"{shut_out} of {len(strangers)} strangers get 429, the owner {owner.status}"
    return Verdict(not is_in(owner) or not shut_out, len(strangers) + 2, finding)


def _verdict(answers: list[Answer], limit: int) -> Verdict:
    passed = sum(answer.status not in {429, 503} for answer in answers)
    entered = any(is_in(answer) for answer in answers)
    finding = f"{passed} of {len(answers)} got past the limit of {limit}" + (", one of them in" if entered else "")
    return Verdict(passed > limit or entered, len(answers), finding)


async def all_of(requests: Iterable[Awaitable[Answer]]) -> list[Answer]:
    """Send all, AT_ONCE at the same moment."""
    free = asyncio.Semaphore(AT_ONCE)

    async def one(request: Awaitable[Answer]) -> Answer:
        async with free:
            return await request

    return await asyncio.gather(*(one(request) for request in requests))


def _address(number: int) -> str:
    # All of 127.0.0.0/8 is this machine, on Linux: to the server, clients of many addresses.
    return f"127.0.1.{number + 1}"


def other_spelling(email: str, *, seed: int) -> str:
    """Return another spelling of the address, the same for the same seed."""
    dice = random.Random(seed)  # noqa: S311  # the same run each time
    name, _, domain = email.partition("@")
    return "".join(chr(ord(letter) + dice.choice(_SHAPES)) for letter in name) + "@" + domain.swapcase()
