"""What admins do on the pages, operators do by commands, by the same code; docs/commands.md has both tables."""

import asyncio
import re

import pytest

from quart_auth_app.operations import acts
from quart_auth_app.operations.acts import ACTS
from tests.cli.test_cli import ROOT, Operator, commands
from tests.conftest import MakeApp
from tests.databases import NewDatabase
from tests.people import BOB, EVE
from tests.repository.test_docs import rows_of
from tests.web.test_roles import grant, log_in

COMMANDS: dict[str, tuple[str, ...]] = {
    "disable": ("user", "disable", "2"),
    "enable": ("user", "enable", "2"),
    "revoke-sessions": ("session", "revoke", "--user", "2"),
    "revoke-access-keys": ("user", "revoke-access-keys", "2"),
    "send-reset": ("user", "send-reset", "2"),
    "reset-second-step": ("user", "reset-second-step", "2"),
    "delete": ("user", "delete", "2", "--yes"),
    "grant": ("user", "grant", "2", "admin"),
    "withdraw": ("user", "withdraw", "2", "admin"),
}
"""The command for each act of the pages."""

READING = {"user list", "user show", "session list", "user activity", "user access-keys", "overview"}
READING |= {"mail list", "doctor"}
"""Commands that tell what the pages tell."""

FORMS = {"user add", "user invite", "mail retry"}
"""Commands for what forms of the pages do that are about no account yet, or about none."""


def documented() -> list[list[str]]:
    """Return the rows of both tables."""
    return rows_of((ROOT / "docs" / "commands.md").read_text(), "Commands and the admin pages")


def test_every_act_of_the_pages_has_its_command_and_every_command_its_page_or_a_reason() -> None:
    assert COMMANDS.keys() == ACTS.keys()
    by_act = {" ".join(words[:2]) for words in COMMANDS.values()}
    rows = [cells for cells in documented() if "`" in "".join(cells)]
    with_page = {cells[1].strip("`") for cells in rows if cells[1].startswith("`")}
    without = {name for cells in rows if cells[0].startswith("`") for name in re.findall(r"`([a-z -]+)`", cells[0])}
    assert with_page == by_act | READING | FORMS
    assert with_page | without == {name for name, _ in commands()}
    assert not with_page & without


@pytest.mark.parametrize("act", ACTS)
async def test_the_page_and_the_command_do_the_same_act(
    make_app: MakeApp, new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    done: list[tuple[int, str]] = []

    async def note(_db: object, wish: acts.Wish) -> None:
        done.append((wish.user.id, wish.role))

    operator = Operator(new_database(), ADMIN_SECOND_STEP="optional", MAIL_URL="file:///tmp")
    app = make_app(**operator.settings | {"MAIL_URL": ""})
    admin = await log_in(app)
    await grant(app, "admin")
    await app.test_client().post("/signup", form=EVE)
    monkeypatch.setitem(ACTS, act, note)
    role = {"role": "admin"} if act in {"grant", "withdraw"} else {}
    email = {"email": EVE["email"]} if act == "delete" else {}
    response = await admin.post(f"/admin/users/2/{act}", form=role | email)
    assert response.status_code == 302
    assert (await operator.later(*COMMANDS[act])).exit_code == 0
    assert done == [(2, role.get("role", ""))] * 2


async def test_a_command_tells_what_the_page_tells(make_app: MakeApp, new_database: NewDatabase) -> None:
    operator = Operator(new_database(), ADMIN_SECOND_STEP="optional")
    app = make_app(**operator.settings)
    admin = await log_in(app)
    await grant(app, "admin")
    page = await (await admin.get("/admin/users/1", headers={"Accept": "application/json"})).get_json()
    user = await asyncio.to_thread(operator.json, "user", "show", BOB["email"])
    events = await asyncio.to_thread(operator.json, "user", "activity", "1")
    assert page["user"].keys() <= user.keys()
    assert (user["second_step"], user["passkeys"]) == (page["has_second_step"], page["passkeys"])
    assert [each["kind"] for each in events] == [each["kind"] for each in page["events"]]
