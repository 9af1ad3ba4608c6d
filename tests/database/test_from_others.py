"""docs/from-others.md: the code that takes people over works as it stands there."""

import re
from typing import Any

from quart import Quart

from tests.accounts.test_old_hashes import OTHERS, PASSWORD
from tests.people import Client, text
from tests.servers import ROOT

PAGE = (ROOT / "docs" / "from-others.md").read_text()


async def test_people_who_were_taken_over_log_in_with_the_password_they_have(app: Quart, client: Client) -> None:
    names: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", PAGE, re.S):
        exec(code, names)  # noqa: S102  # the page's own code is what is tried
    async with app.app_context():
        await names["take_over"]([("Ann@example.com", "Ann", OTHERS["argon2"])])
    await client.post("/login", form={"email": "ann@example.com", "password": PASSWORD})
    assert "Welcome, Ann!" in await text(await client.get("/profile"))
