"""The proof of OWASP ASVS: docs/asvs.md is complete, true to the tests, and up to date.

Further down, what the standard asks for and no other file has reason to test.
"""

import ast
import base64
import os
import re
import sqlite3
import subprocess
import sys
import time as stopwatch
import tomllib
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from quart import Quart
from sqlalchemy import func, select

from docs.write_asvs import ROWS, NoProof, Row, Survivor, problems, read_rows, read_survivors, render
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.instance import SettingsError
from quart_auth_app.models import User
from tests.conftest import MakeApp
from tests.people import BOB, Client, Clock, Events, cookie, is_logged_in, text
from tests.repository.test_house import MODULES, PACKAGE, ROOT, imports
from tests.servers import served

MET = Row(id="7.2.4", level=1, requirement="Logging in makes a new token")
WRITTEN = Row(id="2.1.3", level=2, requirement="Limits are documented", documented="docs/security.md#limits")
ABSENT = Row(id="1.10.1", level=3, requirement="No a|b", not_applicable="There is none.")
MISSING = Row(id="1.9.1", level=2, requirement="A bill", open="It comes later.")
TESTS = {"7.2.4": {"tests/test_b.py::test_b", "tests/test_a.py::test_a"}}


@pytest.fixture(scope="module")
def complaints() -> list[str]:
    """What write_asvs says of the page as it is. In a process of its own: here, maybe one file's tests are known."""
    run = subprocess.run(
        [sys.executable, "-m", "docs.write_asvs", "--check"],
        cwd=ROOT, env=os.environ | {"PYTEST_ADDOPTS": "-k nothing"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert bool(run.stderr) == (run.returncode != 0)
    assert not run.stdout
    return run.stderr.splitlines()


def test_no_requirement_is_left_without_a_test_a_place_or_a_reason(complaints: list[str]) -> None:
    assert [line for line in complaints if "is open without a reason" in line] == []


def test_every_marker_names_a_requirement_that_is_known(complaints: list[str]) -> None:
    assert [line for line in complaints if "which is not in asvs.toml" in line] == []


def test_the_page_is_what_make_asvs_would_write(complaints: list[str]) -> None:
    assert complaints == []


@pytest.mark.parametrize(
    "row", [row for row in read_rows(ROWS.read_text("utf-8")) if row.documented], ids=lambda row: row.id
)
def test_every_place_that_is_named_exists(row: Row) -> None:
    name, _, anchor = str(row.documented).partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / name).read_text("utf-8"), re.M)
    assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    ("row", "tests", "sentence"),
    [
        (MET, set(), "7.2.4 is open without a reason: no test is marked with it, and asvs.toml says nothing about it."),
        (replace(MISSING, open=""), set(), "1.9.1 is open without a word about it."),
        (replace(WRITTEN, open="Why?"), set(), "2.1.3 can't be documented and open at once."),
        (MISSING, {"tests/test_a.py::test_a"}, "1.9.1 is open and yet proven by tests/test_a.py::test_a"),
        (ABSENT, {"tests/test_a.py::test_a"}, "1.10.1 is not_applicable and yet proven by tests/test_a.py::test_a"),
        (replace(MET, id="5.1.1", open="Later."), set(), "5.1.1 belongs to no chapter"),
    ],
)
def test_a_row_that_proves_nothing_is_said(row: Row, tests: set[str], sentence: str) -> None:
    (said,) = problems([row], {row.id: tests})
    assert said.startswith(sentence)


def test_a_marker_that_means_nothing_is_said_and_nothing_is_written() -> None:
    with pytest.raises(NoProof, match=r"^tests/test_a.py::test_a is marked with 9.9.9, which is not in asvs.toml.$"):
        render([WRITTEN], {"9.9.9": {"tests/test_a.py::test_a"}})


def test_a_row_may_be_documented_and_proven() -> None:
    page = render([WRITTEN], {"2.1.3": {"tests/test_a.py::test_a"}})
    proof = "[test_a.py::test_a](../tests/test_a.py)<br>[docs/security.md#limits](security.md#limits)"
    assert f"| 2.1.3 | 2 | Limits are documented | Met | {proof} |" in page


