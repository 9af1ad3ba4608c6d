"""Passkeys: adding, using, naming, removing them; and everything that must not count."""

import asyncio
import json
import re
import secrets
from datetime import timedelta
from urllib.parse import urlsplit

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from quart import Quart, Response
from sqlalchemy import select, update

from quart_auth_app import clock
from quart_auth_app.accounts import sudo
from quart_auth_app.accounts.credentials import passkeys, ways_in
from quart_auth_app.accounts.factors import challenges
from quart_auth_app.accounts.factors.passkeys import decoded, encoded
from quart_auth_app.accounts.throttling import limits
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Passkey, Session, User
from tests.authenticators import (
    CAN_BE_SYNCED,
    PRESENT,
    SYNCED,
    VERIFIED,
    Authenticator,
    add_passkey,
    log_in,
    options,
    person_with_passkey,
)
from tests.conftest import MakeApp, services_of
from tests.databases import SECRET_KEY
from tests.inbox import Inbox
from tests.people import BOB, EVE, Client, Clock, Events, cookie, elsewhere, is_logged_in, notice, text
from tests.second_steps import turn_on

TOO_LATE = "That took too long. Please try your passkey again."
REFUSED = "That did not work. Please try again, or log in another way."
LAST_WAY_IN = "This is the last way into your account. Set a password or add a passkey first."


@pytest.fixture
async def phone(app: Quart) -> Authenticator:
    """Bob's phone, with a passkey."""
    return await person_with_passkey(app, BOB)


async def logged_in(app: Quart, phone: Authenticator) -> Client:
    """Return a browser that has just logged in by passkey."""
    client = app.test_client()
    await log_in(client, phone)
    assert await is_logged_in(client)
    return client


async def stored(database: Database) -> Passkey:
    """Return the one passkey there is."""
    async with database.reading() as db:
        return (await db.scalars(select(Passkey))).one()


@pytest.mark.asvs("6.3.3")
async def test_a_passkey_alone_logs_in(
    client: Client, database: Database, phone: Authenticator, events: Events
) -> None:
    response = await log_in(client, phone)
    assert response.headers["Location"] == "/profile"
    assert await is_logged_in(client)
    assert events.all[-1] | {"event": "log_in", "methods": "passkey"} == events.all[-1]
    async with database.reading() as db:
        assert "passkey" in list(await db.scalars(select(Session.methods)))


async def test_it_leads_to_the_page_that_was_asked_for_and_is_remembered(client: Client, phone: Authenticator) -> None:
    response = await log_in(client, phone, next="/account", remember="on")
    assert response.headers["Location"] == "/account"
    assert "Expires" in response.headers["Set-Cookie"]


async def test_it_stands_for_the_second_step_too(app: Quart, client: Client, phone: Authenticator) -> None:
    await turn_on(app)
    await log_in(client, phone)
    assert await is_logged_in(client)


@pytest.mark.usefixtures("phone")
async def test_it_forces_no_second_step_on_passwords(client: Client) -> None:
    assert (await client.post("/login", form=BOB)).headers["Location"] == "/profile"


@pytest.mark.parametrize(("public", "status"), [("https://site.example", 200), ("http://192.0.2.7", 404)])
async def test_password_managers_are_told_where_passkeys_are_added(make_app: MakeApp, public: str, status: int) -> None:
    host = urlsplit(public).netloc
    response = (
        await make_app(PUBLIC_URL=public).test_client().get("/.well-known/passkey-endpoints", headers={"Host": host})
    )
    assert response.status_code == status
    if status == 200:
        page = "https://site.example/account/passkeys"
        assert await response.get_json() == {"enroll": page, "manage": page}


@pytest.mark.asvs("6.7.2")
async def test_an_answer_counts_once_and_in_the_browser_that_asked(app: Quart, phone: Authenticator) -> None:
    first, other = app.test_client(), app.test_client()
    credential = phone.get(await options(await first.get("/login")))
    await other.get("/login")
    for client in (other, app.test_client()):
        await client.post("/login/passkey", form={"credential": credential})
        assert await notice(client, "/login") == TOO_LATE
    answers = await asyncio.gather(*(_post_as(first, app, credential) for _ in range(20)))
    assert [answer.headers["Location"] for answer in answers].count("/profile") == 1


