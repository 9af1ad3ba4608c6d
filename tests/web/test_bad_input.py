"""Bad input: a clear sentence to whoever sent it, never a 500."""

import os
import random
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from quart import Quart

from tests.people import BOB, EVE, Client, is_logged_in, notice, send

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PATHS = ["/login", "/signup"]


@pytest.mark.asvs("1.3.3", "2.2.1", "2.2.2", "15.3.5", "15.3.7")
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("password=x&name=x", "Please fill in the field “email” once."),
        ("email=a&email=b&password=x&name=x", "Please fill in the field “email” once."),
        ("email=a%00b&password=x&name=x", "The field “email” contains a character that is not text."),
        (f"email={'x' * 255}&password=x&name=x", "The field “email” takes at most 254 characters."),
        (
            f"email=bob%40example.com&name=x&password={'x' * 1025}",
            "A password has at most 1024 characters.",
        ),
        ("", "Please fill in the field “email” once."),
    ],
)
@pytest.mark.parametrize("path", PATHS)
async def test_wrong_fields_lead_back_with_a_sentence(client: Client, path: str, body: str, sentence: str) -> None:
    response = await client.post(path, data=body, headers=FORM)
    assert response.headers["Location"] == path
    assert await notice(client, path) == sentence


@pytest.mark.asvs("2.2.1")
@pytest.mark.parametrize(
    "body",
    [
        "email=%ED%A0%80&password=x&name=x",  # a lone surrogate
        "email=%FF&password=x&name=x",
        b"email=\xff&password=x&name=x",
        "&".join(f"field{number}=x" for number in range(51)),
    ],
)
@pytest.mark.parametrize("path", PATHS)
async def test_what_is_no_text_form_is_a_bad_request(client: Client, path: str, body: str) -> None:
    assert (await client.post(path, data=body, headers=FORM)).status_code == 400


@pytest.mark.asvs("1.3.3", "2.4.1")
@pytest.mark.parametrize("path", PATHS)
async def test_a_megabyte_of_password_is_too_large(client: Client, path: str) -> None:
    response = await client.post(path, form=BOB | {"password": "x" * 1_000_000})
    assert response.status_code == 413
    assert "The browser sent more than this page takes." in await response.get_data(as_text=True)


@pytest.mark.asvs("15.3.5")
@pytest.mark.parametrize("path", PATHS)
async def test_a_body_of_another_kind_is_an_empty_form(client: Client, path: str) -> None:
    kind = "multipart/form-data; boundary=x"
    await client.post(path, data='{"email": "bob@example.com"}', headers={"Content-Type": kind})
    assert await notice(client, path) == "Please fill in the field “email” once."


@pytest.mark.asvs("15.3.5")
@pytest.mark.parametrize("path", PATHS)
async def test_a_body_that_is_neither_a_form_nor_json_is_refused(client: Client, path: str) -> None:
    response = await client.post(path, data='{"email": "bob@example.com"}', headers={"Content-Type": "text/plain"})
    assert response.status_code == 415
    assert "This page takes forms, and objects of JSON." in await response.get_data(as_text=True)


@pytest.mark.asvs("15.3.5")
async def test_a_file_is_no_field(client: Client) -> None:
    part = 'Content-Disposition: form-data; name="email"; filename="a"\r\n\r\nbob@example.com'
    await client.post(
        "/login", data=f"--x\r\n{part}\r\n--x--\r\n", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert await notice(client, "/login") == "Please fill in the field “email” once."


@pytest.mark.asvs("3.3.5")
async def test_the_longest_refused_input_still_fits_into_a_cookie(client: Client) -> None:
    """Compressed, as the cookie is, even text without any pattern stays below what browsers drop."""
    dice = random.Random(7)  # noqa: S311  # repeatable, and no secret
    awkward = "".join(chr(dice.randrange(0x10000, 0x110000)) for _ in range(254))
    response = await client.post("/signup", form={"email": awkward, "name": awkward[:100], "password": "x"})
    assert len(response.headers["Set-Cookie"]) < 4096  # ASVS 3.3.5
    assert await notice(client, "/signup") == "Please enter a valid email address."


@pytest.mark.asvs("8.2.3", "15.3.3")
async def test_extra_fields_change_nothing(client: Client) -> None:
    await client.post("/signup", form=BOB | {"id": "7", "password_hash": "x", "email_key": "y"})
    await client.post("/login", form=BOB)
    assert await is_logged_in(client)


@pytest.mark.asvs("1.1.2", "1.2.1", "1.3.7", "3.2.2")
async def test_markup_in_a_name_is_shown_and_not_obeyed(client: Client) -> None:
    await client.post("/signup", form=EVE | {"name": "<img src=x onerror=alert(1)>{{7*7}}"})
    await client.post("/login", form=EVE)
    page = await (await client.get("/profile")).get_data(as_text=True)
    assert "Welcome, &lt;img src=x onerror=alert(1)&gt;{{7*7}}!" in page


anything = st.text(max_size=1200)
raw = st.binary(max_size=400).map(lambda body: b"email=" + body)


@pytest.mark.asvs("2.2.1")
@pytest.mark.usefixtures("unthrottled")
@settings(
    max_examples=int(os.environ.get("EXAMPLES", "150")),
    deadline=None,
    # Each example is a visitor of its own; that they all come to one site is as in life.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(path=st.sampled_from(PATHS), email=anything, name=anything, password=anything, next_page=anything)
async def test_arbitrary_text_is_never_a_server_error(
    app: Quart, path: str, email: str, name: str, password: str, next_page: str
) -> None:
    client = app.test_client()
    fields = {"email": email, "name": name, "password": password, "next": next_page}
    body = "&".join(f"{key}={quote(value.encode('utf-8', 'surrogatepass'))}" for key, value in fields.items())
    response = await client.post(path, data=body, headers=FORM)
    assert response.status_code in {302, 400}
    assert (await client.get(path)).status_code == 200


@pytest.mark.asvs("2.2.1")
@pytest.mark.usefixtures("unthrottled")
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(PATHS), body=raw)
async def test_arbitrary_bytes_are_never_a_server_error(app: Quart, path: str, body: bytes) -> None:
    response = await send(app.test_client(), "POST", path, data=body, headers=FORM)
    assert response.status_code in {302, 400}
