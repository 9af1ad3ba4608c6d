"""The operator's command as a whole, and the accounts as it shows and changes them."""

import asyncio
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from quart_auth_app.accounts.throttling import limits
from quart_auth_app.accounts.throttling.limits import Limit
from quart_auth_app.cli import main
from tests.conftest import MakeApp
from tests.databases import SECRET_KEY, NewDatabase
from tests.people import BOB, EVE, Client, Clock, is_logged_in

ROOT = Path(__file__).parents[2]
OTHER_PASSWORD = "quiet lantern marble 9"
SILENT = {"user delete", "session revoke", "prune", "serve", "new", "completion"}


class Operator:
    """Somebody at a shell on the server, which has these settings."""

    def __init__(self, url: str, **settings: str) -> None:
        self.settings = {"DATABASE_URL": url, "SECRET_KEY": SECRET_KEY} | settings

    def run(self, *arguments: str, typed: str | bytes = "") -> Result:
        """Run a command; bugs come out as they are."""
        return CliRunner().invoke(main, arguments, input=typed, env=self.settings, catch_exceptions=False)

    async def later(self, *arguments: str, typed: str = "") -> Result:
        """`run`, where an event loop runs already."""
        return await asyncio.to_thread(self.run, *arguments, typed=typed)

    def json(self, *arguments: str, typed: str = "") -> Any:
        """Return what a command prints for scripts."""
        return json.loads(self.run(*arguments, "--json", typed=typed).stdout)

    def add(self, person: dict[str, str]) -> Result:
        """Create an account."""
        return self.run("user", "add", person["email"], "--name", person["name"], typed=person["password"] + "\n")

    def app_with(self, make_app: MakeApp) -> Client:
        """Return a browser on an application with the same settings."""
        return make_app(**self.settings).test_client()


@pytest.fixture
def operator(new_database: NewDatabase) -> Operator:
    """The operator of an application that nobody has used."""
    return Operator(new_database())


def commands(group: click.Group = main, above: str = "") -> Iterator[tuple[str, click.Command]]:
    """Return every command by its full name."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{above}{name} ")
        else:
            yield above + name, command


def test_every_command_stands_in_the_documentation_in_this_order() -> None:
    page = (ROOT / "docs" / "commands.md").read_text()
    rows = re.findall(r"^\| `([a-z -]+)` \| .* \| `quart-auth-app ([a-z -]+[a-z])", page, re.M)
    assert sorted(name for name, _ in rows) == sorted(name for name, _ in commands())
    assert all(example.startswith(name) for name, example in rows)


def test_every_command_that_prints_can_print_json() -> None:
    assert {name for name, command in commands() if all(each.name != "as_json" for each in command.params)} == SILENT


def test_the_version_is_the_packages() -> None:
    assert Operator("no address").run("--version").stdout == f"quart-auth-app {version('quart-auth-app')}\n"


def test_help_needs_no_settings() -> None:
    assert Operator("no address", SECRET_KEY="short").run("user", "add", "--help").exit_code == 0


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"SECRET_KEY": "short"}, "Error: SECRET_KEY has 5 characters"),
        ({"DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "Error: The database can't be used now: "),
        ({"DATABASE_URL": "sqlite:////dev/null/db"}, "Error: DATABASE_URL: there is no database file /dev/null/db; "),
    ],
)
def test_what_the_application_would_not_start_with_is_one_line(settings: dict[str, str], sentence: str) -> None:
    for command in (["user", "list"], ["db", "current"], ["prune"]):
        result = Operator("sqlite://", **settings).run(*command)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith(sentence)
        assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("user show nobody@example.com", "There is no user 'nobody@example.com'."),
        ("user disable 7", "There is no user '7'."),
        (f"user enable {2**31}", f"There is no user '{2**31}'."),
        (f"user delete --yes {'9' * 5000}", f"There is no user '{'9' * 5000}'."),
        ("user set-password \x1b@example.com", "There is no user '\\x1b@example.com'."),
        ("user show \udcff", "There is no user '\\udcff'."),
        ("session list --user 7", "There is no user '7'."),
        ("session revoke 7", "There is no such session."),
        ("user add \udcff@example.com --name Eve", "Please enter a valid email address."),
        ("user add eve --name Eve", "Please enter a valid email address."),
        (
            "user add eve@example.com --name \x1b",
            "Your name has a character that can't be shown as it is. Please leave it out.",
        ),
    ],
)
def test_a_refusal_is_one_line(operator: Operator, command: str, sentence: str) -> None:
    result = operator.run(*command.split(" "), typed=OTHER_PASSWORD)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"Error: {sentence}\n")


async def test_who_was_added_logs_in(operator: Operator, make_app: MakeApp) -> None:
    await asyncio.to_thread(operator.add, BOB)
    client = operator.app_with(make_app)
    await client.post("/login", form=BOB)
    assert await is_logged_in(client)


def test_adding_is_not_throttled(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SIGN_UP_BY_ADDRESS", Limit("sign-up by address", 1, timedelta(minutes=1)))
    assert [operator.add(each).exit_code for each in (BOB, EVE)] == [0, 0]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Please choose a password of at least 9 characters."),
        ("1234567\r\n", "Please choose a password of at least 9 characters."),
        ("password1\n", "This password is too easy to guess: "),
        ("sunny.otter.ladder\n", "This password is too easy to guess: "),
        ("quiet.lantern.example\n", "This password is too easy to guess: "),
        ("a\0" * 9, "The password contains a character that no form accepts."),
        (b"\xff\n", "What was typed is not text."),
    ],
)
def test_what_sign_up_would_refuse_is_no_password(operator: Operator, typed: str | bytes, said: str) -> None:
    """The address and the site's name are what a password must not be built on."""
    operator.settings["PUBLIC_URL"] = "http://quiet.lantern.example"
    operator.add(BOB | {"email": "sunny.otter.ladder@example.com", "password": "stone violin harbour 7"})
    for command in (["add", "sunny.otter.ladder@example.org", "--name", "B"], ["set-password", "1"]):
        result = operator.run("user", *command, typed=typed)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith(f"Error: {said}")
    assert len(operator.json("user", "list")) == 1