async def _post_as(client: Client, app: Quart, credential: str) -> Response:
    # A client of its own: the jar of one is no place for twenty answers at once.
    visit = cookie(client, "visit")
    headers = {"Cookie": f"visit={visit}"}
    return await app.test_client(use_cookies=False).post(
        "/login/passkey", form={"credential": credential}, headers=headers, **elsewhere()
    )


async def test_a_page_that_lay_open_too_long_says_so_and_the_next_try_works(
    client: Client, phone: Authenticator, time: Clock
) -> None:
    credential = phone.get(await options(await client.get("/login")))
    time.advance(challenges.LASTS)
    await client.post("/login/passkey", form={"credential": credential})
    assert await notice(client, "/login") == TOO_LATE
    await log_in(client, phone)
    assert await is_logged_in(client)


@pytest.mark.asvs("11.6.1")
async def test_only_approved_signatures_are_asked_for(client: Client, bob: dict[str, str]) -> None:
    await client.post("/login", form=bob)
    asked = await options(await client.get("/account/passkeys"), "create")
    assert [each["alg"] for each in asked["pubKeyCredParams"]] == [-8, -7, -257]  # EdDSA, ES256, RS256


async def test_the_browser_waits_for_a_passkey_as_long_as_webauthn_recommends(
    client: Client, bob: dict[str, str]
) -> None:
    asked = [await options(await client.get("/login"), "get")]
    await client.post("/login", form=bob)
    asked.append(await options(await client.get("/account/passkeys"), "create"))
    for each in asked:
        assert timedelta(minutes=5) <= timedelta(milliseconds=each["timeout"]) <= timedelta(minutes=10)


