"""Every form that does something once, sent by a double click: it is done once, and the person sees that it was."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from quart import Quart, Response
from sqlalchemy import func, select

from quart_auth_app.accounts import sessions
from quart_auth_app.accounts.double_clicks import LASTS
from quart_auth_app.accounts.throttling import throttle
from quart_auth_app.models import AccessKey, Mail, RecoveryCode, SecurityEvent, User
from tests.authenticators import add_passkey
from tests.conftest import MakeApp, services_of
from tests.inbox import Inbox
from tests.people import BOB, EVE, Client, Clock, elsewhere, send, text
from tests.providers.fake import Fake, serving
from tests.second_steps import shown_code, turn_on
from tests.web.test_account import log_in
from tests.web.test_links import token_of
from tests.web.test_provider_sign_ups import FINISH
from tests.web.test_providers import log_in as come_back
from tests.web.test_providers import make_old, settings
from tests.web.test_roles import grant
from tests.web.test_sign_up_by_mail import LATER, confirmed, sign_up

NEW = "bob@new.example"
CHOSEN = {"password": "quiet marble canoe 93"}


@dataclass
class Site:
    """Where it happens: everything is switched on, and Bob has an account."""

    app: Quart
    inbox: Inbox
    fake: Fake
    time: Clock

    async def rows(self, table: type[RecoveryCode] | type[AccessKey] | type[User]) -> int:
        """Return how many there are."""
        async with services_of(self.app).database.reading() as db:
            return await db.scalar(select(func.count()).select_from(table)) or 0

    async def told(self) -> list[str]:
        """Return everything that the activity of all accounts, and all mails, say."""
        async with services_of(self.app).database.reading() as db:
            kinds = list(await db.scalars(select(SecurityEvent.kind)))
        return sorted(kinds + [f"{mail['To']}: {mail['Subject']}" for mail in self.inbox.mails])

    async def active(self) -> int:
        """Return how many sessions there are."""
        async with services_of(self.app).database.reading() as db:
            return len(await sessions.active(db, now=self.time.now))


@pytest.fixture
async def site(make_app: MakeApp, inbox: Inbox, time: Clock) -> AsyncIterator[Site]:
    """The site."""
    async with serving(Fake()) as fake:
        now = int(time.now.timestamp())
        fake.person |= {"email": EVE["email"], "email_verified": False}
        fake.claims |= {"iat": now, "exp": now + 3600}
        app = make_app(MAIL_URL=inbox.url, MAILED_LOGIN="yes", **settings(fake))
        await confirmed(app, inbox)
        time.advance(LATER)
        yield Site(app, inbox, fake, time)


@dataclass
class Filled:
    """A form, filled in a browser."""

    client: Client
    path: str
    form: dict[str, str]
    said: str
    """What the person reads at the end."""


async def _confirm(site: Site, by: str) -> Filled:
    client = site.app.test_client()
    await sign_up(client, EVE)
    said = "Your account has been created. You can log in now."
    if by == "code":
        await client.get("/signup/check-mail")
        return Filled(client, "/signup/code", {"code": site.inbox.code(EVE["email"])}, said)
    token = token_of(site.inbox, EVE["email"], "/confirm")
    await client.get(f"/confirm?{token}")
    return Filled(client, "/confirm", {"token": token, "password": ""}, said)


async def _confirm_elsewhere(site: Site) -> Filled:
    await sign_up(site.app.test_client(), EVE)
    token, client = token_of(site.inbox, EVE["email"], "/confirm"), site.app.test_client()
    await client.get(f"/confirm?{token}")
    form = {"token": token, "password": EVE["password"]}
    return Filled(client, "/confirm", form, "Your account has been created. You can log in now.")


async def _sign_up(site: Site) -> Filled:
    client = site.app.test_client()
    await client.get("/signup")
    return Filled(client, "/signup", EVE, "Check your mail")


async def _finish(site: Site) -> Filled:
    client = site.app.test_client()
    response = await come_back(client, site.fake)
    assert response.headers["Location"] == FINISH
    await client.get(FINISH)
    return Filled(client, FINISH, {"name": "Eve"}, "Check your mail")


async def _reset(site: Site) -> Filled:
    client = site.app.test_client()
    await client.post("/forgot-password", form={"email": BOB["email"]}, **elsewhere())
    token = token_of(site.inbox, BOB["email"], "/reset-password")
    await client.get(f"/reset-password?{token}")
    said = "Your password has been changed."
    return Filled(client, "/reset-password", {"token": token} | CHOSEN, said)


async def _change(site: Site, by: str) -> Filled:
    client = await log_in(site.app)
    await client.post("/account/email", form={"email": NEW})
    said = "Your address is changed."
    if by == "code":
        await client.get("/account")
        return Filled(client, "/account/email/code", {"code": site.inbox.code(NEW)}, said)
    token = token_of(site.inbox, NEW, "/account/email/confirm")
    await client.get(f"/account/email/confirm?{token}")
    return Filled(client, "/account/email/confirm", {"token": token}, said)


async def _undo(site: Site) -> Filled:
    changed = await _change(site, "link")
    await changed.client.post(changed.path, form=changed.form)
    token, client = token_of(site.inbox, BOB["email"], "/undo-email-change"), site.app.test_client()
    await client.get(f"/undo-email-change?{token}")
    return Filled(client, "/undo-email-change", {"token": token} | CHOSEN, "You have your account back")


async def _second_step(site: Site, by: str) -> Filled:
    phone = await turn_on(site.app)
    site.time.advance(LATER)
    client = site.app.test_client()
    await client.post("/login", form=BOB, **elsewhere())
    await client.get("/login/second-step")
    code = phone.code() if by == "totp" else phone.recovery_codes[0]
    return Filled(client, "/login/second-step", {"code": code}, "Welcome, Bob!")


async def _mailed(site: Site, by: str) -> Filled:
    client = site.app.test_client()
    await client.get("/login")
    await client.post("/login/mail", form={"email": BOB["email"]}, **elsewhere())
    if by == "code":
        await client.get("/login/check-mail")
        return Filled(client, "/login/code", {"code": site.inbox.code(BOB["email"])}, "Welcome, Bob!")
    token = token_of(site.inbox, BOB["email"], "/login/link")
    await client.get(f"/login/link?{token}")
    return Filled(client, "/login/link", {"token": token}, "Welcome, Bob!")


async def _mailed_with_second_step(site: Site, by: str) -> Filled:
    await turn_on(site.app)
    site.time.advance(LATER)
    filled = await _mailed(site, by)
    filled.said = "The six digits that your authenticator app shows now."
    return filled


async def _ask(site: Site) -> Filled:
    client = site.app.test_client()
    await client.get("/login")
    return Filled(client, "/login/mail", {"email": BOB["email"]}, "Check your mail")


async def _turn_on(site: Site) -> Filled:
    client = await log_in(site.app)
    await client.post("/account/second-step")
    code = await shown_code(client)
    return Filled(client, "/account/second-step/confirm", {"code": code}, "Recovery codes")


async def _new_codes(site: Site) -> Filled:
    phone = await turn_on(site.app)
    site.time.advance(LATER)
    client = await _logged_in_with(site, phone.code())
    return Filled(client, "/account/second-step/recovery-codes", {}, "Recovery codes")


async def _logged_in_with(site: Site, code: str) -> Client:
    client = site.app.test_client()
    await client.post("/login", form=BOB, **elsewhere())
    await client.post("/login/second-step", form={"code": code})
    await client.get("/account/second-step")
    return client


async def _account(site: Site, path: str, said: str, **form: str) -> Filled:
    client = await log_in(site.app)
    await client.get("/account")
    return Filled(client, path, form, said)


async def _revoke_one(site: Site) -> Filled:
    await log_in(site.app)
    client = await log_in(site.app)
    page = await (await client.get("/account/sessions")).get_data(as_text=True)
    (number,) = re.findall(r'name="session" value="(\d+)"', page)
    return Filled(client, "/account/sessions/revoke", {"session": number}, "That session has ended.")


async def _sudo(site: Site) -> Filled:
    phone = await turn_on(site.app)
    site.time.advance(LATER)
    client = await _logged_in_with(site, phone.code())
    await make_old(services_of(site.app).database)
    site.time.advance(LATER)
    await client.post("/account/sessions/revoke", form={"session": "others"})
    form = {"session": "others", "sudo_password": BOB["password"], "sudo_code": phone.code()}
    return Filled(client, "/account/sessions/revoke", form, "All other sessions have ended.")


async def _key(site: Site) -> Filled:
    client = await log_in(site.app)
    await client.get("/account/access-keys")
    return Filled(client, "/account/access-keys", {"name": "ci", "days": "30"}, "ci")


async def _revoke_key(site: Site) -> Filled:
    filled = await _key(site)
    await filled.client.post(filled.path, form=filled.form)
    await filled.client.get(filled.path)
    return Filled(filled.client, f"{filled.path}/1/revoke", {}, "The access key is revoked")


async def _passkey(site: Site, act: str, said: str) -> Filled:
    client = await log_in(site.app)
    await add_passkey(client)
    await client.get("/account/passkeys")
    return Filled(client, f"/account/passkeys/{act}", {}, said)


async def _disconnect(site: Site) -> Filled:
    site.fake.person |= {"email": BOB["email"], "email_verified": True}
    client = await log_in(site.app)
    await come_back(client, site.fake, "/account/providers/fake")
    await client.get("/account")
    return Filled(client, "/account/providers/fake/disconnect", {}, "is disconnected")


async def _log_in_as_admin(site: Site) -> Client:
    site.time.advance(LATER)
    await grant(site.app, "admin")
    phone = await turn_on(site.app)
    site.time.advance(LATER)
    return await _logged_in_with(site, phone.code())


async def _add(site: Site) -> Filled:
    client = await _log_in_as_admin(site)
    await client.get("/admin/users/add")
    return Filled(client, "/admin/users/add", {"email": EVE["email"], "name": "Eve"}, "That is done.")


async def _retry(site: Site, path: str) -> Filled:
    client = await _log_in_as_admin(site)
    async with services_of(site.app).database.transaction() as db:
        details = {"params": {}, "message_id": "<1@x>", "failed": "550 no such user"}
        moments = dict.fromkeys(["created_at", "due_at", "give_up_at"], site.time.now)
        db.add(Mail(id=1, kind="invite", to_address=BOB["email"], user_id=1, **details, **moments))
    await client.get("/admin/mail")
    return Filled(client, path, {}, "What could not be sent is tried again.")


async def _admin(site: Site, act: str, **form: str) -> Filled:
    await confirmed(site.app, site.inbox, EVE)
    client = await _log_in_as_admin(site)
    await client.get("/admin/users/2")
    return Filled(client, f"/admin/users/2/{act}", form, "That is done.")


FORMS: dict[str, Callable[[Site], Awaitable[Filled]]] = {
    "/signup": _sign_up,
    "/signup/code": lambda site: _confirm(site, "code"),
    "/confirm": lambda site: _confirm(site, "link"),
    "/confirm elsewhere": _confirm_elsewhere,
    "/login/with/<provider>/sign-up": _finish,
    "/reset-password": _reset,
    "/undo-email-change": _undo,
    "/account/email/code": lambda site: _change(site, "code"),
    "/account/email/confirm": lambda site: _change(site, "link"),
    "/login/second-step": lambda site: _second_step(site, "totp"),
    "/login/second-step recovery code": lambda site: _second_step(site, "recovery code"),
    "/login/mail": _ask,
    "/login/code": lambda site: _mailed(site, "code"),
    "/login/code second step": lambda site: _mailed_with_second_step(site, "code"),
    "/login/link": lambda site: _mailed(site, "link"),
    "/login/link second step": lambda site: _mailed_with_second_step(site, "link"),
    "/account/email": lambda site: _account(site, "/account/email", "Nothing has changed yet.", email=NEW),
    "/account/email/cancel": lambda site: _account(site, "/account/email/cancel", "Your address stays as it is."),
    "/account/password": lambda site: _account(
        site, "/account/password", "Your password is changed.", current_password=BOB["password"], **CHOSEN
    ),
    "/account/name": lambda site: _account(site, "/account/name", "Your name is changed.", name="Robert"),
    "/account/export": lambda site: _account(site, "/account/export", '"made_at"'),
    "/account/delete": lambda site: _account(site, "/account/delete", "will be deleted"),
    "/account/delete/cancel": lambda site: _account(site, "/account/delete/cancel", "Your account is kept."),
    "/account/sessions/revoke": lambda site: _account(
        site, "/account/sessions/revoke", "All other sessions have ended.", session="others"
    ),
    "/account/sessions/revoke one": _revoke_one,
    "sudo with a code": _sudo,
    "/account/second-step/confirm": _turn_on,
    "/account/second-step/recovery-codes": _new_codes,
    "/account/access-keys": _key,
    "/account/access-keys/<int:number>/revoke": _revoke_key,
    "/account/passkeys/<int:number>/delete": lambda site: _passkey(site, "1/delete", "The passkey is removed."),
    "/account/passkeys/only": lambda site: _passkey(site, "only", "Your account has no password any more."),
    "/account/providers/<provider>/disconnect": _disconnect,
    "/admin/users/<int:number>/<act>": lambda site: _admin(site, "delete", email=EVE["email"]),
    "/admin/users/add": _add,
    "/admin/mail/<int:number>/retry": lambda site: _retry(site, "/admin/mail/1/retry"),
    "/admin/mail/retry": lambda site: _retry(site, "/admin/mail/retry"),
    "/admin/users/<int:number>/<act> send-reset": lambda site: _admin(site, "send-reset"),
}
"""By route, and what else tells two apart."""

ANY_NUMBER = {
    "/account/own": "what it sets is set",
    "/account/passkeys": "the page's script sends each answer of a passkey once: tests/browser/test_passkeys.py",
    "/account/passkeys/<int:number>/name": "what it sets is set",
    "/account/providers/<provider>": "begins another attempt, as many as one likes",
    "/account/second-step": "keeps the seed that is there",
    "/account/second-step/off": "what is off is off",
    "/account/second-step/recovery-codes/text": "sends back what it gets",
    "/account/sudo": "leads on",
    "/admin/doctor": "looks, and changes nothing",
    "/forgot-password": "tests/web/test_links.py",
    "/language": "what it sets is set",
    "/login": "each right password logs in",
    "/login/passkey": "the page's script sends each answer of a passkey once",
    "/login/with/<provider>": "begins another attempt, as many as one likes",
    "/logout": "who is out is out",
    "/sign-up": "leads to /signup",
}
"""Forms that a second click does nothing new with, and why."""


def test_every_form_is_walked(site: Site) -> None:
    posts = {rule.rule for rule in site.app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    assert posts == {name.partition(" ")[0] for name in FORMS if name.startswith("/")} | ANY_NUMBER.keys()


Cookies = dict[str, str]


def kept(cookies: Cookies, response: Response) -> Cookies:
    """Return what a browser has after this answer."""
    after = dict(cookies)
    for each in response.headers.getlist("Set-Cookie"):
        name, _, rest = each.partition("=")
        value = rest.partition(";")[0]
        if value and "Max-Age=0" not in rest:
            after[name] = value
        else:
            after.pop(name, None)
    return after


async def sent(site: Site, method: str, path: str, cookies: Cookies, **arguments: Any) -> Response:
    """Send a request with these cookies."""
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return await send(site.app.test_client(use_cookies=False), method, path, headers={"Cookie": header}, **arguments)


async def read(site: Site, response: Response, cookies: Cookies) -> tuple[str, Cookies]:
    """Go where an answer leads. Return the page that the person sees in the end, and the browser's cookies."""
    cookies = kept(cookies, response)
    while location := response.headers.get("Location"):
        response = await sent(site, "GET", location.partition("#")[0], cookies)
        cookies = kept(cookies, response)
    source = await response.get_data(as_text=True)
    is_red = 'role="alert"' in source.partition("</form>")[0]
    return ("Refused: " if is_red else "") + await text(response), cookies


