"""The secret key signs every cookie, and can be changed without logging everybody out."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from itsdangerous import URLSafeSerializer, URLSafeTimedSerializer

from quart_auth_app.web.identity import attempt_cookies, kept_proofs
from quart_auth_app.web.identity.number_cookies import MAILED_LOG_IN, SIGN_UP
from tests.conftest import MakeApp, services_of
from tests.databases import NewDatabase
from tests.people import BOB, Client, cookie, is_logged_in, notice

OLD, NEW, OTHER = "old-" * 10, "new-" * 10, "other-" * 10
COOKIES = ["log-in", "flash", "device"]


async def visited(make_app: MakeApp, **settings: object) -> Client:
    """Return a browser that has every cookie there is."""
    client = make_app(**settings).test_client()
    await client.post("/signup", form=BOB)
    await client.post("/login", form=BOB)
    await client.post("/login", form=BOB | {"password": "wrong"})
    return client


def moved(client: Client, other: Client) -> Client:
    """Take the cookies along to another application."""
    for name in COOKIES:
        other.set_cookie("localhost", name, cookie(client, name) or "")
    return other


async def page(client: Client, path: str) -> str:
    """Return what a page shows; redirected elsewhere it shows nothing."""
    response = await client.get(path)
    return await response.get_data(as_text=True) if response.status_code == 200 else ""


@pytest.mark.asvs("11.2.2", "13.3.4")
async def test_after_rotation_old_cookies_count_and_new_ones_have_the_new_key(
    make_app: MakeApp, new_database: NewDatabase
) -> None:
    url = new_database()
    before = await visited(make_app, DATABASE_URL=url, SECRET_KEY=OLD)
    rotated = moved(before, make_app(DATABASE_URL=url, SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=OLD).test_client())
    assert "Please check your login details" in await page(rotated, "/profile")
    await rotated.post("/logout")
    await rotated.post("/login", form=BOB)
    await rotated.post("/login", form=BOB | {"password": "wrong"})
    later = moved(rotated, make_app(DATABASE_URL=url, SECRET_KEY=NEW).test_client())
    assert "Please check your login details" in await page(later, "/profile")


@pytest.mark.asvs("11.2.2", "13.3.4")
@pytest.mark.parametrize(
    "made", [SIGN_UP._serializer, MAILED_LOG_IN._serializer, attempt_cookies._serializer, kept_proofs._serializer]
)
async def test_after_rotation_what_a_browser_was_about_to_do_goes_on(
    make_app: MakeApp, made: Callable[[], URLSafeSerializer]
) -> None:
    async with make_app(SECRET_KEY=OLD).test_request_context("/"):
        value = made().dumps(7)
    async with make_app(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=OLD).test_request_context("/"):
        assert made().loads(value) == 7


@pytest.mark.asvs("11.2.2", "13.3.4")
async def test_after_rotation_a_page_that_waits_for_a_passkey_goes_on(make_app: MakeApp) -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    challenge = services_of(make_app(SECRET_KEY=OLD)).challenges.new("log-in", now=now)
    rotated = services_of(make_app(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=OLD)).challenges
    assert rotated.is_good(challenge, "log-in", now=now)


@pytest.mark.asvs("11.2.2", "13.3.4")
async def test_after_rotation_an_authenticator_app_still_counts(make_app: MakeApp) -> None:
    stored = services_of(make_app(SECRET_KEY=OLD)).keys.encrypt(b"s" * 20, user_id=1)
    rotated = services_of(make_app(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=OLD)).keys
    assert rotated.decrypt(stored, user_id=1).seed == b"s" * 20


@pytest.mark.asvs("9.1.3", "13.3.4")
async def test_a_key_that_was_dropped_opens_nothing(make_app: MakeApp, new_database: NewDatabase) -> None:
    url = new_database()
    before = await visited(make_app, DATABASE_URL=url, SECRET_KEY=OLD)
    dropped = moved(before, make_app(DATABASE_URL=url, SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=OTHER).test_client())
    assert not await is_logged_in(dropped)


@pytest.mark.asvs("11.2.2")
async def test_several_earlier_keys_may_be_named(make_app: MakeApp, new_database: NewDatabase) -> None:
    url = new_database()
    before = await visited(make_app, DATABASE_URL=url, SECRET_KEY=OLD)
    app = make_app(DATABASE_URL=url, SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=f"{OTHER}, {OLD}")
    assert await is_logged_in(moved(before, app.test_client()))


@pytest.mark.asvs("9.2.2")
@pytest.mark.parametrize("source", COOKIES)
@pytest.mark.parametrize("target", COOKIES)
async def test_a_cookie_is_good_for_its_own_purpose_only(make_app: MakeApp, source: str, target: str) -> None:
    if source == target:
        return
    app = make_app()
    value = cookie(await visited(lambda: app), source) or ""
    fresh = app.test_client()
    fresh.set_cookie("localhost", target, value)
    assert not await is_logged_in(fresh)
    assert await notice(fresh, "/login") == "Please log in to access this page."


@pytest.mark.asvs("9.1.2", "9.1.3")
@pytest.mark.parametrize(
    ("key", "digest", "counts"),
    [
        (OLD, hashlib.sha512, True),
        (OTHER, hashlib.sha512, False),
        ("", hashlib.sha512, False),
        (OLD, hashlib.sha1, False),
        (OLD, hashlib.sha256, False),
    ],
)
async def test_a_token_counts_only_when_signed_by_our_key_and_with_our_digest(
    make_app: MakeApp, key: str, digest: object, counts: bool
) -> None:
    client = await visited(make_app, SECRET_KEY=OLD)
    token = str(URLSafeTimedSerializer("x").loads_unsafe(cookie(client, "log-in") or "")[1])
    forger = URLSafeTimedSerializer(key, salt="quart auth salt", signer_kwargs={"digest_method": digest})
    client.set_cookie("localhost", "log-in", str(forger.dumps(token)))
    assert await is_logged_in(client) == counts


@pytest.mark.asvs("7.2.1", "9.1.1")
async def test_a_single_changed_character_anywhere_makes_a_cookie_worthless(make_app: MakeApp) -> None:
    client = await visited(make_app)
    value = cookie(client, "log-in") or ""
    for position in range(0, len(value) - 1, 7):
        swapped = "A" if value[position] != "A" else "B"
        client.set_cookie("localhost", "log-in", value[:position] + swapped + value[position + 1 :])
        assert not await is_logged_in(client), position