def test_an_address_is_taken_once(operator: Operator) -> None:
    operator.add(BOB)
    assert operator.add(BOB | {"email": "BOB@example.com"}).stderr == "Error: Email address already exists\n"


def test_a_password_is_asked_for_twice_and_not_shown(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    arguments = ["user", "add", BOB["email"], "--name", "Bob", "--json"]
    command = [sys.executable, "-m", "quart_auth_app.cli", *arguments]
    pipes = {"stdin": theirs, "stdout": subprocess.PIPE, "stderr": theirs}
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, start_new_session=True, **pipes) as process:  # type: ignore[call-overload]  # the pipes
        shown = b""
        for prompt in (b"Password: ", b"Repeat for confirmation: "):
            while not shown.endswith(prompt):
                shown += os.read(ours, 1000)
            os.write(ours, BOB["password"].encode() + b"\n")
        assert json.loads(process.stdout.read())["email"] == BOB["email"]
    os.close(theirs)
    os.close(ours)
    assert BOB["password"].encode() not in shown


def test_accounts_are_listed_for_people_and_for_scripts(operator: Operator) -> None:
    operator.add(BOB)
    operator.add(EVE)
    operator.run("user", "disable", "2")
    moment = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"
    heads, *people = operator.run("user", "list").stdout.splitlines()
    assert heads.split("  ")[0] == "ID"
    assert re.findall(r"[A-Z]+(?: [A-Z]+)*", heads) == [
        "ID",
        "EMAIL",
        "NAME",
        "ROLES",
        "CREATED AT",
        "LAST LOG IN AT",
        "DISABLED AT",
    ]
    assert re.fullmatch(rf"1   bob@example\.com  Bob   -      {moment}  -               -", people[0])
    assert re.fullmatch(rf"2   eve@example\.com  Eve   -      {moment}  -               {moment}", people[1])
    bob, eve = operator.json("user", "list")
    assert re.fullmatch(moment, bob.pop("created_at"))
    rest: dict[str, object] = {"roles": [], "last_log_in_at": None, "disabled_at": None}
    assert bob == {"id": 1, "email": BOB["email"], "name": "Bob"} | rest
    assert re.fullmatch(moment, eve["disabled_at"])


def test_a_long_list_comes_in_pages_that_say_how_to_go_on(operator: Operator) -> None:
    for number in range(1, 6):
        operator.add(BOB | {"email": f"bob{number}@example.com"})
    pages, after = [], "0"
    while after:
        result = operator.run("user", "list", "--limit", "2", "--after", after, "--json")
        pages.append([each["id"] for each in json.loads(result.stdout)])
        after = result.stderr.removeprefix("There are more; go on with: --after ").strip()
    assert pages == [[1, 2], [3, 4], [5]]
    for wrong in (["--limit", "0"], ["--after", str(2**31)], ["--after", "-1"]):
        assert operator.run("user", "list", *wrong).exit_code == 2


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("2", [2]),
        ("7", []),
        ("EVE@example.com", [2]),
        ("example.COM", [1, 2, 3]),
        ("ob@", [1, 3]),
        ("smi", [3]),
        ("o_b", []),
        ("100%", [3]),
        ("%", [3]),
        ("nobody", []),
        ("\udcff", []),
        ("\x00", []),
    ],
)
def test_accounts_are_found_by_number_address_or_name(operator: Operator, search: str, found: list[int]) -> None:
    operator.add(BOB)
    operator.add(EVE)
    operator.add(BOB | {"email": "jacob@example.com", "name": "Jake Smith 100%"})
    assert [each["id"] for each in operator.json("user", "list", search)] == found
    assert [each["id"] for each in operator.json("user", "list", search, "--after", "2")] == [n for n in found if n > 2]