async def clicked(site: Site, filled: Filled, order: str) -> tuple[list[Response], Cookies]:
    """Send the form twice. Return both answers, and the cookies that the second came with."""
    jar = filled.client.cookie_jar
    before = {each.name: str(each.value) for each in jar} if jar is not None else {}

    def click(cookies: Cookies) -> Awaitable[Response]:
        return sent(site, "POST", filled.path, cookies, form=filled.form)

    if order == "at once":
        return list(await asyncio.gather(click(before), click(before))), before
    first = await click(before)
    cookies = kept(before, first) if order == "the first answer's cookies" else before
    return [first, await click(cookies)], cookies


@pytest.mark.asvs("2.3.4", "15.4.2")
@pytest.mark.parametrize("order", ["the cookies of before", "the first answer's cookies", "at once"])
@pytest.mark.parametrize("name", FORMS)
async def test_a_double_click_is_the_success_that_it_was_and_happens_once(site: Site, name: str, order: str) -> None:
    filled = await FORMS[name](site)
    before = await site.told()
    responses, cookies = await clicked(site, filled, order)
    for response in responses[1:] if order != "at once" else responses:
        page, after = await read(site, response, cookies)
        assert filled.said in page
        assert not page.startswith("Refused: ")
        assert response.status_code < 400
    new = [each for each in await site.told() if each not in before]
    assert sorted(new) == sorted(set(new)), "nothing is told twice"
    assert await site.rows(RecoveryCode) in {0, 9, 10}
    assert await site.rows(AccessKey) <= 1
    has_been_in = "log-in" in cookies and filled.path not in {"/account/delete", "/reset-password"}
    if has_been_in or "Welcome" in filled.said:
        assert (await sent(site, "GET", "/profile", after)).status_code == 200, "nobody is logged out"
        site.time.advance(sessions.REPLACED_LASTS)
        if "at once" not in order:
            assert (await sent(site, "GET", "/profile", after)).status_code == 200, "nor a little later"
    if "Welcome" in filled.said:
        assert await site.active() == 1


