"""Mail servers that answer oddly, slowly or not at all: no mail is lost or sent for days, and operators read why."""

import base64
import subprocess
from pathlib import Path

import pytest

from quart_auth_app.mail import letters, smtp
from quart_auth_app.mail.transports import Delayed, Refused, Smtp, Unreachable
from tests.mail.odd_servers import CLOSE, HANG, PASSWORD, OddServer, serving
from tests.mail.test_transports import FROM, mail

BEFORE_THE_MAIL = ["greeting", "EHLO", "STARTTLS", "AUTH"]
ODD = {
    "in several lines": b"%d-first\r\n%d second",
    "in no UTF-8": b"%d n\xe4\xff",
    "with a NUL": b"%d a\0b",
    "with a terminal's commands": b"%d \x1b[2J\xe2\x80\xae",
    "without a text": b"%d",
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait shorter than a test should last."""
    monkeypatch.setattr(smtp, "TIMEOUT", 0.4)
    monkeypatch.setattr(smtp, "ACCEPTING", 0.4)
    monkeypatch.setattr(smtp, "LEAVING", 0.1)


async def send(
    server: OddServer, *, to: str = "bob@example.com", user: str = "", certificate: Path | None = None
) -> str:
    """Send a mail; return "sent", or how that failed and why."""
    async with serving(server, user=user, certificate=certificate) as url:
        try:
            await Smtp(url, host="localhost").send(mail(to), sender=FROM, recipient=letters.recipient(to))
        except (Refused, Delayed, Unreachable) as error:
            return f"{type(error).__name__}: {error}"
    return "sent"


async def check(server: OddServer, *, user: str = "") -> None:
    """Check the server as `doctor` does. Raises Unreachable."""
    async with serving(server, user=user) as url:
        await Smtp(url, host="localhost").check()


def offering(*extensions: str, **answers: bytes) -> OddServer:
    """Return a server with these extensions."""
    lines = [b"250-hello", *(f"250-{each}".encode() for each in extensions), b"250 HELP"]
    return OddServer({"EHLO": b"\r\n".join(lines), **answers})


@pytest.mark.parametrize(
    "answer", [HANG, CLOSE, b"421 closing", b"", b"no code", b"250-" + b"x" * 100_000, b"x" * 100_000]
)
@pytest.mark.parametrize("step", BEFORE_THE_MAIL)
async def test_before_the_mail_the_server_is_to_blame_and_no_mail(step: str, answer: bytes) -> None:
    """Otherwise each mail of the outbox would be tried, one after the other, and use up a try."""
    server = offering("AUTH PLAIN", *(["STARTTLS"] if step == "STARTTLS" else []), **{step: answer})
    assert (await send(server, user="user")).startswith("Unreachable: ")
    with pytest.raises(Unreachable):
        await check(server, user="user")


@pytest.mark.parametrize(("code", "kind"), [(451, "Delayed"), (550, "Refused"), (421, "Delayed"), (999, "Delayed")])
@pytest.mark.parametrize("step", ["RCPT", "DATA", "content"])
@pytest.mark.parametrize("odd", ODD)
async def test_a_refusal_is_told_in_one_line_that_every_database_stores(
    odd: str, step: str, code: int, kind: str
) -> None:
    answer = ODD[odd].replace(b"%d", str(code).encode())
    told = await send(OddServer({step: answer}))
    assert told.startswith(f"{kind}: {code}")
    assert told.isprintable()
    assert len(told) < 255


@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
@pytest.mark.parametrize("answer", [HANG, CLOSE, b"", b"no code", b"x" * 100_000, b"250 OK\r\n250 again"])
async def test_nonsense_instead_of_an_answer_delays_the_mail(step: str, answer: bytes) -> None:
    assert (await send(OddServer({step: answer}))).startswith(("Delayed: ", "Unanswered: "))


@pytest.mark.parametrize("answer", [HANG, CLOSE, b"", b"no code", b"x" * 100_000, b"200 fine"])
async def test_without_an_answer_to_the_whole_mail_it_may_have_arrived(answer: bytes) -> None:
    server = OddServer({"content": answer})
    assert (await send(server)).startswith("Unanswered: ")
    assert len(server.given) == 1


async def test_the_answer_to_the_whole_mail_may_take_longer_than_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "TIMEOUT", 0.1)
    monkeypatch.setattr(smtp, "ACCEPTING", 0.8)
    server = OddServer({"content": HANG})
    told = await send(server)
    assert "0.8 seconds" in told


@pytest.mark.parametrize("answer", [HANG, CLOSE, b"", b"421 closing", b"550 no", b"x" * 100_000])
async def test_after_the_servers_yes_nothing_makes_it_a_no(answer: bytes) -> None:
    """The mail would be sent again each hour, for three days."""
    server = OddServer({"QUIT": answer})
    assert await send(server) == "sent"
    await check(server)


@pytest.mark.parametrize(
    ("step", "answer"), [("MAIL", b"550 not your address"), ("RCPT", b"530 log in"), ("MAIL", b"530 TLS")]
)
async def test_what_is_wrong_with_the_settings_burns_no_mail(step: str, answer: bytes) -> None:
    assert (await send(OddServer({step: answer}))).startswith("Unreachable: 5")


async def test_a_sender_that_is_refused_beside_an_address_beyond_ascii_fails_that_mail_only() -> None:
    server = offering("SMTPUTF8", "8BITMIME", MAIL=b"555 what is SMTPUTF8?")
    assert (await send(server, to="bøb@example.com")).startswith("Refused: 555")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for this machine, with its key."""
    file = tmp_path / "both.pem"
    kind = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    command = f"openssl req -x509 {kind} -subj /CN=localhost -keyout {file} -out {tmp_path}/certificate.pem"
    subprocess.run(command.split(), check=True, capture_output=True)
    file.write_text(file.read_text() + (tmp_path / "certificate.pem").read_text())
    return file


async def test_with_tls_from_the_first_byte_an_address_beyond_ascii_goes(certificate: Path) -> None:
    server = offering("SMTPUTF8", "8BITMIME")
    assert await send(server, to="bøb@example.com", certificate=certificate) == "sent"
    assert "To: bøb@example.com".encode() in server.given[0]


@pytest.mark.parametrize(
    "secret",
    [PASSWORD, base64.b64encode(PASSWORD.encode()).decode(), base64.b64encode(f"\0user\0{PASSWORD}".encode()).decode()],
)
async def test_a_server_that_repeats_what_it_does_not_understand_tells_no_password(secret: str) -> None:
    for step in "AUTH", "RCPT":
        answers = {"AUTH": b"235 welcome", step: f"500 what is {secret}?".encode()}
        told = await send(offering("AUTH PLAIN", **answers), user="user")
        assert told.endswith(": 500 what is ***?")


async def test_a_filter_that_quotes_the_link_it_dislikes_tells_no_token() -> None:
    token = "ab2z" * 13
    quoted = f"550 https://example.com/reset-password?{token} or {token.upper()} is on a list"
    told = await send(OddServer({"content": quoted.encode()}))
    assert told == "Refused: 550 https://example.com/reset-password?*** or *** is on a list"