async def test_the_last_log_in_is_shown(operator: Operator, make_app: MakeApp, time: Clock) -> None:
    client = operator.app_with(make_app)
    await client.post("/signup", form=BOB)
    for _ in range(2):
        time.advance(timedelta(hours=1))
        await client.post("/login", form=BOB)
        at = time.now.isoformat(timespec="seconds")
        await client.post("/login", form=BOB | {"password": "wrong"})
        assert (await operator.later("user", "show", "1", "--json")).stdout.count(at) == 2, "last seen then too"
        assert at in (await operator.later("user", "list")).stdout


def test_where_nobody_is_the_list_says_so(operator: Operator) -> None:
    assert (operator.run("user", "list").stdout, operator.json("user", "list")) == ("none\n", [])


def test_a_user_is_named_by_number_or_by_address_in_any_case(operator: Operator) -> None:
    added = json.loads(
        operator.run("user", "add", "Bob@Example.com", "--name", "B", "--json", typed=OTHER_PASSWORD).stdout
    )
    for who in (str(added["id"]), "Bob@Example.com", "bob@EXAMPLE.COM"):
        assert operator.json("user", "show", who) == added | {
            "email": "Bob@example.com",
            "verified_at": None,
            "delete_at": None,
            "password": True,
            "second_step": False,
            "passkeys": 0,
            "access_keys": 0,
            "sessions": 0,
            "last_seen_at": None,
        }


async def test_a_disabled_user_is_out_on_the_next_request(operator: Operator, make_app: MakeApp) -> None:
    client = operator.app_with(make_app)
    await client.post("/signup", form=BOB)
    await client.post("/login", form=BOB)
    assert await is_logged_in(client)
    await operator.later("user", "disable", BOB["email"])
    assert not await is_logged_in(client)
    await client.post("/login", form=BOB)
    assert not await is_logged_in(client)


async def test_an_enabled_user_logs_in_again(operator: Operator, make_app: MakeApp) -> None:
    client = operator.app_with(make_app)
    await client.post("/signup", form=BOB)
    for command in ("disable", "enable"):
        await operator.later("user", command, BOB["email"])
    await client.post("/login", form=BOB)
    assert await is_logged_in(client)


async def test_another_password_ends_all_sessions_and_the_old_one(operator: Operator, make_app: MakeApp) -> None:
    client = operator.app_with(make_app)
    await client.post("/signup", form=BOB)
    await client.post("/login", form=BOB)
    await operator.later("user", "set-password", BOB["email"], typed=OTHER_PASSWORD + "\nand another line\n")
    assert not await is_logged_in(client)
    await client.post("/login", form=BOB)
    assert not await is_logged_in(client)
    await client.post("/login", form=BOB | {"password": OTHER_PASSWORD})
    assert await is_logged_in(client)


@pytest.mark.parametrize(
    ("options", "typed", "left"), [([], "n\n", 1), ([], "", 1), ([], "y\n", 0), (["--yes"], "", 0)]
)
def test_deleting_asks_first(operator: Operator, options: list[str], typed: str, left: int) -> None:
    operator.add(BOB)
    result = operator.run("user", "delete", BOB["email"], *options, typed=typed)
    assert (result.exit_code, len(operator.json("user", "list"))) == (left, left)


@pytest.mark.asvs("7.4.2")
async def test_a_deleted_user_is_out_and_the_address_is_free(operator: Operator, make_app: MakeApp) -> None:
    client = operator.app_with(make_app)
    await client.post("/signup", form=BOB)
    await client.post("/login", form=BOB)
    await operator.later("user", "delete", "--yes", BOB["email"])
    assert not await is_logged_in(client)
    assert (await asyncio.to_thread(operator.add, BOB)).exit_code == 0


async def test_no_command_prints_a_hash(operator: Operator, make_app: MakeApp) -> None:
    client = operator.app_with(make_app)
    await client.post("/signup", form=BOB)
    await client.post("/login", form=BOB)
    for command in ("user list", "user show 1", "session list", "user disable 1", "user enable 1"):
        for form in ([], ["--json"]):
            printed = (await operator.later(*command.split(), *form)).stdout
            assert not re.search(r"[$]|[0-9a-f]{64}", printed)
            assert BOB["email"] in printed