def test_the_page_has_every_row_in_order_and_counts_them() -> None:
    rows = [MET, WRITTEN, ABSENT, MISSING]
    page = render(rows, TESTS)
    assert page == render(rows[::-1], TESTS)
    assert page.partition("\n\n| Level")[2] == (
        """ | Met | Documented | Not applicable | Open |
| --- | --- | --- | --- | --- |
| 1 | 1 | 0 | 0 | 0 |
| 2 | 0 | 1 | 0 | 1 |
| 3 | 0 | 0 | 1 | 0 |
| All | 1 | 1 | 1 | 1 |

## V1 Encoding and injection

| ID | Level | Requirement | Status | Proof |
| --- | --- | --- | --- | --- |
| 1.9.1 | 2 | A bill | Open | It comes later. |
| 1.10.1 | 3 | No a\\|b | Not applicable | There is none. |

## V2 Validation and business logic

| ID | Level | Requirement | Status | Proof |
| --- | --- | --- | --- | --- |
| 2.1.3 | 2 | Limits are documented | Documented | [docs/security.md#limits](security.md#limits) |

## V7 Sessions

| ID | Level | Requirement | Status | Proof |
| --- | --- | --- | --- | --- |
| 7.2.4 | 1 | Logging in makes a new token | Met | [test_a.py::test_a](../tests/test_a.py)<br>[test_b.py::test_b](../tests/test_b.py) |
"""  # noqa: E501  # as the page has it
    )


def test_a_fault_that_no_test_notices_stands_there_with_its_reason() -> None:
    survivor = Survivor(file="mutants/general.py", fault="a > b is a | b", reason="It prints the same.")
    assert render([MISSING], {}, [survivor]).endswith(
        "\n| File | Fault | Why it may stay |\n| --- | --- | --- |\n"
        "| [mutants/general.py](../mutants/general.py) | a > b is a \\| b | It prints the same. |\n"
    )


@pytest.mark.parametrize(
    "wrong", ['file = "mutants/gone.py"\nreason = "a"', 'file = "mutants/general.py"\nreason = ""']
)
def test_a_fault_of_a_file_that_is_gone_or_without_a_reason_is_said(wrong: str) -> None:
    with pytest.raises(ValueError, match="needs a file that is there and a reason"):
        read_survivors(f'[[survivor]]\nfault = "a"\n{wrong}')


# What the standard asks for and no other file has reason to test.

asvs = pytest.mark.asvs


