"""Mails are in the recipient's language, whoever caused them."""

from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header

import pytest
from quart import Quart

from quart_auth_app.accounts import deletion
from quart_auth_app.languages import Language, Languages
from quart_auth_app.mail import letters
from quart_auth_app.mail.letters import Code, Letter, Link, Paragraph
from quart_auth_app.mail.notices import NOTICES, Notice
from quart_auth_app.operations import housekeeping
from tests.conftest import MakeApp, services_of
from tests.inbox import Inbox, links_in, text_of
from tests.people import BOB, EVE, Client, Clock, elsewhere

JA, ES = {"Accept-Language": "ja"}, {"Accept-Language": "es-MX"}


@pytest.fixture
def mailing(make_app: MakeApp, inbox: Inbox, time: Clock) -> Quart:
    """An application that sends mail."""
    return make_app(MAIL_URL=inbox.url, SITE_NAME="Shop")


async def sign_up(app: Quart, inbox: Inbox, person: dict[str, str], headers: dict[str, str]) -> Client:
    """Sign up and confirm it, in a browser that asks for a language."""
    client = app.test_client()
    await client.post("/signup", form=person, headers=headers, **elsewhere())
    await client.post("/signup/code", form={"code": inbox.code(person["email"])}, headers=headers)
    return client


async def test_a_sign_up_is_answered_in_the_language_of_the_page_with_the_same_links_and_code(
    mailing: Quart, inbox: Inbox
) -> None:
    client = mailing.test_client()
    await client.post("/signup", form=BOB, headers=JA)
    mail = inbox.last(BOB["email"])
    assert mail["Subject"] == "Shop: メールアドレスの確認"
    assert mail.as_bytes().isascii(), "what any server takes"
    for kind in ("plain", "html"):
        assert "このメールアドレスで登録の申し込みがありました" in text_of(mail, kind)
        assert inbox.link(BOB["email"], "/confirm") in text_of(mail, kind)
    assert len(links_in(text_of(mail))) == 1
    assert '<html lang="ja">' in text_of(mail, "html")
    assert max(map(len, mail.as_bytes().splitlines())) < 998
    await client.post("/signup/code", form={"code": inbox.code(BOB["email"])})
    assert (await client.post("/login", form=BOB)).headers["Location"] == "/profile"


async def test_a_notice_is_in_the_owners_language_and_not_in_that_of_who_caused_it(
    mailing: Quart, inbox: Inbox, time: Clock
) -> None:
    await sign_up(mailing, inbox, BOB, JA)
    await mailing.test_client().post("/login", form=BOB, headers=JA)
    time.advance(timedelta(minutes=1))
    thief = mailing.test_client()
    firefox = ES | {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
    await thief.post("/login", form=BOB, headers=firefox, **elsewhere())
    mail = inbox.last(BOB["email"])
    assert mail["Subject"] == "Shop: 新しいブラウザーからのログイン"
    text = " ".join(text_of(mail).split())
    assert "お使いのアカウントへのログインがありました（2030/01/01 00:01（UTC）、Linux の Firefox、" in text
    await mailing.test_client().post("/forgot-password", form={"email": BOB["email"]}, headers=ES, **elsewhere())
    assert inbox.last(BOB["email"])["Subject"] == "Shop: 新しいパスワードの設定"


async def test_who_is_unknown_is_written_to_in_the_language_of_the_request(mailing: Quart, inbox: Inbox) -> None:
    await mailing.test_client().post("/forgot-password", form={"email": EVE["email"]}, headers=ES)
    assert inbox.last(EVE["email"])["Subject"] == "Shop: no hay ninguna cuenta con esta dirección"


async def test_who_has_no_language_is_written_to_in_the_sites(make_app: MakeApp, inbox: Inbox) -> None:
    app = make_app(MAIL_URL=inbox.url, SITE_NAME="Shop", LANGUAGES="es,en")
    services = services_of(app)
    await app.test_client().post("/signup", form=BOB)
    assert inbox.last(BOB["email"])["Subject"] == "Shop: confirme su dirección"
    assert services.languages.default.code == "es"


async def test_the_farewell_is_in_the_language_that_the_account_had(mailing: Quart, inbox: Inbox, time: Clock) -> None:
    client = await sign_up(mailing, inbox, BOB, JA)
    await client.post("/login", form=BOB)
    await client.post("/account/delete")
    assert "アカウントは 2030/01/15 に完全に削除されます" in " ".join(text_of(inbox.last(BOB["email"])).split())
    subjects = []
    sender = services_of(mailing).sender
    assert sender
    for days in (deletion.GRACE - deletion.WARNING, deletion.WARNING):
        time.advance(days)
        await housekeeping.keep_house(services_of(mailing).database, now=time.now)
        await sender.send_due()
        subjects.append(inbox.last(BOB["email"])["Subject"])
    assert subjects == ["Shop: アカウントはまもなく削除されます", "Shop: アカウントが削除されました"]


async def test_another_address_is_asked_in_the_accounts_language(mailing: Quart, inbox: Inbox) -> None:
    client = await sign_up(mailing, inbox, BOB, ES)
    await client.post("/login", form=BOB)
    await client.post("/account/email", form={"email": EVE["email"]}, headers=JA)
    assert inbox.last(EVE["email"])["Subject"] == "Shop: confirme su nueva dirección"
    assert inbox.last(BOB["email"])["Subject"] == "Shop: se ha solicitado otra dirección"


def test_a_long_text_without_spaces_keeps_its_links_and_its_line_length() -> None:
    language = Language("ja", Languages()["ja"].texts)
    url = "https://example.com/confirm?" + "x" * 43
    letter = Letter("長い件名" * 30, [Paragraph("とても長い文章です。" * 60), Link(url), Code("ABC234")], language)
    mail = letters.message(
        letter,
        to=BOB["email"],
        sender="a@example.com",
        site_name="店",
        message_id="<1@example.com>",
        now=datetime(2030, 1, 1, tzinfo=UTC),
    )
    raw = mail.as_bytes()
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert str(make_header(decode_header(str(mail["Subject"])))) == letter.subject
    assert url in text_of(mail).splitlines()
    assert f'href="{url}"' in text_of(mail, "html")


def test_every_notice_says_when_and_where() -> None:
    for kind, notice in NOTICES.items():
        if isinstance(notice, Notice):
            assert "{when_and_where}" in notice.happened, kind
