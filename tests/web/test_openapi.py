"""docs/openapi.json is what the routes declare; after they have changed: python -m tests.web.test_openapi"""

import json
from pathlib import Path

import pytest
from quart import Quart

from quart_auth_app import create_app
from quart_auth_app.operations.acts import ACTS
from quart_auth_app.web.api.openapi import document
from tests import databases
from tests.conftest import MakeApp

FILE = Path(__file__).parents[2] / "docs" / "openapi.json"


def test_the_file_is_what_the_routes_declare(app: Quart) -> None:
    assert json.loads(FILE.read_text()) == document(app)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/login", {"email", "password", "remember", "next"}),
        ("/account/export", {"sudo_password", "sudo_code", "sudo_credential"}),
    ],
)
def test_an_operation_has_the_fields_that_the_route_takes(app: Quart, path: str, fields: set[str]) -> None:
    body = document(app)["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    assert set(body["schema"]["properties"]) == fields


@pytest.mark.parametrize(
    ("path", "optional"),
    [
        ("/confirm", {"password"}),
        ("/admin/users/{number}/{act}", {"role", "email", "sudo_password", "sudo_code", "sudo_credential"}),
        ("/login", {"remember", "next"}),
    ],
)
def test_fields_that_may_be_missing_are_told_too(app: Quart, path: str, optional: set[str]) -> None:
    body = document(app)["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["properties"]) - set(body.get("required", [])) == optional


def test_no_schema_is_called_as_one_of_its_properties(app: Quart) -> None:
    """openapi-python-client gives both the same variable, and what it writes is not typed then."""
    for name, schema in document(app)["components"]["schemas"].items():
        assert name.lower() not in {each.replace("_", "") for each in schema["properties"]}, name


def test_an_act_is_one_of_those_that_there_are(app: Quart) -> None:
    parameters = document(app)["paths"]["/admin/users/{number}/{act}"]["post"]["parameters"]
    assert parameters[0]["schema"]["enum"] == list(ACTS)


@pytest.mark.asvs("13.4.5")
@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({}, 200),
        ({"OPENAPI": "off"}, 404),
        ({"PUBLIC_URL": "https://localhost"}, 404),
        ({"PUBLIC_URL": "https://localhost", "OPENAPI": "on"}, 200),
    ],
)
async def test_in_production_it_is_served_where_it_is_switched_on(
    make_app: MakeApp, settings: dict[str, str], status: int
) -> None:
    app = make_app(**settings)
    response = await app.test_client().get("/openapi.json")
    assert response.status_code == status
    if status == 200:
        assert await response.get_json() == document(app)


def test_what_needs_a_log_in_says_so(app: Quart) -> None:
    paths = document(app)["paths"]
    assert paths["/account"]["get"]["security"] == [{"cookie": []}, {"accessKey": []}]
    assert paths["/admin/users/{number}"]["get"]["security"] == [{"cookie": []}]
    assert "security" not in paths["/login"]["post"]


if __name__ == "__main__":
    written = document(create_app({"SECRET_KEY": databases.SECRET_KEY, "DATABASE_URL": "sqlite://"}))
    FILE.write_text(json.dumps(written, indent=1) + "\n")
