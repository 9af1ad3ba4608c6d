"""What a failed statement was given is in no message: it may be an address, a name, or a password's hash."""

from collections.abc import Iterator
from itertools import count

import pytest
from quart import Quart
from sqlalchemy import event, text

from quart_auth_app.database.units_of_work import Database
from quart_auth_app.web.telemetry.logs import JsonLines
from tests.people import Client, cookie

CANARY = "canary@example.com"


@pytest.mark.asvs("14.2.4", "16.2.5")
async def test_the_log_of_a_failed_statement_shows_no_values(
    app: Quart, client: Client, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/broken")
    async def broken() -> str:
        async with database.transaction() as db:
            await db.execute(text("SELECT :value FROM nowhere"), {"value": CANARY})
        return ""

    assert (await client.get("/broken")).status_code in {500, 503}
    messages = "\n".join(f"{record.getMessage()} {record.exc_text or ''}" for record in caplog.records)
    assert "nowhere" in messages
    assert CANARY not in messages


ROBIN = {"email": "robin.locksley@example.com", "name": "Robin Locksley", "password": "sunny otter ladder 42"}
NEW = {"email": "r.hood@example.com", "name": "Robert Hood", "password": "violet anchor 93 harbour"}
PRIVATE = [each for person in (ROBIN, NEW) for each in person.values()] + [
    "robin.locksley",
    "r.hood",
    "$bcrypt-sha256$",
]


def lines(caplog: pytest.LogCaptureFixture) -> str:
    """Return what stands in the log, tracebacks and all."""
    return "\n".join(JsonLines().format(record) for record in caplog.records)


@pytest.mark.asvs("14.2.4", "16.2.5")
async def test_a_row_that_a_sites_constraint_refuses_is_not_in_the_log(
    client: Client, database: Database, database_kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """PostgreSQL says in its details what the whole row would have been."""
    await database.get_ready()
    refuse = {
        "postgresql": """ALTER TABLE "user" ADD CONSTRAINT ours CHECK (name <> 'Robin Locksley')""",
        "sqlite": "CREATE TRIGGER ours BEFORE INSERT ON user BEGIN SELECT RAISE(ABORT, 'CHECK ours'); END",
    }
    async with database.transaction() as db:
        await db.execute(text(refuse[database_kind]))
    assert (await client.post("/signup", form=ROBIN)).status_code == 500
    logged = lines(caplog)
    assert "ours" in logged
    assert [each for each in PRIVATE if each in logged] == []


@pytest.fixture
def breaking(database: Database) -> Iterator[dict[str, int]]:
    """Let the statement of this number fail: the first is 1, none is 0."""
    at = {"fails": 0, "seen": 0}

    def fail(_cursor: object, _statement: str, _parameters: object, _context: object) -> None:
        at["seen"] += 1
        if at["seen"] == at["fails"]:
            raise database.engine.dialect.loaded_dbapi.IntegrityError("a constraint")

    event.listen(database.engine.sync_engine, "do_execute", fail)
    yield at
    event.remove(database.engine.sync_engine, "do_execute", fail)


@pytest.mark.asvs("14.2.4", "16.2.5")
@pytest.mark.usefixtures("unthrottled")
async def test_whichever_statement_fails_the_log_shows_nothing_private(
    app: Quart, database: Database, breaking: dict[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    fails = 0
    for fails in count(1):
        breaking.update(fails=0, seen=0)
        async with database.transaction() as db:
            await db.execute(text('DELETE FROM "user"'))
        breaking.update(fails=fails, seen=0)
        client = app.test_client()
        await client.post("/signup", form=ROBIN)
        await client.post("/login", form=ROBIN | {"password": "wrong"})
        await client.post("/login", form=ROBIN)
        secrets = [each for name in ("log-in", "device") if (each := cookie(client, name))]
        await client.post("/account/name", form={"name": NEW["name"]})
        await client.post(
            "/account/password", form={"current_password": ROBIN["password"], "password": NEW["password"]}
        )
        await client.post("/account/export")
        await client.post("/account/delete")
        await client.post("/logout")
        if breaking["seen"] < fails:
            break
    logged = lines(caplog)
    assert fails > 20
    assert logged.count("a constraint") > 10
    assert [each for each in [*PRIVATE, *secrets] if each in logged] == []
