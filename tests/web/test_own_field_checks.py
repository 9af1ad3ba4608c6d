"""A site's own field that is required, unique, checked by the site and translated. In a process of its own."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from tests.catalogues import compiled
from tests.databases import NewDatabase
from tests.web.test_own_fields import try_site

SITE = """
import enum
from quart_auth_app import User, create_app, form_field, translated
from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

def check_card(card):
    return None if card.startswith(LETTER) else translated("A card number begins with R.")

LETTER = "R"

class Shelf(enum.Enum):
    NOVEL = "Novels"
    MAP = "Maps"

class Reader(User):
    shelf: Mapped[Shelf | None] = mapped_column(info=form_field("Shelf", sign_up=True))
    card: Mapped[str | None] = mapped_column(
        String(8), index=True, unique=True, info=form_field("Card", sign_up=True, required=True, check=check_card))

def create_site(config=None):
    return create_app(config, import_name=__name__)
"""
TESTS = """
import os
import pytest
import site_of_ours
from quart_auth_app.models import Session
from quart_auth_app.testing import SECRET_KEY
from site_of_ours import Reader, create_site
from sqlalchemy import delete, select
from tests.conftest import services_of
from tests.web.test_acts_in_flight import before_it_writes

pytest_plugins = ["quart_auth_app.testing"]
ANN = {"email": "ann@example.com", "name": "Ann", "password": "sunny otter ladder 42"}
SPANISH = {"Accept-Language": "es"}

@pytest.fixture
def app():
    return create_site({"DATABASE_URL": os.environ["SITES_DATABASE"], "SECRET_KEY": SECRET_KEY})

async def after(client, **form):
    answer = await client.post("/signup", form=ANN | form, headers=SPANISH)
    return await (await client.get(answer.location, headers=SPANISH)).get_data(as_text=True)

async def test_a_checked_field(client, make_user):
    for _ in "ab":
        await make_user()  # an account that an operator adds has none
    form = await (await client.get("/signup", headers=SPANISH)).get_data(as_text=True)
    assert ">Carné</label>" in form and 'maxlength="8" required' in form
    assert '<option value="NOVEL">Novelas</option>' in form and ">Estante</label>" in form
    assert "«Carné»" in await after(client, card="")
    assert "El carné empieza con R." in await after(client, card="X1")
    asked = {"Accept": "application/json"}
    said = await (await client.post("/signup", json=ANN | {"card": "X1"}, headers=asked)).get_json()
    assert (said["code"], said["field"]) == ("OwnFieldFailsCheck", "card")
    assert said["detail"] == "A card number begins with R."
    await after(client, card="R1")
    assert "«Carné»" in await after(client, card="R1", email="bob@example.com")
    assert (await client.post("/login", form=ANN)).location == "/profile"

async def revoke_all(db, _user):
    await db.execute(delete(Session))

async def test_who_is_thrown_out_meanwhile_changes_no_field(app, client, monkeypatch):
    cid = ANN | {"email": "cid@example.com", "card": "R3"}
    await client.post("/signup", form=cid)
    await client.post("/login", form=cid)
    before_it_writes(app, revoke_all, monkeypatch)
    assert (await client.post("/account/own", form={"card": "R666"})).status_code < 500
    async with services_of(app).database.reading() as db:
        assert "R666" not in (await db.scalars(select(Reader.card))).all()

@pytest.mark.parametrize("way", ["code", "link"])
async def test_a_value_that_fails_the_check_since_the_sign_up_is_asked_for_again(outbox, monkeypatch, caplog, way):
    where = {"DATABASE_URL": os.environ["SITES_DATABASE"], "SECRET_KEY": SECRET_KEY, "MAIL_URL": outbox.url}
    client, email = create_site(where).test_client(), way + "@example.com"
    await client.post("/signup", form=ANN | {"email": email, "card": "R7", "shelf": "MAP"})
    monkeypatch.setattr(site_of_ours, "LETTER", "S")
    token = outbox.link(email, "/confirm").partition("?")[2]
    form = {"code": outbox.code(email)} if way == "code" else {"token": token}
    path = "/signup/code" if way == "code" else "/confirm"
    assert (await client.post(path, form=form, headers=SPANISH)).location == "/login"
    page = await (await client.get("/login", headers=SPANISH)).get_data(as_text=True)
    assert "Su cuenta se ha creado" in page and "«Carné» ya no se acepta" in page
    assert "card fails the site's check since the sign-up" in caplog.text and "R7" not in caplog.text
    await client.post("/login", form=ANN | {"email": email})
    kept = (await (await client.post("/account/export")).get_json())["account"]
    assert (kept["card"], kept["shelf"]) == (None, "Maps")
    await services_of(client.app).database.close()
"""


@pytest.mark.slow
def test_a_sites_field_is_required_unique_checked_and_translated(new_database: NewDatabase, tmp_path: Path) -> None:
    folder = tmp_path / "locales" / "es" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    spanish = Catalog(locale="es")
    spanish.add("Card", "Carné")
    spanish.add("Shelf", "Estante")
    spanish.add("Novels", "Novelas")
    spanish.add("A card number begins with R.", "El carné empieza con R.")
    (folder / "messages.mo").write_bytes(compiled(spanish))
    try_site(tmp_path, new_database(), SITE, TESTS)