@pytest.mark.parametrize(
    ("rules", "caught"),
    [
        pytest.param("S608", 'sql = "SELECT * FROM user WHERE id = " + given', marks=asvs("1.2.4")),
        pytest.param("S602,S603,S604,S605,S606", "import os\nos.system(given)", marks=asvs("1.2.5")),
        pytest.param("S102,S307", "eval(given)", marks=asvs("1.3.2")),
        pytest.param("S301,S302,S506", "import pickle\npickle.loads(given)", marks=asvs("1.5.2")),
        pytest.param("S701,S704", "import markupsafe\nmarkupsafe.Markup(given)", marks=asvs("1.2.1", "3.2.2")),
        pytest.param("S324", "import hashlib\nhashlib.md5(given)", marks=asvs("11.4.1")),
        pytest.param("S311", "import random\nrandom.random()", marks=asvs("11.5.1")),
    ],
)
def test_the_package_has_nothing_that_bandits_rules_forbid(rules: str, caught: str) -> None:
    """Exceptions don't count, and each rule first has to find what it is there for."""
    check = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--ignore-noqa", "--select", rules]
    assert subprocess.run([*check, "-"], input=caught.encode(), capture_output=True, check=False).returncode == 1
    files = [str(file) for file in MODULES if not may_name_tables(file)] if rules == "S608" else [str(PACKAGE)]
    run = subprocess.run([*check, *files], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def may_name_tables(file: Path) -> bool:
    """Tell whether it changes tables of a site's own, whose names can be no parameters. No request reaches it."""
    return file.is_relative_to(PACKAGE / "database" / "migrations")


PATTERNS = {"compile", "match", "fullmatch", "search", "split", "sub", "findall", "finditer"}
PROGRAMS = {"text", "exec_driver_sql", "render_template_string", "from_string"}


def interpreted(source: str) -> Iterator[ast.expr]:
    """Find what becomes a regular expression, a format, a template, or SQL as it stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            yield node.left
        elif isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if ast.unparse(function) == "self.format":
                continue  # a log's handler and its record
            if name in {"format", "format_map"} and isinstance(function, ast.Attribute):
                yield function.value
            elif name in PROGRAMS or is_of_re(node):
                yield node.args[0]


def is_of_re(node: ast.AST) -> bool:
    """Tell whether this calls something of `re` that takes a pattern."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) in {f"re.{name}" for name in PATTERNS}


def is_written_down(node: ast.expr) -> bool:
    """Tell whether the expression can only be what stands there."""
    if isinstance(node, ast.IfExp):
        return is_written_down(node.body) and is_written_down(node.orelse)
    return isinstance(node, ast.Constant)


@pytest.mark.parametrize("source", ["re.compile(given)", "text(f'{given}')", "given.format(x)", "given % x"])
def test_what_is_interpreted_can_be_found(source: str) -> None:
    assert not all(map(is_written_down, interpreted(source)))


@asvs("1.2.4", "1.2.9", "1.3.7", "1.3.10")
@pytest.mark.parametrize(
    "file", [file for file in MODULES if not may_name_tables(file)], ids=lambda file: str(file.relative_to(PACKAGE))
)
def test_no_pattern_format_template_or_sql_is_made_from_input(file: Path) -> None:
    made = [ast.unparse(node) for node in interpreted(file.read_text("utf-8")) if not is_written_down(node)]
    assert made == []


@cache
def patterns_of_the_package() -> list[re.Pattern[str]]:
    """Return all regular expressions of the package. They are read once: parsing all modules takes half a second."""
    calls = [node for file in MODULES for node in ast.walk(ast.parse(file.read_text("utf-8"))) if is_of_re(node)]
    return [re.compile(ast.literal_eval(call.args[0])) for call in calls if isinstance(call, ast.Call)]


@asvs("1.3.12")
@pytest.mark.parametrize("start", ["", "/", "sha256$"])
@pytest.mark.parametrize("again", ["a", "!", ".", ".0123456789abcdef"])
def test_no_pattern_takes_long_over_anything(start: str, again: str) -> None:
    assert patterns_of_the_package()
    for times in (*range(10, 30), 1_000, 50_000):  # slowly, so that exponential time is seen before it is endless
        for pattern in patterns_of_the_package():
            started = stopwatch.process_time()  # of this process alone: the machine may be busy
            pattern.fullmatch(f"{start}{again * times}\0")
            assert stopwatch.process_time() - started < 0.5, pattern


CONNECTS = {
    "aiohttp",
    "ftplib",
    "http.client",
    "httpx",
    "httpx2",
    "imaplib",
    "requests",
    "smtplib",
    "socket",
    "urllib.request",
}


@asvs("1.3.6", "13.2.4", "13.2.5")
@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_the_package_connects_to_nothing_but_the_database(file: Path) -> None:
    names = {".".join(name.split(".")[:end]) for name in imports(file) for end in (1, 2)}
    if file == PACKAGE / "cli" / "acts.py":
        names.discard("socket")  # of the system log, which is a file
    if file == PACKAGE / "serving" / "hypercorn_fixes" / "endless_connections.py":
        names.discard("socket")  # for the name of an option of connections that came in
    if file == PACKAGE / "providers" / "fetching.py":
        names.discard("httpx2")  # only to the providers that the operator names, and where those say
    assert not names & CONNECTS


@asvs("1.3.6", "13.2.4", "13.2.5")
async def test_a_visit_connects_to_nothing_at_all(
    app: Quart, client: Client, monkeypatch: pytest.MonkeyPatch, database_kind: str
) -> None:
    """Neither by a name, which would have to be looked up, nor by an address."""
    if database_kind != "sqlite":
        pytest.skip("this database is reached by a connection")
    asked: list[object] = []

    def refuse(*arguments: object, **_: object) -> None:
        asked.append(arguments)
        raise OSError

    for name in ("socket.getaddrinfo", "socket.socket.connect", "socket.socket.connect_ex"):
        monkeypatch.setattr(name, refuse)
    monkeypatch.setattr("asyncio.BaseEventLoop.sock_connect", refuse, raising=False)
    monkeypatch.setattr("asyncio.selector_events.BaseSelectorEventLoop.sock_connect", refuse)
    await client.post("/signup", form=BOB)
    await client.post("/login", form=BOB | {"next": "https://evil.example"})
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or set()) and not rule.arguments:
            await client.get(rule.rule, headers={"Referer": "https://evil.example", "Host": "evil.example"})
    assert asked == []


