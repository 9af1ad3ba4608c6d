"""`role_required`: pages for some."""

import pytest
from quart import Quart

from quart_auth_app import SettingsError, role_required
from tests.conftest import MakeApp
from tests.people import BOB, Client, Clock, Events, text
from tests.second_steps import shown_code, turn_on


def add_kitchen(app: Quart, role: str = "cook") -> Quart:
    """Give the site a page for those with the role."""

    @app.get("/kitchen")
    @role_required(role)
    async def kitchen() -> str:
        return "soup"

    return app


async def grant(app: Quart, *roles: str) -> None:
    """Give user 1 these roles, as the command does."""
    from quart_auth_app.accounts import roles as domain
    from quart_auth_app.models import User
    from quart_auth_app.web.services import services_of
    from tests.accounts.test_roles import NOW

    services = services_of(app)
    async with services.database.transaction() as db:
        user = await db.get_one(User, 1)
        for role in roles:
            await domain.grant(db, user=user, role=role, known=services.settings.all_roles, now=NOW)


async def log_in(app: Quart) -> Client:
    """Sign Bob up and log him in."""
    client = app.test_client()
    await client.post("/signup", form=BOB)
    await client.post("/login", form=BOB)
    return client


async def test_a_page_is_for_those_with_the_role(make_app: MakeApp, events: Events) -> None:
    app = add_kitchen(make_app(ROLES="cook,waiter"))
    stranger = await app.test_client().get("/kitchen")
    assert stranger.headers["Location"] == "/login?next=/kitchen"
    client = await log_in(app)
    await grant(app, "waiter")
    refused = await client.get("/kitchen")
    assert refused.status_code == 403
    assert "This page is not for you." in await text(refused)
    assert events.all[-1]["event"] == "role_missing"
    as_json = await (await client.get("/kitchen", headers={"Accept": "application/json"})).get_json()
    assert (as_json["status"], as_json["code"]) == (403, "RoleMissing")
    await grant(app, "cook")
    assert await (await client.get("/kitchen")).get_data() == b"soup", "at once, in the session that there is"


async def test_everybody_who_is_logged_in_has_the_role_user(app: Quart) -> None:
    add_kitchen(app, "user")
    client = await log_in(app)
    assert (await client.get("/kitchen")).status_code == 200


async def test_a_role_that_there_is_not_is_the_sites_own_mistake(app: Quart, caplog: pytest.LogCaptureFixture) -> None:
    add_kitchen(app, "kook")
    client = await log_in(app)
    assert (await client.get("/kitchen")).status_code == 500
    assert "LookupError: there is no role 'kook'" in caplog.text


async def test_an_admin_needs_a_second_step_or_the_setting(make_app: MakeApp, time: Clock) -> None:
    for setting, status in (("required", 403), ("optional", 200)):
        app = add_kitchen(make_app(ADMIN_SECOND_STEP=setting), "admin")
        client = await log_in(app)
        await grant(app, "admin")
        response = await client.get("/kitchen")
        assert response.status_code == status
    assert "soup" in await text(response)


async def test_turning_the_second_step_on_is_enough(app: Quart, time: Clock) -> None:
    add_kitchen(app, "admin")
    client = await log_in(app)
    await grant(app, "admin")
    assert "need a second step or a passkey" in await text(await client.get("/kitchen"))
    await client.post("/account/second-step")
    await client.post("/account/second-step/confirm", form={"code": await shown_code(client)})
    assert (await client.get("/kitchen")).status_code == 200


async def test_a_second_step_that_was_not_given_is_not_enough(app: Quart, time: Clock) -> None:
    add_kitchen(app, "admin")
    client = await log_in(app)
    await grant(app, "admin")
    await turn_on(app)  # elsewhere, as this session never heard of it
    assert (await client.get("/kitchen")).status_code == 403


@pytest.mark.parametrize("given", ["admin", "user", "Cook", "a cook", "1st", "x" * 33, "köchin", "cook;"])
def test_names_that_no_role_can_have(make_app: MakeApp, given: str) -> None:
    with pytest.raises(SettingsError, match="ROLES"):
        make_app(ROLES=given)


def test_the_names_of_roles_can_be_a_list(make_app: MakeApp) -> None:
    add_kitchen(make_app(ROLES=["cook", "waiter"]))
    with pytest.raises(SettingsError, match="ADMIN_SECOND_STEP is 'no'; allowed: required, optional"):
        make_app(ADMIN_SECOND_STEP="no")