@pytest.mark.parametrize(
    "change",
    [
        {"flags": PRESENT},
        {"flags": VERIFIED},
        {"origin": "https://evil.example"},
        {"origin": "http://login.localhost"},
        {"host": "evil.example"},
        {"handle": bytes(64)},
        {"_key": Authenticator()._key},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_a_wrong_answer_is_refused(
    client: Client, phone: Authenticator, change: dict[str, object], events: Events
) -> None:
    vars(phone).update(change)
    await log_in(client, phone)
    assert await notice(client, "/login") == REFUSED
    assert events.names[-1] == "passkey_failed"
    assert not await is_logged_in(client)


@pytest.mark.parametrize(
    "credential",
    [
        *("", "x", "[]", "{}", "[" * 3000, '{"rawId": 1, "response": {}}', '{"rawId": "é", "response": null}'),
        *(json.dumps({"rawId": "AA", "response": {"clientDataJSON": each}}) for each in ("e30", "W10", "e", "")),
    ],
)
@pytest.mark.usefixtures("phone")
async def test_what_is_no_answer_at_all_is_refused(client: Client, credential: str) -> None:
    await client.get("/login")
    assert (await client.post("/login/passkey", form={"credential": credential})).status_code == 302
    assert await notice(client, "/login") == REFUSED


async def test_a_damaged_answer_is_refused_and_never_an_error(
    client: Client, phone: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PASSKEY_BY_ADDRESS", limits.Limit("passkey by address", 1000, timedelta(minutes=1)))
    good = json.loads(phone.get(await options(await client.get("/login"))))
    damages: tuple[object, ...] = ("", "AA", "A", None, 7, [], {}, "AAAA" * 300)
    for name in good["response"]:
        for damage in damages:
            credential = json.dumps(good | {"response": good["response"] | {name: damage}})
            response = await client.post("/login/passkey", form={"credential": credential})
            assert response.headers["Location"] == "/login", (name, damage)
    assert not await is_logged_in(client)


async def test_a_count_that_does_not_rise_lets_in_is_noted_and_never_lowers_the_stored_one(
    app: Quart, client: Client, database: Database, phone: Authenticator
) -> None:
    phone.count = 50
    await log_in(app.test_client(), phone)
    phone.count = 3
    await log_in(client, phone)
    assert (await stored(database)).sign_count == 50
    assert "A passkey was used that may have been copied" in await text(await client.get("/account/activity"))


async def test_a_synced_passkey_counts_nothing_and_that_is_no_news(client: Client, phone: Authenticator) -> None:
    await log_in(client, phone)
    assert "may have been copied" not in await text(await client.get("/account/activity"))


async def test_the_answers_flags_say_whether_it_is_synced(app: Quart, database: Database) -> None:
    client = app.test_client()
    await client.post("/signup", form=BOB)
    await client.post("/login", form=BOB)
    phone = await add_passkey(client, Authenticator(flags=PRESENT | VERIFIED | CAN_BE_SYNCED))
    assert not (await stored(database)).backed_up
    phone.flags |= SYNCED
    await log_in(app.test_client(), phone)
    passkey = await stored(database)
    assert (passkey.backup_eligible, passkey.backed_up) == (True, True)
    assert passkey.last_used_at


async def test_a_disabled_account_stays_disabled(client: Client, database: Database, phone: Authenticator) -> None:
    async with database.transaction() as db:
        await db.execute(update(User).values(disabled_at=clock.now()))
    await log_in(client, phone)
    assert await notice(client, "/login") == REFUSED


async def test_failures_are_limited_by_address_and_good_ones_never(client: Client, phone: Authenticator) -> None:
    for _ in range(limits.PASSKEY_BY_ADDRESS.attempts + 1):
        await log_in(client, phone)
        assert await is_logged_in(client)
        await client.post("/logout")
    for _ in range(limits.PASSKEY_BY_ADDRESS.attempts):
        await client.post("/login/passkey", form={"credential": phone.get({"challenge": "AAAA"})})
    response = await log_in(client, phone)
    assert response.status_code == 429
    assert "There were too many attempts." in await text(response)


async def test_guesses_at_passwords_keep_nobody_from_a_passkey(client: Client, phone: Authenticator) -> None:
    for _ in range(limits.LOG_IN_BY_ADDRESS.attempts + 1):
        response = await client.post("/login", form=BOB | {"password": "wrong"})
    assert response.status_code == 429
    await log_in(client, phone)
    assert await is_logged_in(client)


async def test_a_removed_passkey_lets_nobody_in_and_the_browser_is_told(app: Quart, phone: Authenticator) -> None:
    client, other = await logged_in(app, phone), app.test_client()
    page = await text(await client.post("/account/passkeys/1/delete", follow_redirects=True))
    assert "The passkey is removed." in page
    await log_in(other, phone)
    source = await (await other.get("/login")).get_data(as_text=True)
    assert "This passkey belongs to no account here any more." in source
    assert re.search(r'data-signals="[^"]*signalUnknownCredential[^"]*' + encoded(phone.id), source)
    assert "data-signals" not in await (await other.get("/login")).get_data(as_text=True), "said once"


@pytest.mark.usefixtures("phone")
async def test_the_browser_is_told_of_no_passkey_that_counts(client: Client, phone: Authenticator) -> None:
    await client.post("/login/passkey", form={"credential": phone.get({"challenge": "AAAA"})})
    assert "data-signals" not in await (await client.get("/login")).get_data(as_text=True)


async def test_the_page_tells_the_browser_which_count_and_the_name(app: Quart, phone: Authenticator) -> None:
    source = await (await (await logged_in(app, phone)).get("/account/passkeys")).get_data(as_text=True)
    assert "signalAllAcceptedCredentials" in source
    assert "signalCurrentUserDetails" in source
    assert source.count(encoded(phone.handle)) == 3, "in both, and in what a further passkey is asked for"


async def test_every_passkey_of_a_user_has_the_same_handle_and_nobody_elses(app: Quart, phone: Authenticator) -> None:
    second = await add_passkey(await logged_in(app, phone))
    eves = await person_with_passkey(app, EVE)
    assert phone.handle == second.handle != eves.handle
    assert len(phone.handle) == 64
    for authenticator in (phone, second, eves):
        await logged_in(app, authenticator)


async def test_two_tabs_that_add_the_first_passkey_do_not_part_the_handles(client: Client, bob: dict[str, str]) -> None:
    await client.post("/login", form=bob)
    asked = await options(await client.get("/account/passkeys"), "create")
    await add_passkey(client)
    await client.post("/account/passkeys", form={"name": "", "credential": Authenticator().create(asked)})
    assert await notice(client, "/account/passkeys") == TOO_LATE


async def test_a_passkey_is_added_once(app: Quart, phone: Authenticator) -> None:
    client = await logged_in(app, phone)
    asked = await options(await client.get("/account/passkeys"), "create")
    assert [each["id"] for each in asked["excludeCredentials"]] == [encoded(phone.id)]
    form = {"name": "", "credential": Authenticator(id=phone.id).create(asked)}
    await client.post("/account/passkeys", form=form)
    assert await notice(client, "/account/passkeys") == "This passkey has been added already."
    form["credential"] = Authenticator().create(asked)
    for expected in ("Your passkey is ready: you can log in with it.", TOO_LATE):
        await client.post("/account/passkeys", form=form)
        assert await notice(client, "/account/passkeys") == expected


@pytest.mark.parametrize("transports", [["usb", 7, None, "made up"], "usb", 7, True, 1.5, {"usb": 1}, None])
async def test_whatever_a_browser_says_of_transports_the_known_words_count(
    client: Client, bob: dict[str, str], database: Database, transports: object
) -> None:
    await client.post("/login", form=bob)
    made = json.loads(Authenticator().create(await options(await client.get("/account/passkeys"), "create")))
    made["response"]["transports"] = transports
    response = await client.post("/account/passkeys", form={"name": "", "credential": json.dumps(made)})
    assert response.status_code == 302
    assert (await stored(database)).transports == ("usb" if isinstance(transports, list) else "")


def certificate(*damage: str) -> bytes:
    """Return a certificate in which the first bytes were replaced by the second ones; both are in hexadecimal."""
    key, name, now = ec.generate_private_key(ec.SECP256R1()), x509.Name([]), clock.now()
    made = x509.CertificateBuilder(name, name, key.public_key(), 7, now, now + timedelta(days=1)).sign(key, SHA256())
    good, bad = map(bytes.fromhex, damage)
    whole = made.public_bytes(Encoding.DER)
    assert good in whole
    return whole.replace(good, bad, 1)


ENDLESS: list[object] = []
ENDLESS.append(ENDLESS)

ATTESTATIONS: dict[str, dict[str, object]] = {
    "a list in itself": {"fmt": "none", "attStmt": {"sig": ENDLESS}},
    "a version of X.509 that there is not": {"x5c": [certificate("a003020102", "a003020107")]},
    "a curve that there is not": {"x5c": [certificate("06082a8648ce3d030107", "06082a8648ce3d030177")]},
    "a kind of key that there is not": {"x5c": [certificate("2a8648ce3d0201", "2a8648ce3d0277")]},
}


@pytest.mark.parametrize("about", ATTESTATIONS.values(), ids=ATTESTATIONS)
async def test_an_odd_attestation_is_refused_and_never_an_error(
    client: Client, bob: dict[str, str], about: dict[str, object]
) -> None:
    await client.post("/login", form=bob)
    made = json.loads(Authenticator().create(await options(await client.get("/account/passkeys"), "create")))
    attested = cbor2.loads(decoded(made["response"]["attestationObject"]))
    attested |= about if "fmt" in about else {"fmt": "packed", "attStmt": {"alg": -7, "sig": b"x", **about}}
    made["response"]["attestationObject"] = encoded(cbor2.dumps(attested, value_sharing=True))
    await client.post("/account/passkeys", form={"name": "", "credential": json.dumps(made)})
    assert await notice(client, "/account/passkeys") == REFUSED


@pytest.mark.parametrize(
    ("length", "expected"),
    [(1023, "Your passkey is ready: you can log in with it."), (1024, REFUSED), (3000, REFUSED)],
)
async def test_an_id_has_at_most_1023_bytes(client: Client, bob: dict[str, str], length: int, expected: str) -> None:
    await client.post("/login", form=bob)
    phone = Authenticator(id=secrets.token_bytes(length))
    made = json.loads(phone.create(await options(await client.get("/account/passkeys"), "create")))
    credential = json.dumps(made | {"id": "AAAA", "rawId": "AAAA"})  # the attested id counts
    await client.post("/account/passkeys", form={"name": "", "credential": credential})
    assert await notice(client, "/account/passkeys") == expected


@pytest.mark.parametrize("flags", [PRESENT, VERIFIED])
async def test_without_verification_none_is_added(client: Client, bob: dict[str, str], flags: int) -> None:
    await client.post("/login", form=bob)
    await add_passkey(client, Authenticator(flags=flags))
    assert await notice(client, "/account/passkeys") == REFUSED


async def test_what_was_asked_of_one_person_is_added_to_no_other(app: Quart, phone: Authenticator) -> None:
    client, eve = await logged_in(app, phone), app.test_client()
    await eve.post("/signup", form=EVE)
    await eve.post("/login", form=EVE)
    credential = Authenticator().create(await options(await eve.get("/account/passkeys"), "create"))
    await client.post("/account/passkeys", form={"name": "", "credential": credential})
    assert await notice(client, "/account/passkeys") == TOO_LATE


async def test_there_is_a_most(app: Quart, phone: Authenticator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passkeys, "MAX_PASSKEYS", 1)
    client = await logged_in(app, phone)
    await add_passkey(client)
    assert await notice(client, "/account/passkeys") == "You have 1 passkeys already. Remove one first."


async def test_a_passkey_has_the_browsers_name_until_it_gets_another(app: Quart, phone: Authenticator) -> None:
    client = await logged_in(app, phone)
    assert "Unknown browser" in await text(await client.get("/account/passkeys"))
    await client.post("/account/passkeys/1/name", form={"name": " Bob’s phone "})
    await add_passkey(client, name="Key ring")
    page = await text(await client.get("/account/passkeys"))
    assert "Bob’s phone" in page
    assert "Key ring" in page
    await client.post("/account/passkeys/1/name", form={"name": "<b id=x>phone"})
    assert "<b id=x>" not in await (await client.get("/account/passkeys")).get_data(as_text=True)
    await client.post("/account/passkeys/1/name", form={"name": "\u202e"})
    assert "Your name has a character" in await notice(client, "/account/passkeys")


async def test_nobody_elses_passkey_can_be_named_or_removed(app: Quart, phone: Authenticator) -> None:
    await person_with_passkey(app, EVE)
    client = await logged_in(app, phone)
    for act in ("name", "delete"):
        response = await client.post(f"/account/passkeys/2/{act}", form={"name": "Mine"})
        assert response.status_code == 404
        assert "There is no such passkey." in await text(response)


@pytest.mark.asvs("7.5.1")
async def test_a_passkey_proves_once_more_who_it_is(app: Quart, phone: Authenticator, time: Clock) -> None:
    client = await logged_in(app, phone)
    time.advance(sudo.LASTS)
    page = await client.post("/account/passkeys/1/name", form={"name": "Mine"})
    assert page.status_code == 403
    asked = await options(page)
    assert [each["id"] for each in asked["allowCredentials"]] == [encoded(phone.id)]
    credential = phone.get(asked)
    form = {"name": "Mine", "sudo_credential": credential}
    assert (await client.post("/account/passkeys/1/name", form=form)).status_code == 302
    assert "Mine" in await text(await client.get("/account/passkeys"))
    time.advance(sudo.LASTS)
    again = await client.post("/account/passkeys/1/name", form=form)
    assert again.status_code == 403
    assert TOO_LATE in await text(again)
    assert credential not in await again.get_data(as_text=True)


@pytest.mark.parametrize("whose", ["Eve's passkey", "the log-in page", "no passkey"])
async def test_nothing_else_proves_it(app: Quart, phone: Authenticator, time: Clock, whose: str) -> None:
    eves = await person_with_passkey(app, EVE)
    client = await logged_in(app, phone)
    time.advance(sudo.LASTS)
    asked = await options(await client.post("/account/export"))
    if whose == "the log-in page":
        asked = await options(await app.test_client().get("/login"))
    credential = "{}" if whose == "no passkey" else (eves if whose == "Eve's passkey" else phone).get(asked)
    response = await client.post("/account/export", form={"sudo_credential": credential})
    assert response.status_code == 403
    assert await is_logged_in(client)


@pytest.fixture
async def by_mail(make_app: MakeApp, inbox: Inbox) -> tuple[Quart, Client]:
    """A site with mail, and a browser of Bob's, whose address is verified."""
    app = make_app(MAIL_URL=inbox.url)
    client = app.test_client()
    await client.post("/signup", form=BOB)
    await client.post("/signup/code", form={"code": inbox.code(BOB["email"])})
    await client.post("/login", form=BOB)
    return app, client


async def test_a_count_that_does_not_rise_is_mailed(by_mail: tuple[Quart, Client], inbox: Inbox) -> None:
    app, client = by_mail
    phone = await add_passkey(client)
    for phone.count in (50, 3):
        await log_in(app.test_client(), phone)
    assert any("may have been copied" in mail["Subject"] for mail in inbox.to(BOB["email"]))


async def test_an_account_can_do_without_a_password_and_get_one_back(
    time: Clock, by_mail: tuple[Quart, Client], inbox: Inbox
) -> None:
    app, client = by_mail
    phone = await add_passkey(client)
    await client.post("/account/passkeys/only")
    assert "Your account has no password any more." in await notice(client, "/account/passkeys")
    other = app.test_client()
    for password in (BOB["password"], ways_in.NO_PASSWORD, ""):
        await other.post("/login", form=BOB | {"password": password})
        assert not await is_logged_in(other)
    await log_in(other, phone)
    assert await is_logged_in(other)
    assert 'name="current_password"' not in await (await client.get("/account")).get_data(as_text=True)
    await client.post("/account/passkeys/1/delete")
    assert await notice(client, "/account/passkeys") == LAST_WAY_IN
    await client.post("/logout")
    time.advance(timedelta(minutes=2))  # the limit on mails
    await client.post("/forgot-password", form={"email": BOB["email"]})
    link = inbox.link(BOB["email"], "/reset-password")
    await client.post(link, form={"token": link.partition("?")[2], "password": EVE["password"]})
    await client.post("/login", form=BOB | {"password": EVE["password"]})
    assert await is_logged_in(client)
    await client.post("/account/passkeys/1/delete")
    assert await notice(client, "/account/passkeys") == "The passkey is removed."


async def test_of_two_tabs_that_each_remove_the_last_but_one_one_is_refused(by_mail: tuple[Quart, Client]) -> None:
    _, client = by_mail
    await add_passkey(client)
    await add_passkey(client)
    await client.post("/account/passkeys/only")
    await asyncio.gather(*(client.post(f"/account/passkeys/{number}/delete") for number in (1, 2)))
    source = await (await client.get("/account/passkeys")).get_data(as_text=True)
    assert source.count("/delete") == 1


async def test_who_has_no_passkey_keeps_the_password(by_mail: tuple[Quart, Client]) -> None:
    _, client = by_mail
    await client.post("/account/passkeys/only")
    assert "needs a passkey" in await notice(client, "/account/passkeys")
    await client.post("/logout")
    await client.post("/login", form=BOB)
    assert await is_logged_in(client)


@pytest.mark.asvs("7.4.3")
async def test_who_does_without_a_password_logs_all_other_browsers_out(by_mail: tuple[Quart, Client]) -> None:
    app, client = by_mail
    await add_passkey(client)
    other = app.test_client()
    await other.post("/login", form=BOB)
    assert await is_logged_in(other)
    await client.post("/account/passkeys/only")
    assert await is_logged_in(client)
    assert not await is_logged_in(other)


async def test_without_mail_nobody_does_without_a_password(app: Quart, client: Client, phone: Authenticator) -> None:
    mine = await logged_in(app, phone)
    assert "Remove your password" not in await text(await mine.get("/account/passkeys"))
    await mine.post("/account/passkeys/only")
    assert "needs a passkey" in await notice(mine, "/account/passkeys")
    await client.post("/login", form=BOB)
    assert await is_logged_in(client)


async def test_an_ip_address_offers_none_and_the_page_says_why(make_app: MakeApp) -> None:
    client = make_app(PUBLIC_URL="http://127.0.0.1:8000").test_client()
    await client.post("/signup", form=BOB)
    response = await client.get("/login")
    assert "passkey" not in (await response.get_data(as_text=True)).replace("passkeys.js", "")
    assert "Set-Cookie" not in response.headers or "visit" not in response.headers["Set-Cookie"]
    await client.post("/login/passkey", form={"credential": Authenticator().get({"challenge": "AAAA"})})
    await client.post("/login", form=BOB)
    assert "this site is reached by an IP address" in await text(await client.get("/account/passkeys"))


async def test_the_visit_cookie_is_random_and_lasts_as_long_as_the_browser(make_app: MakeApp) -> None:
    app = make_app(PUBLIC_URL="https://site.example")
    response = await app.test_client().get("/login")
    (header,) = response.headers.getlist("Set-Cookie")
    assert re.fullmatch(r"__Host-visit=[\w-]{22}; Secure; HttpOnly; Path=/; SameSite=Lax", header)
    other = await app.test_client().get("/login")
    assert header not in other.headers.getlist("Set-Cookie")


async def test_showing_the_page_writes_nothing(app: Quart, client: Client, phone: Authenticator) -> None:
    mine = await logged_in(app, phone)
    first = await (await mine.get("/account/passkeys")).get_data(as_text=True)
    assert (await options(await client.get("/login")))["challenge"] not in first
    async with app.extensions["quart_auth_app"].database.reading() as db:
        assert len((await db.scalars(select(Passkey))).all()) == 1


async def test_the_export_names_the_passkeys_and_holds_no_key(app: Quart, phone: Authenticator) -> None:
    client = await logged_in(app, phone)
    export = await (await client.post("/account/export")).get_json(force=True)
    (passkey,) = export["passkeys"]
    assert passkey["name"] == "Unknown browser"
    assert not {"public_key", "credential_id", "user_handle"} & passkey.keys()


async def test_where_no_public_url_is_set_the_port_is_the_one_that_was_asked(
    client: Client, phone: Authenticator
) -> None:
    here = {"Host": "localhost:8123"}
    asked = await options(await client.get("/login", headers=here))
    phone.origin = "http://localhost:8123"
    form = {"credential": phone.get(asked)}
    response = await client.post("/login/passkey", form=form, headers=here)
    assert response.headers["Location"] == "/profile"


async def test_at_an_ip_address_none_are_offered_as_browsers_make_none(client: Client) -> None:
    assert "passkey" in await text(await client.get("/login"))
    assert "passkey" not in await text(await client.get("/login", headers={"Host": "127.0.0.1:8000"}))


MAIL = {"MAIL_URL": "log:", "MAIL_FROM": "site@shop.example"}


@pytest.mark.parametrize(
    ("settings", "offers"),
    [
        ({}, "Please use the browser or the device that has it."),
        (MAIL, "Choose a password by mail"),
        (MAIL | {"MAILED_LOGIN": "yes"}, "Log in by mail once more to go on."),
    ],
)
@pytest.mark.parametrize("has_passkey", [True, False])
async def test_who_has_no_password_and_a_browser_without_passkeys_is_told_how_to_go_on(
    make_app: MakeApp, time: Clock, settings: dict[str, str], offers: str, *, has_passkey: bool
) -> None:
    made = make_app()
    await made.test_client().post("/signup", form=BOB)
    url = services_of(made).settings.database_url.render_as_string(hide_password=False)
    app = make_app(DATABASE_URL=url, SECRET_KEY=SECRET_KEY, **settings)
    client = app.test_client()
    await client.post("/login", form=BOB)
    if has_passkey:
        await add_passkey(client)
    async with services_of(app).database.transaction() as db:
        await db.execute(update(User).values(password=ways_in.NO_PASSWORD))
    time.advance(sudo.LASTS)
    page = await text(await client.post("/account/delete"))
    assert ("If you see no button for your passkey, this browser can't use it." in page) == has_passkey
    assert (offers if settings or has_passkey else "Please ask the people who run this site.") in page
