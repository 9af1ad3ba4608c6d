"""Mail as a way in: codes guessed, links replayed or used elsewhere, and a stranger's mailbox filled."""

import asyncio
import time
from collections.abc import Mapping

from attacks.attack import Verdict
from attacks.browser import Answer, post
from attacks.guessing import BOB, EVE, all_of, is_in, other_spelling
from attacks.victims import Site
from quart_auth_app.testing import Outbox

GUESSES = 15
"""Guesses wherever a code, or a password beside a link, is asked for."""
PER_CODE = 5
WISHES = 60
# docs/security.md, "Limits".
MAILS_AN_HOUR = 5
REPLAYS = 20
PATIENCE = 60
"""Seconds within which all mails are sent."""
PASSWORD = "quiet marble canoe 93"  # noqa: S105  # what Bob chooses
NEW = "bob@new.example"


async def mailbox(site: Site) -> Outbox:
    """Wait until the application has sent its mails, and return all."""
    for _ in range(PATIENCE * 10):
        if not await site.number("SELECT count(*) FROM mail"):
            break
        await asyncio.sleep(0.1)
    return Outbox(site.folder / "mails")


async def sign_up(site: Site, person: Mapping[str, str], *, source: str) -> str:
    """Sign up, and return the cookies with which the code is typed."""
    answer = await post(site, "/signup", person, source=source)
    if answer.header("location") != "/signup/check-mail":
        raise RuntimeError(f"sign-up was answered {answer.status}: {answer.body.decode(errors='replace')}")
    return answer.cookies()


async def logged_in(site: Site, person: Mapping[str, str], *, source: str) -> str:
    """Make an account, and return the cookies of its owner's browser."""
    cookies = await sign_up(site, person, source=source)
    code = (await mailbox(site)).code(person["email"])
    await post(site, "/signup/code", {"code": code}, source=source, Cookie=cookies)
    answer = await post(site, "/login", person, source=source)
    if not is_in(answer):
        raise RuntimeError(f"log-in was answered {answer.status}")
    return answer.cookies()


async def codes(site: Site) -> Verdict:
    """Guess codes and the password beside a link: many at once, each from another address, the right one last.

    The attacker signs up with another's address, asks for another's at an open session, or has a link to confirm.
    """
    eve = await logged_in(site, EVE, source=_address(0))
    await post(site, "/account/email", {"email": NEW}, source=_address(1), Cookie=eve)
    bob = await sign_up(site, BOB, source=_address(2))
    ann = BOB | {"email": "ann@example.com"}
    await sign_up(site, ann, source=_address(3))
    mails = await mailbox(site)
    link = {"token": mails.link(ann["email"], "/confirm").partition("?")[2]}
    places = {
        "code of a sign-up": ("/signup/code", {}, "code", mails.code(BOB["email"]), bob),
        "code of another address": ("/account/email/code", {}, "code", mails.code(NEW), eve),
        "password beside a link": ("/confirm", link, "password", ann["password"], ""),
    }
    for number, (path, fields, name, right, cookies) in enumerate(places.values()):
        guesses = ["AAAAAA"] * (GUESSES - 1) + [right]
        await all_of(
            post(site, path, {**fields, name: guess}, source=_address(10 + GUESSES * number + each), Cookie=cookies)
            for each, guess in enumerate(guesses)
        )
    won = await site.number("SELECT count(*) FROM \"user\" WHERE email <> 'eve@example.com'")
    tried = await site.number("SELECT coalesce(max(code_tries), 0) FROM sign_up")
    finding = (
        f"{won} of {len(places)} were guessed by the last of {GUESSES}; {tried} of a code's guesses were looked at"
    )
    return Verdict(won > 0 or tried > PER_CODE, GUESSES * len(places), finding)