SHOWN_ONCE = {
    "/account/second-step/confirm": r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){5}",
    "/account/second-step/recovery-codes": r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){5}",
    "/account/access-keys": r"qaa_[\w-]{43}",
}
"""What these show and nobody can see again."""


@pytest.mark.parametrize("order", ["the cookies of before", "the first answer's cookies", "at once"])
@pytest.mark.parametrize("name", SHOWN_ONCE)
async def test_both_answers_show_the_same_and_it_counts(site: Site, name: str, order: str) -> None:
    filled = await FORMS[name](site)
    responses, _ = await clicked(site, filled, order)
    first, second = [set(re.findall(SHOWN_ONCE[name], await each.get_data(as_text=True))) for each in responses]
    assert first == second != set()
    async with services_of(site.app).database.reading() as db:
        stored = {*await db.scalars(select(RecoveryCode.code_hash)), *await db.scalars(select(AccessKey.key_hash))}
    plain = [each if each.startswith("qaa_") else each.replace("-", "") for each in first]
    assert stored >= {hashlib.sha256(each.encode()).hexdigest() for each in plain}


@pytest.mark.parametrize("name", FORMS)
async def test_a_stranger_who_sends_the_same_form_gets_nothing(site: Site, name: str) -> None:
    filled = await FORMS[name](site)
    await filled.client.post(filled.path, form=filled.form)
    for arguments in (elsewhere(), {"headers": {"User-Agent": "another"}}, {}):
        stranger = site.app.test_client()
        response = await stranger.post(filled.path, form=filled.form, **arguments)
        assert (await stranger.get("/profile")).status_code == 302
        page = await text(await stranger.get(response.headers.get("Location", "/").partition("#")[0]))
        assert filled.said not in page or filled.path in {"/signup", "/login/mail"}, "these say it to everybody"


@pytest.mark.parametrize("name", ["/reset-password", "/login/second-step", "/confirm", "/account/email/confirm"])
async def test_later_it_is_no_second_click(site: Site, name: str) -> None:
    filled = await FORMS[name](site)
    _, cookies = await clicked(site, filled, "the cookies of before")
    site.time.advance(LASTS + throttle.SLACK)
    late = await sent(site, "POST", filled.path, cookies, form=filled.form)
    assert filled.said not in (await read(site, late, cookies))[0]
