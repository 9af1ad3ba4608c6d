"""Authenticator apps of the tests."""

import base64
import re
from datetime import datetime

from quart import Quart

from quart_auth_app import clock
from quart_auth_app.accounts.browsers import OPERATOR
from quart_auth_app.accounts.credentials import second_step_set_up
from quart_auth_app.accounts.factors import totp
from quart_auth_app.web.services import EXTENSION, Services
from tests.people import Client


class Phone:
    """An authenticator app with one account, and the recovery codes on paper."""

    def __init__(self, seed: bytes, recovery_codes: list[str]) -> None:
        self.seed = seed
        self.recovery_codes = recovery_codes

    def code(self, now: datetime | None = None) -> str:
        """Return what the app shows."""
        return totp.code(self.seed, totp.step_at(now or clock.now()))


async def turn_on(app: Quart, *, user_id: int = 1) -> Phone:
    """Turn the second step on for a user."""
    services: Services = app.extensions[EXTENSION]
    async with services.database.transaction() as db:
        await second_step_set_up.set_up(db, services.keys, user_id=user_id)
    async with services.database.transaction() as db:
        seed = await second_step_set_up.seed_to_confirm(db, services.keys, user_id=user_id)
        assert seed
        code = totp.code(seed, totp.step_at(clock.now()))
        codes = await second_step_set_up.confirm(
            db, services.keys, user_id=user_id, code=code, browser=OPERATOR, now=clock.now()
        )
        return Phone(seed, codes)


async def shown_seed(client: Client) -> bytes:
    """Return the seed in the link of the page that sets an app up."""
    source = await (await client.get("/account/second-step")).get_data(as_text=True)
    found = re.search(r"secret=([A-Z2-7]+)", source)
    assert found
    return base64.b32decode(found[1])


async def shown_code(client: Client) -> str:
    """Return what an app that has scanned the page's picture shows now."""
    return totp.code(await shown_seed(client), totp.step_at(clock.now()))
