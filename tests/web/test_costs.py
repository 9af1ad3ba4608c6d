"""What requests cost, counted: a timing that doubles may be the machine's doing, a count that grows is ours.

A number that got smaller is good news: write it down here, so that it stays.
"""

import sys
from collections import Counter

import pytest
from quart import Quart, render_template_string
from sqlalchemy import text

from quart_auth_app.database.units_of_work import Database
from quart_auth_app.web.edge.asking import _prefers_json
from tests.conftest import services_of
from tests.counting import Costs, counting
from tests.people import BOB, Client, elsewhere


async def cost_of(client: Client, database: Database, path: str, form: dict[str, str] | None = None) -> Costs:
    """Return what the second of two requests costs: the first loads what is loaded once."""
    for _ in range(2):
        with counting(database) as costs:
            await (client.post(path, form=form, **elsewhere()) if form else client.get(path))
    return costs


@pytest.mark.parametrize("path", ["/", "/login", "/signup", "/nowhere"])
async def test_a_page_for_a_stranger_costs_nothing_but_its_rendering(
    client: Client, database: Database, path: str
) -> None:
    assert await cost_of(client, database, path) == Costs()


async def calls_of(client: Client, path: str, language: str) -> int:
    """Return how many functions the second of two requests calls."""
    calls = Counter[str]()
    for _ in range(2):
        calls.clear()
        sys.setprofile(lambda _frame, event, _argument: calls.update([event]))
        try:
            page = await client.get(path, headers={"Accept-Language": language})
        finally:
            sys.setprofile(None)
    assert page.headers["Content-Language"] == language
    return calls["call"] + calls["c_call"]


@pytest.mark.parametrize("path", ["/", "/login", "/signup"])
async def test_a_page_costs_the_same_in_each_language(client: Client, path: str) -> None:
    english, *others = [await calls_of(client, path, language) for language in ("en", "es", "ja")]
    assert max(others) < 1.01 * english


@pytest.mark.parametrize("path", ["/", "/profile", "/nowhere"])
async def test_a_page_for_somebody_costs_one_question_without_a_transaction(
    client: Client, database: Database, bob: dict[str, str], path: str
) -> None:
    await client.post("/login", form=bob)
    costs = await cost_of(client, database, path)
    assert len(costs.statements) == 1
    assert costs == Costs(statements=costs.statements, values=costs.values)


async def test_a_static_file_costs_the_database_nothing(
    client: Client, database: Database, bob: dict[str, str]
) -> None:
    await client.post("/login", form=bob)
    costs = await cost_of(client, database, "/static/style.css")
    assert (costs.statements, costs.transactions) == ([], 0)


@pytest.mark.parametrize(("path", "statements"), [("/account", 1), ("/account/sessions", 2), ("/account/activity", 2)])
async def test_a_page_of_the_account_costs_one_question_more_at_most(
    client: Client, database: Database, bob: dict[str, str], path: str, statements: int
) -> None:
    await client.post("/login", form=bob)
    costs = await cost_of(client, database, path)
    assert (len(costs.statements), costs.compilations) == (statements, [])


@pytest.mark.parametrize(
    ("path", "form", "statements", "transactions"),
    [
        pytest.param("/login", {}, 9, 3, id="log-in"),
        pytest.param("/login", {"password": "Sunny otter ladder 42"}, 3, 2, id="wrong password"),
        pytest.param("/signup", {}, 4, 3, id="address taken"),
    ],
)
async def test_a_form_costs_its_statements_and_one_hand_over_for_each(
    client: Client,
    database: Database,
    bob: dict[str, str],
    path: str,
    form: dict[str, str],
    statements: int,
    transactions: int,
) -> None:
    await client.post("/login", form=bob)
    costs = await cost_of(client, database, path, BOB | form)
    assert (len(costs.statements), costs.transactions, costs.compilations) == (statements, transactions, [])
    hashing = [work for work in costs.hand_overs if "HashingThreads" in work]
    look_ups = 1
    in_threads = statements - look_ups + transactions if database.url.drivername == "sqlite" else 0
    assert len(costs.hand_overs) == len(hashing) + in_threads


async def test_a_log_in_without_a_second_step_costs_seven_statements_in_a_browser_that_was_never_here(
    app: Quart, database: Database, bob: dict[str, str]
) -> None:
    for _ in range(2):
        with counting(database) as costs:
            await app.test_client().post("/login", form=bob, **elsewhere())
    assert (len(costs.statements), costs.transactions) == (7, 3)


async def test_a_log_in_that_there_is_no_place_for_costs_nothing(
    app: Quart, client: Client, database: Database, bob: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services_of(app).passwords.threads, "_free_places", 0)
    assert await cost_of(client, database, "/login", bob) == Costs()


async def test_what_a_page_does_besides_is_counted(app: Quart, client: Client, database: Database) -> None:
    """Else the numbers above would be nought for want of looking."""

    @app.context_processor
    def synchronous() -> dict[str, object]:
        return {}

    @app.get("/dear")
    async def dear() -> str:
        async with database.transaction() as db:
            await db.execute(text("SELECT 1"))
        return await render_template_string("{{ 1 }}")

    costs = await cost_of(client, database, "/dear")
    sqlites_own = 2 if database.url.drivername == "sqlite" else 0  # the statement and the COMMIT
    assert (costs.statements, costs.transactions) == (["SELECT 1"], 1)
    assert len(costs.hand_overs) == 1 + sqlites_own
    assert len(costs.compilations) == 1


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="measured on 3.11; later versions count other calls")
@pytest.mark.parametrize(("path", "times"), [("/", 2.47), ("/login", 3.24), ("/signup", 3.75)])
async def test_a_page_costs_so_many_times_what_a_bare_route_of_quart_does(
    client: Client, path: str, times: float
) -> None:
    """In function calls, `times` as measured; each page pays for a new hook or a new variable of all templates."""
    bare = Quart("bare")

    @bare.get("/")
    async def nothing() -> tuple[str, dict[str, str]]:
        return "", {"Content-Language": "en"}

    least = await calls_of(bare.test_client(), "/", "en")
    assert await calls_of(client, path, "en") < 1.03 * times * least


async def test_what_a_hostile_client_prefers_is_understood_but_not_kept(app: Quart, client: Client) -> None:
    long = "application/json, " + ", ".join(f"text/x{number}" for number in range(200))
    services_of(app).languages.asked_for("en")
    kept = _prefers_json.cache_info().currsize, services_of(app).languages._preferred.cache_info().currsize
    page = await client.get("/login", headers={"Accept": long, "Accept-Language": f"{long}, ja"})
    assert (page.content_type, page.headers["Content-Language"]) == ("application/json", "en")
    assert (_prefers_json.cache_info().currsize, services_of(app).languages._preferred.cache_info().currsize) == kept
