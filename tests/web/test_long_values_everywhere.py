"""Values that grow by case, in another Unicode form or as a domain, in every field of every form, and in JSON."""

import pytest
from quart import Quart

from quart_auth_app.testing.people import PASSWORD, LogInAs, MakeUser, log_in_as, make_user
from tests.conftest import MakeApp
from tests.people import Client
from tests.repository.test_docs import table

OTHERS = {"static", "health", "openapi"}
SHAPES = ("{0}", "{0}@example.com", "x@{1}.com")
LETTER = "\ufdfa"
"""It becomes eighteen in the normal form of compatibility."""

CANARY = "canary"

__all__ = ["log_in_as", "make_user"]  # fixtures


def posts(app: Quart) -> list[str]:
    """Return where something can be sent, with numbers and names put in."""
    paths = []
    for rule in app.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and rule.endpoint.partition(".")[0] not in OTHERS:
            built = rule.build(dict.fromkeys(rule.arguments, 1), append_unknown=False)
            assert built, rule
            paths.append(built[1])
    return sorted(set(paths))


@pytest.fixture
def app(make_app: MakeApp) -> Quart:
    """One that sends mail, so that all forms are there."""
    return make_app(MAIL_URL="log:", MAILED_LOGIN="yes")


@pytest.mark.usefixtures("unthrottled")
@pytest.mark.asvs("1.3.3", "16.2.5", "16.5.1")
async def test_no_value_that_grows_is_too_long_for_any_column(
    app: Quart, client: Client, make_user: MakeUser, log_in_as: LogInAs, caplog: pytest.LogCaptureFixture
) -> None:
    fields = [name for name in table("Field rules") if name != "language"]
    right = {name: PASSWORD for name in fields if name.endswith("password")}  # so that the others get further
    paths = posts(app)
    assert len(fields) > 15
    assert len(paths) > 30
    for path in paths:
        await log_in_as(client, await make_user())
        for shape in SHAPES:
            value = CANARY + shape.format(64 * LETTER, ".".join(6 * [10 * LETTER]))
            for kind in ("form", "json"):
                response = await client.post(path, **{kind: dict.fromkeys(fields, value) | right})
                assert response.status_code < 500, (path, shape, kind)
    for line in [record.getMessage() for record in caplog.records if record.name.startswith("quart_auth_app")]:
        assert CANARY not in line
