"""`doctor` and `db`: each thing that can be wrong is found, said in one line, and told by the exit code."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from quart_auth_app.database import migrations
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Base
from tests.cli.test_cli import Operator
from tests.conftest import MakeApp
from tests.databases import NewDatabase
from tests.people import BOB, Clock

TABLES = [*(table.name for table in reversed(Base.metadata.sorted_tables)), "quart_auth_app_version"]


@pytest.fixture
def operator(new_database: NewDatabase) -> Operator:
    """The operator of an application in good order."""
    operator = Operator(new_database())
    operator.run("db", "upgrade")
    return operator


def execute(operator: Operator, *statements: str) -> None:
    """Do something to the database behind everybody's back."""

    async def work() -> None:
        database = Database(make_url(operator.settings["DATABASE_URL"]))
        async with database.engine.begin() as connection:
            for statement in statements:
                await connection.execute(text(statement))
        await database.close()

    asyncio.run(work())


def findings(operator: Operator) -> list[str]:
    """Return what doctor finds, after comparing its two forms and the exit code."""
    result, found = operator.run("doctor"), operator.json("doctor")
    assert result.stdout.splitlines() == (found or ["no findings"])
    assert result.exit_code == operator.run("doctor", "--json").exit_code == bool(found)
    return list(found)


def finding(operator: Operator) -> str:
    """Return the one thing that doctor finds."""
    (line,) = findings(operator)
    return line


def test_where_all_is_well_nothing_is_found(operator: Operator) -> None:
    operator.settings |= {"PUBLIC_URL": "https://example.com", "PROXY_HOPS": "1"}
    assert findings(operator) == []


@pytest.mark.parametrize("key", ["short", "change-me-" * 4])
def test_a_key_that_settings_refuse_is_found(operator: Operator, key: str) -> None:
    operator.settings["SECRET_KEY"] = key
    assert finding(operator).startswith("SECRET_KEY ")


@pytest.mark.parametrize("name", ["SECRET_KEY", "SECRET_KEY_FALLBACKS"])
def test_a_key_of_few_different_characters_is_found(operator: Operator, name: str) -> None:
    operator.settings[name] = "abcdefg" * 5
    assert finding(operator).startswith(f"{name}: a key of fewer than 8 different characters")
    operator.settings[name] = "abcdefgh" * 5
    assert findings(operator) == []


@pytest.mark.parametrize("url", ["http://accounts.example.com", "http://192.168.1.5:8000"])
def test_plain_http_on_a_name_that_is_not_local_is_found(operator: Operator, url: str) -> None:
    operator.settings["PUBLIC_URL"] = url
    assert finding(operator).startswith(f"PUBLIC_URL is {url}: on the way, others can read passwords")


@pytest.mark.parametrize("url", ["http://localhost:9000", "http://127.0.0.1:9000", "http://[::1]:9000"])
def test_plain_http_on_this_machine_is_fine(operator: Operator, url: str) -> None:
    operator.settings["PUBLIC_URL"] = url
    assert "PUBLIC_URL" not in operator.run("doctor").output


def test_an_ip_address_where_passkeys_cannot_be_used_is_found(operator: Operator) -> None:
    operator.settings |= {"PUBLIC_URL": "https://192.0.2.7", "PROXY_HOPS": "1"}
    assert finding(operator).startswith("PUBLIC_URL is https://192.0.2.7: browsers make no passkeys for an IP address")


def test_https_without_a_proxy_is_found(operator: Operator) -> None:
    operator.settings["PUBLIC_URL"] = "https://example.com"
    assert finding(operator).startswith("PUBLIC_URL is https and PROXY_HOPS is 0")


def test_admins_without_a_second_step_are_found(operator: Operator) -> None:
    operator.settings["ADMIN_SECOND_STEP"] = "optional"
    assert finding(operator).startswith("ADMIN_SECOND_STEP is optional: whoever learns the password of an admin can ")


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_a_database_that_takes_no_writes_is_found(operator: Operator) -> None:
    read_only = "format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database())"
    execute(operator, f"DO $$ BEGIN EXECUTE {read_only}; END $$")
    assert finding(operator).startswith("The database takes no writes, so nobody can log in: ")


