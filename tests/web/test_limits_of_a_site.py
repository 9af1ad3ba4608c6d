"""Our limits hold for our forms. A site sets Quart's own settings for its routes."""

import pytest
from quart import Quart, request

from tests.conftest import MakeApp
from tests.people import BOB, Client

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def add_routes(app: Quart) -> None:
    """Give the site a route that takes a form."""

    @app.post("/notes")
    async def notes() -> str:
        form = await request.form
        return f"{len(form)} fields, {sum(map(len, form.values()))} characters"


async def test_a_sites_own_form_may_be_larger_than_ours(app: Quart, client: Client) -> None:
    add_routes(app)
    response = await client.post("/notes", form={"note": "x" * 70_000})
    assert await response.get_data(as_text=True) == "1 fields, 70000 characters"
    response = await client.post("/notes", form={f"line {number}": "x" for number in range(60)})
    assert await response.get_data(as_text=True) == "60 fields, 60 characters"


async def test_the_site_sets_the_limits_of_its_own_forms(make_app: MakeApp) -> None:
    app = make_app(MAX_CONTENT_LENGTH=1000, MAX_FORM_PARTS=3)
    add_routes(app)
    client = app.test_client()
    assert (await client.post("/notes", form={"note": "x" * 900})).status_code == 200
    assert (await client.post("/notes", form={"note": "x" * 1000})).status_code == 413
    assert (await client.post("/notes", form={str(number): "x" for number in range(4)})).status_code == 400


@pytest.mark.asvs("1.3.3", "2.4.1")
@pytest.mark.parametrize("says_its_length", [True, False])
@pytest.mark.parametrize("config", [{}, {"MAX_CONTENT_LENGTH": 1_000_000, "MAX_FORM_PARTS": 1000}])
async def test_our_forms_keep_our_limits_whatever_the_site_has_set(
    make_app: MakeApp, config: dict[str, int], says_its_length: bool
) -> None:
    client = make_app(**config).test_client()
    headers = FORM | ({"Content-Length": "70000"} if says_its_length else {})
    assert (await client.post("/signup", data="x" * 70_000, headers=headers)).status_code == 413
    many = BOB | {f"field{number}": "x" for number in range(51)}
    assert (await client.post("/signup", form=many)).status_code == 400
