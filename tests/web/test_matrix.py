"""Who gets where: docs/security.md has the matrix, and each of its cells is tried, for every route and method."""

import re
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from quart import Quart, Response
from quart_auth import login_required
from sqlalchemy import update

from quart_auth_app import role_required, sudo_required
from quart_auth_app.accounts import access_keys, sessions, sudo
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.models import User
from tests.conftest import MakeApp, services_of
from tests.inbox import Inbox
from tests.people import Client, Clock, send

PAGE = Path(__file__).parents[2] / "docs" / "security.md"

SITE = "site."
"""What the site's own pages begin with, in the matrix too."""

ANSWERS = {
    "Unauthorized": "log in",
    "SudoRequired": "prove",
    "RoleMissing": "no",
    "KeyNotEnough": "no",
    "StrongLogInRequired": "second step",
}
"""What a refusal because of who somebody is stands for in the matrix, by its code. All else was let in."""

JSON = {"Accept": "application/json"}

FILLED = {"number": "9", "act": "enable", "provider": "fake", "filename": "style.css"}
"""Parts of paths. Nothing has the number: whoever is let in is told so, and changes nothing."""


@dataclass(frozen=True)
class Who:
    """Somebody who asks."""

    roles: tuple[str, ...] = ()
    methods: tuple[str, ...] = ("password",)
    is_fresh: bool = False
    by_key: bool = False


PEOPLE = {
    "Stranger": None,
    "User": Who(),
    "User in sudo": Who(is_fresh=True),
    "Access key": Who(by_key=True),
    "A site's role": Who(roles=("cook",), is_fresh=True),
    "Admin, password alone": Who(roles=("admin",), is_fresh=True),
    "Admin": Who(roles=("admin",), methods=("password", "totp")),
    "Admin in sudo": Who(roles=("admin",), methods=("password", "totp"), is_fresh=True),
}
"""The matrix's columns. Admins have logged in with a second step unless it says otherwise."""


def matrix() -> dict[str, dict[str, str]]:
    """Return what stands in the matrix, by endpoint and column."""
    (body,) = re.findall(r"^## Who gets where\n(.*?)(?=^## )", PAGE.read_text(), re.S | re.M)
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in re.findall(r"^\|.*\|$", body, re.M)]
    (_, *columns), _, *rows = lines
    assert columns == [*PEOPLE]
    named = [(endpoint, cells) for names, *cells in rows for endpoint in re.findall(r"`([\w.]+)`", names)]
    found = {endpoint: dict(zip(columns, cells, strict=True)) for endpoint, cells in named}
    assert len(found) == len(named), "each endpoint stands there once"
    return found


def site_of(make_app: MakeApp, inbox: Inbox) -> Quart:
    """Return an application with everything on, and a page of the site's own for each of our decorators."""
    provider = {"ISSUER": "http://localhost:9", "CLIENT_ID": "x", "CLIENT_SECRET": "x"}
    app = make_app(
        MAIL_URL=inbox.url,
        MAILED_LOGIN="yes",
        ROLES="cook",
        OIDC_PROVIDERS="fake",
        **{f"OIDC_FAKE_{name}": value for name, value in provider.items()},
    )
    decorators = {
        "open": lambda view: view,
        "login_required": login_required,
        "sudo_required": sudo_required("Do it"),
        "role_required_user": role_required("user"),
        "role_required_cook": role_required("cook"),
        "role_required_admin": role_required("admin"),
    }
    for name, decorator in decorators.items():

        async def view() -> str:
            return "in"

        app.add_url_rule(f"/site/{name}", f"{SITE}{name}", decorator(view), methods=["GET", "POST"])
    return app


emails = (f"person{number}@example.com" for number in count(1))


async def browser_of(app: Quart, who: Who | None, time: Clock) -> tuple[Client, dict[str, str]]:
    """Return the browser of a new person of this kind, and the headers that they send besides."""
    client, database = app.test_client(), services_of(app).database
    if who is None:
        return client, {}
    async with database.transaction() as db:
        email = next(emails)
        db.add(user := User(email=email, email_key=email, name="Bob", password="none"))
        await db.flush()
        await db.execute(update(User).where(User.id == user.id).values(roles=[*who.roles]))
        at, here = time.now - (timedelta() if who.is_fresh else sudo.LASTS), {"address": "10.0.0.1", "user_agent": ""}
        started = await sessions.start(
            db, user=user, remember=False, now=at, replaces=None, methods=who.methods, **here
        )
        assert started
        if who.by_key:
            found, browser = sessions.Found({"id": started.number}, {"id": user.id}), Browser(address="10.0.0.1")
            _, key = await access_keys.create(db, found=found, name="x", days="9", browser=browser, now=time.now)
            return client, {"Authorization": f"Bearer {key}"}
    (auth,) = app.extensions["QUART_AUTH"]
    client.set_cookie("localhost", auth.cookie_name, auth.dump_token(started.token, app=app))
    return client, {}


def path_of(rule: str) -> str:
    """Return a path that the rule takes."""
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: FILLED[found[1]], rule)


async def outcome(response: Response) -> str:
    """Return what the matrix calls this answer."""
    assert response.status_code in {*range(500), 503}, "nobody listens where the provider should be"
    is_problem = response.content_type == "application/problem+json"
    return ANSWERS.get((await response.get_json())["code"], "yes") if is_problem else "yes"


@pytest.mark.asvs("8.1.1", "8.2.1", "8.3.1")
@pytest.mark.parametrize("name", PEOPLE)
async def test_everybody_gets_where_the_matrix_lets_them_and_nowhere_else(
    make_app: MakeApp, inbox: Inbox, time: Clock, name: str
) -> None:
    app, expected, wrong = site_of(make_app, inbox), matrix(), {}
    client, headers = await browser_of(app, PEOPLE[name], time)
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):  # HEAD is GET's own view
            response = await send(client, method, path_of(rule.rule), headers=JSON | headers)
            found, told = await outcome(response), expected[rule.endpoint][name]
            if found != told:
                wrong[f"{method} {rule.endpoint}"] = found, told
            if response.status_code < 300 and method == "POST":  # it was done: this may have been their last act
                client, headers = await browser_of(app, PEOPLE[name], time)
    assert wrong == {}


def test_the_matrix_has_every_route_and_no_other(make_app: MakeApp, inbox: Inbox) -> None:
    assert {rule.endpoint for rule in site_of(make_app, inbox).url_map.iter_rules()} == matrix().keys()
