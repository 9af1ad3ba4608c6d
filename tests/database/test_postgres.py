"""PostgreSQL as it is met in the wild: away for a while, behind PgBouncer, with TLS."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from quart import Quart
from sqlalchemy import func, make_url, select, text, update

from quart_auth_app.database import postgresql
from quart_auth_app.database.units_of_work import Database, DatabaseAway
from quart_auth_app.models import User
from tests.conftest import MakeApp, services_of
from tests.databases import POSTGRES, SECRET_KEY, NewDatabase
from tests.people import BOB, EVE, Client, Clock, elsewhere, is_logged_in
from tests.postgres import Proxy, pgbouncer, server_with_tls

pytestmark = pytest.mark.skipif(not POSTGRES, reason="TEST_POSTGRES_URL is not set")


@pytest.fixture
def database_kind() -> str:
    """Here, always the one."""
    return "postgresql"


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """What lies between the application and the server."""
    async with Proxy() as proxy:
        yield proxy


@pytest.fixture
def app(proxy: Proxy, new_database: NewDatabase, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> Quart:
    """The application at the other end of the proxy, less patient than in earnest."""
    monkeypatch.setattr(postgresql, "CONNECT_TIMEOUT", 0.3)
    monkeypatch.setattr(postgresql, "COMMAND_TIMEOUT", 0.3)
    url = make_url(new_database()).set(host="127.0.0.1", port=proxy.port)
    return make_app(DATABASE_URL=url.render_as_string(hide_password=False), SECRET_KEY=SECRET_KEY)


@pytest.mark.parametrize("failure", [Proxy.cut, Proxy.hang])
async def test_while_the_server_is_away_pages_that_need_it_say_so_and_recover_by_themselves(
    app: Quart, client: Client, bob: dict[str, str], proxy: Proxy, failure: Callable[[Proxy], None]
) -> None:
    await client.post("/login", form=bob)
    failure(proxy)
    assert (await client.get("/")).status_code == 200
    assert (await app.test_client().get("/login")).status_code == 200
    answers = [await client.get("/profile"), await client.post("/signup", form=EVE)]
    answers.append(await client.post("/login", form=bob))
    assert [answer.status_code for answer in answers] == 3 * [503]
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
    assert (await client.get("/readyz")).status_code == 503
    await proxy.restore()
    assert await is_logged_in(client)
    assert (await client.post("/signup", form=EVE)).status_code == 302


async def test_a_restart_of_the_server_between_two_requests_is_noticed_by_nobody(
    client: Client, bob: dict[str, str], proxy: Proxy
) -> None:
    await client.post("/login", form=bob)
    proxy.cut()
    await proxy.restore()
    assert await is_logged_in(client)


async def test_behind_pgbouncer_in_transaction_mode_it_does_not_matter_which_server_connection_comes(
    new_database: NewDatabase, make_app: MakeApp
) -> None:
    with pgbouncer() as port:
        url = make_url(new_database()).set(host="127.0.0.1", port=port).update_query_dict({"pgbouncer": "true"})
        app = make_app(DATABASE_URL=url.render_as_string(hide_password=False), SECRET_KEY=SECRET_KEY)

        async def visit(number: int) -> bool:
            client, form = app.test_client(), BOB | {"email": f"{number}@example.com"}
            await client.post("/signup", form=form, **elsewhere())
            await client.post("/login", form=form, **elsewhere())
            return await is_logged_in(client)

        assert all(await asyncio.gather(*map(visit, range(20))))
        database, count = services_of(app).database, select(func.count(User.id))
        for _ in range(4):  # of two that overlap, the one that begins first gets now this server connection, now that
            async with database.reading() as one, database.reading() as other:
                assert (await one.scalar(count), await other.scalar(count)) == (20, 20)
                assert await one.scalar(text("SELECT count(*) FROM pg_prepared_statements")) == 0, "none is left there"


@pytest.mark.asvs("12.3.1")
async def test_a_server_without_tls_is_refused_where_tls_is_required() -> None:
    async def say_no(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        writer.write(b"N")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(say_no, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(DatabaseAway, match="rejected SSL upgrade"):
            await Database(make_url(f"postgresql://root@127.0.0.1:{port}/postgres?sslmode=require")).schema.revision()


@pytest.mark.asvs("12.3.2")
async def test_verify_full_takes_the_servers_own_certificate_for_the_name_it_has_and_no_other() -> None:
    async def revision(host: str, certificate: Path) -> str | None:
        query = f"sslmode=verify-full&sslrootcert={certificate}"
        database = Database(make_url(f"postgresql://postgres@{host}:{port}/postgres?{query}"))
        try:
            return await database.schema.revision()
        finally:
            await database.close()

    with server_with_tls() as (port, own, other):
        assert await revision("localhost", own) is None
        with pytest.raises(DatabaseAway, match="certificate verify failed"):
            await revision("localhost", other)
        with pytest.raises(DatabaseAway, match="IP address mismatch"):
            await revision("127.0.0.1", own)


async def test_a_deadlock_with_other_software_is_an_answer_to_try_again(new_database: NewDatabase) -> None:
    """A deadlock of ours would be a mistake; a site's own code may cause one. PostgreSQL ends one of the two."""
    database = Database(make_url(new_database()))
    await database.schema.upgrade()
    async with database.transaction() as db:
        db.add_all([User(email=name, email_key=name, name=name, password="no hash") for name in "ab"])
    both_hold_one = asyncio.Barrier(2)

    async def touch(first: str, second: str) -> None:
        async with database.transaction() as db:
            await db.execute(text("SET LOCAL deadlock_timeout = '20ms'"))
            await db.execute(update(User).where(User.email == first).values(name="c"))
            await both_hold_one.wait()
            await db.execute(update(User).where(User.email == second).values(name="c"))

    ended = await asyncio.gather(touch("a", "b"), touch("b", "a"), return_exceptions=True)
    assert {type(each) for each in ended} == {type(None), DatabaseAway}
    await database.close()


