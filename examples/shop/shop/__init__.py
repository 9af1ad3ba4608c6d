"""A small shop with accounts: the code of docs/build-on-it.md."""

from collections.abc import Mapping

from quart import Quart
from quart_auth_app import User, create_app, reading, signals
from sqlalchemy import select

from shop.api import api
from shop.models import Order
from shop.pages import pages


def create_shop(config: Mapping[str, object] | None = None) -> Quart:
    """Return the shop. `config` may hold any setting of ours or of quart-auth-app."""
    settings = {"SHOP_NAME": "The Soup Shop", "ROLES": "cook", "JSON_PATHS": ["/api/"], "MAX_CONTENT_LENGTH": 1_000_000}
    app = create_app(settings | dict(config or {}), import_name=__name__)
    app.register_blueprint(pages)
    app.register_blueprint(api)
    signals.signed_up.connect(welcome, app)
    signals.exporting.connect(add_orders, app)
    return app


async def welcome(app: Quart, *, user: User, **_: object) -> None:
    """Note who has come."""
    app.logger.info("%s has a new customer, number %s", app.config["SHOP_NAME"], user.id)


async def add_orders(_app: Quart, *, user_id: int, everything: dict[str, object], **_: object) -> None:
    """Add what somebody has ordered to the data that they download."""
    async with reading() as db:
        everything["orders"] = [*await db.scalars(select(Order.dish).where(Order.user_id == user_id))]
