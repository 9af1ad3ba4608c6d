"""Two servers of PostgreSQL, one a copy of the other: when the first is lost, the second goes on with all there was."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import func, select

from quart_auth_app.database import postgresql
from quart_auth_app.models import User
from tests.conftest import MakeApp, services_of
from tests.databases import SECRET_KEY
from tests.people import BOB, Client, elsewhere, is_logged_in
from tests.postgres import Cluster, cluster

pytestmark = pytest.mark.slow


@pytest.fixture
def database_kind() -> str:
    """Here, always the one."""
    return "postgresql"


@pytest.fixture(name="servers")
def _servers() -> Iterator[Cluster]:
    with cluster() as servers:
        yield servers


async def signed_up(client: Client, stored: list[str], until: Callable[[], bool]) -> int:
    """Let people sign up, and add to `stored` whose sign-up was acknowledged. Return how many were not.

    A fast machine may have the second server ready before the next sign-up, so none may be refused at all.
    """
    failed = 0
    while not until():
        person = BOB | {"email": f"{len(stored)}-{failed}@example.com"}
        response = await client.post("/signup", form=person, **elsewhere())
        if response.status_code == 302 and response.headers["Location"] == "/login":
            stored.append(person["email"])
        else:
            assert response.status_code == 503, "a server that is away is said to be away"
            failed += 1
        assert (await client.get("/")).status_code == 200, "what needs no database goes on"
    return failed


@pytest.mark.parametrize("failure", [Cluster.kill, Cluster.cut_off, Cluster.demote])
async def test_when_the_first_server_is_lost_the_second_goes_on_with_all_that_was_acknowledged(
    servers: Cluster, failure: Callable[[Cluster], None], make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "CONNECT_TIMEOUT", 2.0)
    monkeypatch.setattr(postgresql, "COMMAND_TIMEOUT", 2.0)
    hosts = ",".join(f"127.0.0.1:{port}" for port in servers.ports)
    app = make_app(DATABASE_URL=f"postgresql://postgres@{hosts}/postgres", SECRET_KEY=SECRET_KEY)
    database, stored = services_of(app).database, list[str]()
    await database.schema.upgrade()
    bob, left, visitor = app.test_client(), app.test_client(), app.test_client()
    await visitor.post("/signup", form=BOB)
    for client in (bob, left):
        await client.post("/login", form=BOB, **elsewhere())
        assert await is_logged_in(client)
    await left.post("/logout")
    assert await signed_up(visitor, stored, until=lambda: len(stored) >= 5) == 0

    def lose() -> None:
        failure(servers)
        servers.promote()

    losing = asyncio.create_task(asyncio.to_thread(lose))
    await signed_up(visitor, stored, until=lambda: losing.done() and len(stored) >= 20)
    await losing
    async with database.transaction() as db:
        assert await db.scalar(select(func.inet_server_port())) == servers.ports[1]
        kept = set(await db.scalars(select(User.email)))
    assert set(stored) | {BOB["email"]} <= kept, "nothing that was acknowledged is lost"
    assert await is_logged_in(bob)
    assert not await is_logged_in(left), "a session that was revoked does not come back"
    assert (await visitor.get("/readyz")).status_code == 200
