"""Everything derived from what a client sends fits its column: PostgreSQL insists on lengths, which SQLite does not."""

import pytest
from quart import Quart
from sqlalchemy import select

from quart_auth_app import log_in
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.instance import SettingsError
from quart_auth_app.models import Session, User
from tests.conftest import MakeApp
from tests.people import BOB, Client, is_logged_in

HUGE = ["2147483648", "9223372036854775808", "9" * 200, "9" * 5_000]
"""Numbers that columns of 31 and 63 bits don't hold."""

LETTERS = "\ufdfa\u0390\U0001d160\u0958\ufb2c\u33c2\u3300\u1e9a\u00df"
"""They become more: by case, in another Unicode form, or as a domain."""


@pytest.mark.asvs("1.3.3", "1.4.2")
@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize("act", ["name", "delete"])
async def test_a_passkey_of_a_number_that_none_can_have_is_not_there(
    client: Client, bob: dict[str, str], act: str, number: str
) -> None:
    await client.post("/login", form=bob)
    response = await client.post(f"/account/passkeys/{number}/{act}", form={"name": "x"})
    assert response.status_code in {302, 404}
    assert await is_logged_in(client)


@pytest.mark.asvs("1.3.3", "1.4.2")
@pytest.mark.parametrize("number", HUGE)
async def test_so_are_sessions_and_events(client: Client, bob: dict[str, str], number: str) -> None:
    await client.post("/login", form=bob)
    assert (await client.post("/account/sessions/revoke", form={"session": number[:20]})).status_code == 404
    assert (await client.get("/account/activity", query_string={"before": number[:1000]})).status_code == 200


@pytest.mark.asvs("1.3.3")
@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("shape", ["{0}@example.com", "x@{0}.example.com", "x@{1}.com"])
async def test_addresses_whose_normal_form_is_longer_are_kept_or_refused(
    client: Client, database: Database, letter: str, shape: str
) -> None:
    for length in (20, 64):
        email = shape.format(letter * length, ".".join([letter * 10] * (length // 10)))[:254]
        for path in ("/signup", "/login"):
            assert (await client.post(path, form=BOB | {"email": email})).status_code in {302, 429}
    async with database.reading() as db:
        assert all(len(user.email) <= 254 and len(user.email_key) <= 1024 for user in await db.scalars(select(User)))


@pytest.mark.asvs("1.3.3")
@pytest.mark.parametrize("user_agent", ["x" * 10_000, "\u00ff" * 3_000, "a\0b"])
async def test_whatever_a_browser_calls_itself_it_can_log_in(
    client: Client, bob: dict[str, str], user_agent: str, database: Database
) -> None:
    await client.post("/login", form=bob, headers={"User-Agent": user_agent})
    assert await is_logged_in(client)
    async with database.reading() as db:
        assert len((await db.scalars(select(Session))).one().user_agent) <= 255


@pytest.mark.asvs("1.3.3")
@pytest.mark.parametrize(
    "address", ["fe80:1111:2222:3333:4444:5555:6666:7777%enp0s31f6abcdef", "x" * 300, "a name\0", "", "1.2.3.4"]
)
async def test_whatever_a_server_calls_the_client_it_can_log_in(
    client: Client, bob: dict[str, str], address: str, database: Database
) -> None:
    await client.post("/login", form=bob, scope_base={"client": (address, 50_000)})
    assert await is_logged_in(client)
    async with database.reading() as db:
        assert len((await db.scalars(select(Session))).one().address) <= 45


@pytest.mark.asvs("1.3.3")
async def test_a_name_of_the_longest_kind_is_kept_on_both_databases(client: Client, database: Database) -> None:
    name = "\U0001f469\u200d" * 50
    assert (await client.post("/signup", form=BOB | {"name": name})).headers["Location"] == "/login"
    async with database.reading() as db:
        assert await db.scalar(select(User.name)) == name


async def test_a_site_that_names_its_method_too_long_is_told_at_once(
    app: Quart, client: Client, bob: dict[str, str], database: Database
) -> None:
    told: list[str] = []

    @app.post("/in")
    async def enter() -> str:
        async with database.reading() as db:
            user = (await db.scalars(select(User))).one()
        try:
            await log_in(user, methods=["x" * 101])
        except ValueError as error:
            told.append(str(error))
        return ""

    await client.post("/in")
    assert told == ["methods has 101 characters; allowed: at most 100"]
    assert bob
    assert not await is_logged_in(client)


def test_a_sender_whose_domain_fits_no_message_id_is_refused(make_app: MakeApp) -> None:
    sender = f"a@{'.'.join(['x' * 60] * 4)}"
    with pytest.raises(SettingsError, match="MAIL_FROM has 245 characters; allowed: at most 200"):
        make_app(MAIL_URL="file:///tmp/x", MAIL_FROM=sender)
