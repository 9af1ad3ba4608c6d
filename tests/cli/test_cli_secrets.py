"""`secrets rotate`, what `doctor` says about keys, and `user reset-second-step`."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from quart_auth_app.accounts import sudo
from quart_auth_app.accounts.credentials.second_step import AppUnreadable
from quart_auth_app.models import Totp
from quart_auth_app.web.sentences import sentence
from tests.cli.test_cli import Operator
from tests.conftest import MakeApp, services_of
from tests.databases import NewDatabase
from tests.people import BOB, Clock, is_logged_in, notice, text
from tests.providers.fake import Fake, serving
from tests.second_steps import turn_on
from tests.web.test_providers import settings

OLD, NEW = "0123456789-old" * 3, "0123456789-new" * 3
EARLIER = (
    "1 user has an authenticator app that needs a key of SECRET_KEY_FALLBACKS; before you delete that key, "
    "run: quart-auth-app secrets rotate"
)


@pytest.fixture
def operator(new_database: NewDatabase) -> Operator:
    """The operator of an application that nobody has used."""
    return Operator(new_database())


async def test_after_rotating_the_earlier_key_may_go(operator: Operator, make_app: MakeApp, time: Clock) -> None:
    operator.settings["SECRET_KEY"] = OLD
    client = (app := make_app(**operator.settings)).test_client()
    await client.post("/signup", form=BOB)
    phone = await turn_on(app)
    operator.settings |= {"SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": OLD}
    assert EARLIER in (await operator.later("doctor")).stdout
    assert (await operator.later("secrets", "rotate", "--json")).stdout.split() == [
        *["{", '"encrypted_anew":', "1,", '"unreadable":', "0", "}"]
    ]
    assert EARLIER not in (await operator.later("doctor")).stdout
    del operator.settings["SECRET_KEY_FALLBACKS"]
    assert "0" in (await operator.later("secrets", "rotate")).stdout
    time.advance(timedelta(minutes=2))
    client = make_app(**operator.settings).test_client()
    await client.post("/login", form=BOB)
    await client.post("/login/second-step", form={"code": phone.code()})
    assert await is_logged_in(client)


async def test_a_key_that_is_gone_is_found_and_the_person_can_be_let_in(
    operator: Operator, make_app: MakeApp, time: Clock
) -> None:
    operator.settings["SECRET_KEY"] = OLD
    client = (app := make_app(**operator.settings)).test_client()
    await client.post("/signup", form=BOB)
    await turn_on(app)
    operator.settings["SECRET_KEY"] = NEW
    assert "1 user has an authenticator app whose key is gone" in (await operator.later("doctor")).stdout
    assert '"unreadable": 1' in (await operator.later("secrets", "rotate", "--json")).stdout
    await operator.later("user", "reset-second-step", BOB["email"])
    assert "authenticator app" not in (await operator.later("doctor")).stdout
    await client.post("/login", form=BOB)
    assert await is_logged_in(client)


async def test_who_has_an_app_whose_key_is_gone_is_told_to_use_a_recovery_code(
    operator: Operator, make_app: MakeApp, time: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """“Enter the code that your app shows now” would let them try for ever."""
    await make_app(**operator.settings | {"SECRET_KEY": OLD}).test_client().post("/signup", form=BOB)
    phone = await turn_on(make_app(**operator.settings | {"SECRET_KEY": OLD}))
    client = make_app(**operator.settings | {"SECRET_KEY": NEW}).test_client()
    time.advance(timedelta(minutes=2))
    await client.post("/login", form=BOB)
    await client.post("/login/second-step", form={"code": phone.code()})
    assert await notice(client, "/login/second-step") == sentence(AppUnreadable())
    assert "no key decrypts the second step of user 1; quart-auth-app doctor says more" in caplog.text
    await client.post("/login/second-step", form={"code": phone.recovery_codes[0]})
    assert await is_logged_in(client)


@pytest.mark.parametrize("by", ["password", "provider"])
async def test_so_is_who_has_to_prove_who_they_are(operator: Operator, make_app: MakeApp, time: Clock, by: str) -> None:
    async with serving(Fake()) as fake:
        await make_app(**operator.settings | {"SECRET_KEY": OLD}).test_client().post("/signup", form=BOB)
        phone = await turn_on(make_app(**operator.settings | {"SECRET_KEY": OLD}))
        client = make_app(**operator.settings | settings(fake) | {"SECRET_KEY": NEW}).test_client()
        time.advance(timedelta(minutes=2))
        await client.post("/login", form=BOB)
        await client.post("/login/second-step", form={"code": phone.recovery_codes[0]})
        time.advance(sudo.LASTS)
        proof = {"sudo_password": BOB["password"]} if by == "password" else {"sudo_provider": "fake"}
        refused = await client.post("/account/delete", form=proof | {"sudo_code": phone.code()})
        assert sentence(AppUnreadable()) in await text(refused)
        went_on = await client.post("/account/delete", form=proof | {"sudo_code": phone.recovery_codes[1]})
        assert went_on.status_code in {200, 302}  # a page that leads to the provider, or the next page


async def test_a_seed_that_was_tampered_with_is_a_refusal(operator: Operator, make_app: MakeApp, time: Clock) -> None:
    client = (app := make_app(**operator.settings)).test_client()
    await client.post("/signup", form=BOB)
    phone = await turn_on(app)
    async with services_of(app).database.transaction() as db:
        await db.execute(update(Totp).values(seed=b"x" * 56))
    time.advance(timedelta(minutes=2))
    await client.post("/login", form=BOB)
    response = await client.post("/login/second-step", form={"code": phone.code()})
    assert response.headers["Location"] == "/login/second-step"