@asvs("8.2.2")
def test_no_address_names_what_is_somebodys(app: Quart) -> None:
    """A page is about who asks for it, but for the admin pages.

    The numbers of passkeys and of access keys are looked for among one's own. A provider is named
    by the operator's settings, and is nobody's.
    """
    own = {f"/account/passkeys/<int:number>/{act}" for act in ("name", "delete")}
    own |= {"/account/access-keys/<int:number>/revoke"}
    admins = {"/admin/users/<int:number>", "/admin/users/<int:number>/<act>", "/admin/mail/<int:number>/retry"}
    sites = {f"/login/with/<provider>{end}" for end in ("", "/callback", "/sign-up")}
    sites |= {f"/account/providers/<provider>{end}" for end in ("", "/disconnect")}
    found = {rule.rule for rule in app.url_map.iter_rules() if rule.arguments}
    assert found == {"/static/<path:filename>"} | own | admins | sites


@asvs("6.3.2")
async def test_a_new_database_has_no_accounts(database: Database) -> None:
    async with database.reading() as db:
        assert await db.scalar(select(func.count()).select_from(User)) == 0


@asvs("6.2.10")
async def test_a_password_is_good_for_as_long_as_its_owner_likes(
    client: Client, bob: dict[str, str], time: Clock
) -> None:
    time.advance(timedelta(days=1_000))
    assert (await client.post("/login", form=bob)).headers["Location"] == "/profile"


@asvs("14.2.1")
async def test_what_is_typed_travels_in_the_body_and_counts_only_there(client: Client, bob: dict[str, str]) -> None:
    for path in ("/", "/login", "/signup"):
        for form in re.findall(r"<form[^>]*>", await (await client.get(path)).get_data(as_text=True)):
            assert 'method="post"' in form
    await client.get("/login", query_string=bob)
    await client.post("/login", query_string=bob)
    assert not await is_logged_in(client)


@asvs("14.2.6", "15.3.1")
async def test_no_page_shows_what_it_does_not_need(
    app: Quart, client: Client, bob: dict[str, str], database: Database
) -> None:
    await client.post("/login", form=bob)
    async with database.reading() as db:
        user = (await db.scalars(select(User))).one()
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or set()) and rule.endpoint not in {"static", "auth.logout"}:
            response = await client.get(rule.rule)
            seen = str(response.headers) + await response.get_data(as_text=True)
            assert response.status_code < 500, rule
            assert user.password not in seen, rule
            assert (user.email in seen) == (rule.endpoint in {"account.overview", "passkeys.overview"}), rule


@asvs("11.4.1", "11.4.3")
async def test_every_cookie_is_signed_with_256_bits_or_more(client: Client, bob: dict[str, str]) -> None:
    await client.post("/login", form=bob)
    await client.post("/login", form=bob | {"password": "wrong"})
    for name in ("log-in", "device", "flash"):
        signature = (cookie(client, name) or "").rpartition(".")[2]
        assert len(base64.urlsafe_b64decode(signature + "==")) >= 256 / 8, name


@asvs("16.3.4", "16.5.2")
async def test_while_the_database_is_locked_nobody_gets_in_and_everybody_is_told_to_come_back(
    make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, events: Events
) -> None:
    monkeypatch.setattr("quart_auth_app.database.sqlite.BUSY_TIMEOUT", 0.05)
    client = make_app(DATABASE_URL=f"sqlite:///{tmp_path}/locked.sqlite").test_client()
    await client.post("/signup", form=BOB)
    other = sqlite3.connect(tmp_path / "locked.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    response = await client.post("/login", form=BOB)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert "Please try again" in await text(response)
    assert events.names[-1] == "error"
    assert not await is_logged_in(client)
    other.close()
    assert (await client.post("/login", form=BOB)).headers["Location"] == "/profile"


@asvs("13.4.2")
async def test_the_debugger_does_not_start_on_https(make_app: MakeApp) -> None:
    app = make_app(DEBUG=True, PUBLIC_URL="https://site.example")

    async def serve() -> None:
        await app.startup()
        await app.shutdown()  # so that nothing is left open, should it have started

    with pytest.raises(SettingsError, match="The debugger shows the inside"):
        await serve()


@asvs("13.4.6")
def test_the_server_does_not_say_what_it_is(tmp_path: Path) -> None:
    with served(tmp_path) as site, urllib.request.urlopen(site) as response:
        assert response.headers["Server"] is None


@asvs("15.2.3")
def test_what_is_installed_to_serve_has_no_development_tool() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    tools = {re.split(r"[^\w-]", each)[0] for each in project["dependency-groups"]["dev"]}
    installed = set(re.findall(r"^([\w.-]+)==", (ROOT / "locks" / "requirements.lock").read_text("utf-8"), re.M))
    assert {"pytest", "ruff"} <= tools
    assert "quart" in installed
    assert not tools & installed
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["quart_auth_app"]
