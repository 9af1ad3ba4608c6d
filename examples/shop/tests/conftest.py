"""What all tests of the shop share."""

import pytest
from quart import Quart
from quart_auth_app.testing import SECRET_KEY

from shop import create_shop

pytest_plugins = ["quart_auth_app.testing"]


@pytest.fixture
def app(fresh_database: str) -> Quart:
    """The shop, on a database of the test's own."""
    return create_shop({"DATABASE_URL": fresh_database, "SECRET_KEY": SECRET_KEY})
