"""Numbers of what is somebody else's: answered on every route as numbers of nothing are, with the same work."""

import re

import pytest
from quart import Quart, Response
from sqlalchemy import func, select

from quart_auth_app.accounts.history.activity import NEWEST
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import AccessKey, Base, Mail, Passkey, SecurityEvent, Session, User
from tests.authenticators import add_passkey
from tests.counting import counting
from tests.people import BOB, EVE, Client, send, text
from tests.web.test_access_keys import make_key

JSON = {"Accept": "application/json"}
NOTHING = 77
"""A number that nothing has."""

ROUTES: dict[str, tuple[str, type[Base], int]] = {
    "passkeys.name_post": ("POST /account/passkeys/{}/name", Passkey, 404),
    "passkeys.delete_post": ("POST /account/passkeys/{}/delete", Passkey, 404),
    "access_keys.revoke_post": ("POST /account/access-keys/{}/revoke", AccessKey, 404),
    "sessions.revoke": ("POST /account/sessions/revoke session={}", Session, 404),
    "admin.user": ("GET /admin/users/{}", User, 403),
    "admin_site.retry_post": ("POST /admin/mail/{}/retry", Mail, 403),
    "admin.act_post": ("POST /admin/users/{}/disable", User, 403),
}
"""By endpoint that takes a number: the request, what the number is of, and what Eve is answered."""


async def log_in(app: Quart, person: dict[str, str]) -> Client:
    """Return the browser of a new person, who has one of everything that has a number."""
    client = app.test_client()
    await client.post("/signup", form=person)
    await client.post("/login", form=person)
    await add_passkey(client, name="phone")
    await make_key(client, "backup")
    return client


@pytest.fixture
async def eve(app: Quart) -> Client:
    """Eve, after Bob, who has the number 1 of everything."""
    await log_in(app, BOB)
    return await log_in(app, EVE)


async def ask(client: Client, request: str, number: object, accept: str) -> Response:
    """Send the request about this number."""
    method, path, *fields = request.format(number).split()
    given = {"name": "x"} | dict(each.split("=") for each in fields)
    return await send(client, method, path, headers={"Accept": accept}, **({"form": given} if method == "POST" else {}))


async def rows(database: Database) -> list[tuple[object, ...]]:
    """Return all that could have been changed."""
    async with database.reading() as db:
        questions = [select(Passkey.id, Passkey.name), select(AccessKey.id), select(Session.id)]
        questions += [select(User.id, User.email, User.name, User.disabled_at), select(func.count(SecurityEvent.id))]
        return [tuple(row) for each in questions for row in await db.execute(each)]


def test_every_route_with_a_number_is_here(app: Quart) -> None:
    numbered = {rule.endpoint for rule in app.url_map.iter_rules() if "<int:" in rule.rule}
    assert numbered == ROUTES.keys() - {"sessions.revoke"}, "which has it in a field"


@pytest.mark.asvs("8.2.2", "8.2.1")
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
@pytest.mark.parametrize("endpoint", ROUTES)
async def test_what_is_anothers_is_answered_as_what_is_not_there(
    eve: Client, database: Database, endpoint: str, accept: str
) -> None:
    request, _, status = ROUTES[endpoint]
    before, answers, work = await rows(database), [], []
    await ask(eve, request, NOTHING, accept)  # a page that shows itself again keeps its cookies from then on
    for number in (1, NOTHING, NEWEST, NEWEST + 1, 10**19):
        with counting(database) as costs:
            response = await ask(eve, request, number, accept)
        answers.append((response.status_code, re.sub(r"\d+", "", await text(response))))
        work.append(costs.statements if number in {1, NOTHING} else None)
    assert answers[0][0] == status
    assert len(set(answers)) == 1, "nothing tells whether there is such a thing"
    assert work[0] == work[1], "the same questions, and so the same time"
    assert await rows(database) == before


@pytest.mark.asvs("8.2.2")
async def test_anothers_activity_is_not_shown(eve: Client) -> None:
    """`?before=` takes the number of an event, anybody's: what lies before it is one's own all the same."""
    for before in (1, 2, NOTHING, NEWEST):
        events = await (await eve.get("/account/activity", query_string={"before": before}, headers=JSON)).get_json()
        assert "Bob" not in str(events)
        assert all(event["id"] > 1 for event in events["events"]), "the first event was Bob's sign-up"


COLUMNS = {
    **{"id": 1, "email_key": "bob@example.com", "password_version": 9, "roles": "admin", "role": "admin"},
    **{
        "disabled_at": None,
        "verified_at": "2030-01-01T00:00:00Z",
        "delete_at": "2030-01-01T00:00:00Z",
        "is_admin": "1",
    },
    **{"user_id": "1", "user": "1", "number": "1", "methods": "password totp", "authenticated_at": "2099-01-01"},
}
"""What nobody may set, by the names of our columns and by others that somebody may try."""

BY_THE_FORM = {"email", "password", "name", "language"}
"""Columns of the user that forms have, and what depends on them."""


@pytest.mark.asvs("15.3.3", "8.2.3")
async def test_no_route_sets_what_its_form_does_not_have(app: Quart, eve: Client, database: Database) -> None:
    """Mass assignment: every column that there is, sent along to every route that takes a form."""
    everything = dict.fromkeys(User.__table__.columns.keys(), "x") | COLUMNS
    everything = {name: value for name, value in everything.items() if name not in BY_THE_FORM}
    kept = [column for column in User.__table__.columns if column.name not in {*BY_THE_FORM, "email_key"}]

    async def users() -> list[tuple[object, ...]]:
        async with database.reading() as db:
            return [tuple(row) for row in await db.execute(select(*kept).order_by(User.id))]

    before = await users()
    ending = {"auth.logout", "account.delete_post", "account.password_post", "passkeys.only_post"}
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or set()) or rule.endpoint in ending:
            continue
        path = rule.rule.replace("<int:number>", "2").replace("<act>", "enable").replace("<provider>", "x")
        for body in ({"json": everything | {"name": "Eve"}}, {"form": {k: str(v) for k, v in everything.items()}}):
            response = await eve.post(path, headers=JSON, **body)
            assert response.status_code < 500, rule
    after = await users()
    changes_of_log_in = [column.name for column in kept].index("last_log_in_at")
    assert [[*row[:changes_of_log_in], *row[changes_of_log_in + 1 :]] for row in after] == [
        [*row[:changes_of_log_in], *row[changes_of_log_in + 1 :]] for row in before
    ]