NOT_NOW = """
CREATE FUNCTION not_now() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = '{code}'; END $$;
CREATE TRIGGER not_now BEFORE INSERT OR UPDATE ON session EXECUTE FUNCTION not_now();
CREATE TRIGGER not_now BEFORE INSERT OR UPDATE ON "user" EXECUTE FUNCTION not_now();
"""
"""What lets the server refuse to write, by this SQLSTATE."""


async def run_elsewhere(url: str | None, sql: str) -> None:
    """Run SQL as other software would, in a connection of its own."""
    other = await asyncpg.connect(url)
    await other.execute(sql)
    await other.close()


@pytest.mark.parametrize(
    "code",
    ["53100", "53200", "55P03", "57014", "58030"],
    ids=["disk full", "no memory", "lock timeout", "statement timeout", "disk error"],
)
async def test_what_the_server_cant_write_now_is_an_answer_to_try_again_and_reading_goes_on(
    app: Quart, client: Client, bob: dict[str, str], time: Clock, code: str
) -> None:
    await client.post("/login", form=bob)
    url = services_of(app).database.url.render_as_string(hide_password=False)
    await run_elsewhere(url, NOT_NOW.format(code=code))
    time.advance(timedelta(minutes=30))
    assert await is_logged_in(client), "when the session was seen last is not written, and the page is read"
    for answer in (await client.post("/signup", form=EVE), await app.test_client().post("/login", form=bob)):
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
    await run_elsewhere(url, "DROP FUNCTION not_now CASCADE")
    assert (await client.post("/signup", form=EVE)).status_code == 302


async def test_a_host_that_has_become_a_replica_is_left_as_soon_as_it_refuses_to_write(
    app: Quart, client: Client, bob: dict[str, str]
) -> None:
    """Behind one name, as of a cloud's database, there may be another host by then."""
    database = services_of(app).database
    await client.post("/login", form=bob)
    await database.close()
    await run_elsewhere(POSTGRES, f"ALTER DATABASE {database.url.database} SET default_transaction_read_only = on")
    assert (await client.post("/signup", form=EVE)).status_code == 503
    assert await is_logged_in(client)
    await run_elsewhere(POSTGRES, f"ALTER DATABASE {database.url.database} RESET default_transaction_read_only")
    assert [(await client.post("/signup", form=EVE)).status_code for _ in range(2)] == [503, 302]