async def log_in_codes(site: Site) -> Verdict:
    """Ask for a mail to log in with and guess its code, many at once, each from another address, the right one last."""
    await logged_in(site, EVE, source=_address(0))
    asked = await post(site, "/login/mail", {"email": EVE["email"]}, source=_address(1))
    right = (await mailbox(site)).code(EVE["email"])
    answers = await all_of(
        post(site, "/login/code", {"code": guess}, source=_address(10 + number), Cookie=asked.cookies())
        for number, guess in enumerate([*["AAAAAAAA"] * (GUESSES - 1), right])
    )
    entered = sum(map(is_in, answers))
    tried = await site.number("SELECT max(code_tries) FROM mailed_log_in")
    finding = f"{tried} of {GUESSES} guesses were looked at" + (", the last logged in" if entered else "")
    return Verdict(entered > 0 or tried > PER_CODE, GUESSES, finding)


async def links(site: Site) -> Verdict:
    """Use a link many times at once, at another page, in another person's session, and after it became invalid."""
    bob = await logged_in(site, BOB, source=_address(0))
    eve = await logged_in(site, EVE, source=_address(1))
    await post(site, "/account/email", {"email": NEW}, source=_address(2), Cookie=bob)
    await post(site, "/forgot-password", {"email": BOB["email"]}, source=_address(3))
    mails = await mailbox(site)
    change = mails.link(NEW, "/account/email/confirm").partition("?")[2]
    reset = mails.link(BOB["email"], "/reset-password").partition("?")[2]
    foreign = [
        await _works(site, "/reset-password", change),
        await _works(site, "/undo-email-change", change),
        await _works(site, "/undo-email-change", reset),
        await _works(site, "/confirm", reset),
        await _works(site, "/account/email/confirm", change, Cookie=eve),
        await _works(site, "/reset-password", reset[:-1]),
    ]
    replayed = await all_of(
        post(
            site, "/reset-password", {"token": reset, "password": f"{PASSWORD} {number}"}, source=_address(20 + number)
        )
        for number in range(REPLAYS)
    )
    void = [await _works(site, "/reset-password", reset), await _works(site, "/account/email/confirm", change)]
    strange = sum([*foreign, *void])
    done = sum(map(_is_done, replayed))
    moved = await site.number("SELECT count(*) FROM \"user\" WHERE email = 'bob@new.example'")
    versions = await site.number('SELECT sum(password_version) FROM "user"')
    finding = (
        f"{strange} of {len(foreign) + len(void)} foreign or void links did something; of {REPLAYS} uses of one link "
        f"{done} did; {versions} passwords and {moved} addresses were changed"
    )
    return Verdict((strange, done, versions, moved) != (0, 1, 1, 0), len(foreign) + len(void) + REPLAYS, finding)


async def _works(site: Site, path: str, token: str, **headers: str) -> bool:
    form = {"token": token, "password": f"{PASSWORD} {path}"}
    return _is_done(await post(site, path, form, source=_address(5), **headers), path)


def _is_done(answer: Answer, path: str = "/reset-password") -> bool:
    done = "/account#address" if path.startswith("/account") else "/login"
    return answer.status == 302 and answer.header("location") == done


async def flood(site: Site) -> Verdict:
    """Have as much mail sent to a stranger as possible: from many addresses, by each form, in many spellings."""
    eve = await logged_in(site, EVE, source=_address(0))
    start = time.monotonic()
    requests = []
    for number in range(WISHES):
        email = other_spelling(BOB["email"], seed=number)
        path, form, cookies = [
            ("/forgot-password", {"email": email}, ""),
            ("/signup", BOB | {"email": email}, ""),
            ("/account/email", {"email": email}, eve),
        ][number % 3]
        requests.append(post(site, path, form, source=_address(10 + number), Cookie=cookies))
    await all_of(requests)
    got = len([mail for mail in (await mailbox(site)).mails if _is_bobs(mail["To"])])
    finding = f"{got} mails from {WISHES} requests in {time.monotonic() - start:.0f} s, of {MAILS_AN_HOUR} an hour"
    return Verdict(got > MAILS_AN_HOUR, WISHES, finding)


def _is_bobs(to: object) -> bool:
    return EVE["email"] not in str(to)


def _address(number: int) -> str:
    return f"127.0.5.{number + 1}"
