"""Which new passwords are accepted: long, hard to guess, and not built on what everybody knows of you."""

import random
import re
import threading

import pytest
from quart import Quart
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from quart_auth_app.accounts.errors import InvalidPassword
from quart_auth_app.accounts.passwords import strength as password_strength
from quart_auth_app.web.sentences.reasons import WEAKNESSES
from tests import slow_passwords
from tests.conftest import MakeApp
from tests.people import BOB, Accounts, Client, elsewhere, is_logged_in, notice, text

COMMON = [word for word in FREQUENCY_LISTS["passwords"][:3000] if len(word) >= 8]


@pytest.mark.asvs("6.2.4")
@pytest.mark.usefixtures("unthrottled")
async def test_the_common_passwords_that_are_long_enough_are_refused(client: Client) -> None:
    """Those of the 3,000 most common that have 8 characters or more; the others are too short anyway."""
    assert len(COMMON) > 100
    for password in COMMON:
        response = await client.post("/signup", form=BOB | {"password": password})
        assert response.headers["Location"] == "/signup", password


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("qwertyuiop", "common"),
        ("P@ssw0rd!", "common"),
        ("xcvbnm,./", "keyboard"),
        ("abcdefghij", "sequence"),
        ("31.12.1999", "date"),
        ("aaaaaaaaaaaa", "repeat"),
        ("margaret99", "name"),
        ("elephant5", "word"),
        ("bob.example.com", "personal"),
        ("839201740", "common"),
    ],
)
async def test_a_refused_password_gets_one_short_sentence_why_and_one_hint(
    client: Client, password: str, reason: str
) -> None:
    await client.post("/signup", form=BOB | {"password": password})
    why = f"This password is too easy to guess: {WEAKNESSES[reason]}."
    assert await notice(client, "/signup") == f"{why} Add another word or two."


def test_every_weakness_has_words() -> None:
    assert WEAKNESSES.keys() == {each.value for each in password_strength.Weakness}


async def test_the_form_promises_what_is_true(client: Client) -> None:
    """Random characters of the length that it names are enough, and one fewer is refused by that name."""
    source = await text(await client.get("/signup"))
    promised = re.search(r"At least (\d+) characters, and hard to guess", source)
    assert promised
    random = "xK9$qL2v" + "W" * (int(promised[1]) - 8)
    await client.post("/signup", form=BOB | {"password": random[:-1]})
    assert await notice(client, "/signup") == f"Please choose a password of at least {promised[1]} characters."
    assert (await client.post("/signup", form=BOB | {"password": random})).headers["Location"] == "/login"


@pytest.mark.asvs("2.2.3", "6.1.2", "6.2.11")
@pytest.mark.parametrize(
    "password",
    [
        "robert.builder",
        "RobertBuilder1",
        "r0bertbuilder",
        "hammerworks1",
        "hammerworks.example",
        "quartauthapp!",
        "Zebedee1999",
    ],
)
async def test_what_is_built_on_address_name_or_site_is_refused(make_app: MakeApp, password: str) -> None:
    client = make_app(PUBLIC_URL="https://hammerworks.example").test_client()
    person = {"email": "robert.builder@hammerworks.example", "name": "Zebedee", "password": password}
    response = await client.post("/signup", form=person)
    assert response.headers["Location"] == "/signup"


@pytest.mark.asvs("6.2.5", "6.2.9")
@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "  spaces around it  ",
        "\u4e94\u91cc\u9727\u4e2d\u306e\u732b\u306f\u8d70\u308b",
        "".join(chr(0x1F300 + number**3 % 701) for number in range(64)),
        "$9x\u00df&\u2603 no rules",
        "lowercasewordsonlyplease",
    ],
)
async def test_any_composition_is_welcome(client: Client, password: str) -> None:
    person = BOB | {"password": password}
    assert (await client.post("/signup", form=person)).headers["Location"] == "/login"
    await client.post("/login", form=person)
    assert await is_logged_in(client)


@pytest.mark.asvs("6.2.8", "15.2.2")
async def test_only_the_first_72_characters_are_rated_but_all_count(accounts: Accounts) -> None:
    """zxcvbn's time grows steeply with the length, so more is not fed to it."""
    password = "otter ladder violin " * 50
    await accounts.sign_up(**BOB | {"password": password})
    assert not await accounts.log_in(email=BOB["email"], password=password[:72])


@pytest.mark.asvs("15.2.2")
async def test_rating_happens_in_the_hashing_threads(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []

    def noted(_password: str, _context: list[str]) -> None:
        threads.append(threading.current_thread().name)

    monkeypatch.setattr(password_strength, "weakness", noted)
    await accounts.sign_up(**BOB)
    assert threads[0].startswith("hash")


def test_two_people_rated_at_once_are_not_mixed_up() -> None:
    """zxcvbn keeps the words it is given in one table for all threads."""
    wrong: list[str] = []

    def rate(own: str, other: str) -> None:
        for _ in range(40):
            refused = password_strength.weakness(own, [own]), password_strength.weakness(other, [own])
            wrong.extend([own] * (refused[0] is None or refused[1] is not None))

    names = ["vexilloid marmoset", "quixotic zeppelin"]
    threads = [threading.Thread(target=rate, args=pair) for pair in (names, names[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.asvs("14.2.4")
async def test_a_refused_password_is_nowhere_in_the_answer(app: Quart) -> None:
    client = app.test_client()
    response = await client.post("/signup", form=BOB | {"password": "qwertyuiop"}, **elsewhere())
    page = await client.get("/signup")
    for part in (str(response.headers), await response.get_data(as_text=True), await page.get_data(as_text=True)):
        assert "qwertyuiop" not in part


@pytest.mark.asvs("6.2.6", "6.2.7")
async def test_the_form_lets_password_managers_do_their_work(client: Client) -> None:
    for path, kind in (("/login", "current-password"), ("/signup", "new-password")):
        source = await (await client.get(path)).get_data(as_text=True)
        assert f'type="password" name="password" autocomplete="{kind}"' in source
        assert 'type="email" name="email"' in source
        assert re.search(r'autocomplete="username( webauthn)?"', source)
        assert "maxlength" not in source
        assert "onpaste" not in source


@pytest.mark.asvs("2.2.2", "6.2.1")
async def test_the_server_checks_what_the_form_asks_for(accounts: Accounts) -> None:
    with pytest.raises(InvalidPassword):
        await accounts.sign_up(**BOB | {"password": "1234567"})


@pytest.mark.asvs("2.4.1", "15.1.3", "15.2.2")
def test_no_password_that_a_search_finds_takes_long_to_rate() -> None:
    took, password = slow_passwords.search(4, random.Random(1))  # noqa: S311  # repeatable, and no secret
    assert took < 1, password


@pytest.mark.asvs("6.2.1")
def test_a_password_that_is_rated_in_part_is_not_refused_for_that() -> None:
    signs = "48({[<369!|10$57+%2@"
    for number in range(30):
        password = "".join(random.Random(number).sample(signs, len(signs)))  # noqa: S311  # repeatable, and no secret
        assert password_strength.weakness(password, []) is None
    assert password_strength.weakness("p4$$w0rd" * 9, []), "built of one word"