def test_an_old_schema_is_found_and_left_alone(operator: Operator) -> None:
    execute(operator, "UPDATE quart_auth_app_version SET version_num = '0000'")
    for _ in range(2):
        assert finding(operator) == (
            f"The schema is at 0000, this version needs {migrations.HEAD}; run: quart-auth-app db upgrade"
        )


def test_an_old_schema_ends_other_commands_in_one_line(operator: Operator) -> None:
    """Which nobody but `db upgrade` changes."""
    execute(operator, *(f'DROP TABLE "{name}"' for name in TABLES))
    for command in (["user", "list"], ["user", "enable", "1"], ["prune"]):
        said = operator.run(*command).stderr
        assert said == "Error: The database's schema is not this version's. Run: quart-auth-app db upgrade\n"
    assert operator.json("db", "current")["revision"] is None


def test_a_missing_schema_is_found(operator: Operator) -> None:
    execute(operator, "DROP TABLE quart_auth_app_version")
    assert finding(operator).startswith("The schema is not there, ")


def test_a_database_that_is_away_is_found_besides_all_else() -> None:
    operator = Operator("postgresql://127.0.0.1:1/x", PUBLIC_URL="https://example.com")
    assert [each.split(":")[0] for each in findings(operator)[1:]] == ["The database can't be used now"]


async def test_a_log_in_of_the_future_is_found(operator: Operator, make_app: MakeApp, time: Clock) -> None:
    client = make_app(**operator.settings).test_client()
    await client.post("/signup", form=BOB)
    await client.post("/login", form=BOB)
    said = "The latest log-in will be at 2030-01-01 00:00:00 UTC"
    time.advance(timedelta(seconds=-5))
    assert said not in (await operator.later("doctor")).stdout
    time.advance(timedelta(seconds=-1))
    assert said in (await operator.later("doctor")).stdout


def test_another_time_on_the_database_server_is_found(operator: Operator, time: Clock, database_kind: str) -> None:
    """SQLite has no clock of its own."""
    said = "and this machine's 2030-01-01 00:00:00 UTC; let both follow NTP"
    assert (said in operator.run("doctor").stdout) == (database_kind == "postgresql")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o602])
@pytest.mark.parametrize("name", ["secret_key", "db.sqlite", "db.sqlite.before-0001-20300101-000000", "."])
def test_files_that_others_can_open_are_found(tmp_path: Path, name: str, mode: int) -> None:
    folder = tmp_path / "it's private"
    operator = Operator(f"sqlite:///{folder}/db.sqlite", SECRET_KEY="")
    operator.run("db", "upgrade")
    (folder / "db.sqlite.before-0001-20300101-000000").touch(0o600)
    assert findings(operator) == []
    (folder / name).chmod(mode | 0o100)
    line = finding(operator)
    assert line.startswith(f"{folder / name} is open to other users")
    assert "it'\"'\"'s private" in line.partition("chmod go= ")[2]


def test_a_schema_that_is_right_passes_the_check(operator: Operator) -> None:
    result = operator.run("db", "check")
    assert (result.exit_code, result.stdout) == (0, "The schema is this version's.\n")
    assert operator.json("db", "check") == []


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("DROP INDEX ix_session_user_id", "it needs: add index ix_session_user_id"),
        ("DROP TABLE attempts", "it needs: add table attempts"),
        ("UPDATE quart_auth_app_version SET version_num = '0000'", "The schema is at 0000, this version needs "),
    ],
)
def test_a_schema_that_was_changed_fails_the_check(operator: Operator, statement: str, sentence: str) -> None:
    execute(operator, statement)
    for result in (operator.run("db", "check"), operator.run("doctor")):
        assert result.exit_code == 1
        assert sentence in result.stdout


def test_an_empty_database_is_upgraded(operator: Operator) -> None:
    execute(operator, *(f'DROP TABLE "{name}"' for name in TABLES))
    assert operator.json("db", "current") == {"revision": None, "needed": migrations.HEAD}
    assert operator.json("db", "upgrade") == {"revision": migrations.HEAD, "needed": migrations.HEAD}
    assert operator.run("db", "check").exit_code == 0


def test_a_database_from_the_future_is_not_upgraded(operator: Operator) -> None:
    execute(operator, "UPDATE quart_auth_app_version SET version_num = '9999'")
    result = operator.run("db", "upgrade")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: The schema can't be upgraded, it may be a newer version's: ")
