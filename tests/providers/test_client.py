"""The client of a provider against one that lies, is slow, or is away: nothing but the truth counts."""

import asyncio
import base64
import gzip
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as some
from joserfc import jwt
from joserfc.jwk import OctKey

from quart_auth_app.accounts.factors import provider_attempts as attempts
from quart_auth_app.accounts.factors.identities import NotProven, Proven
from quart_auth_app.accounts.factors.provider_attempts import Attempt
from quart_auth_app.accounts.provider_errors import AttemptTooLate, ProviderAway, ProviderDenied, ProviderRefused
from quart_auth_app.operations.doctor import about_providers
from quart_auth_app.providers import client, fetching, keys
from quart_auth_app.providers.client import Provider
from quart_auth_app.settings import Settings
from quart_auth_app.settings.providers import ProviderSettings
from tests.providers.fake import CLIENT_ID, CLIENT_SECRET, FIRST_KEY, Fake, Reply, as_json, new_key, serving

BACK = "http://localhost/login/with/fake/callback"


@pytest.fixture
async def fake() -> AsyncIterator[Fake]:
    """A provider that does everything right."""
    async with serving(Fake()) as started:
        yield started


def provider_of(fake: Fake, **changed: str) -> Provider:
    """Return our client of it."""
    own = {"name": "fake", "issuer": fake.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    return Provider(ProviderSettings(**{**own, "label": "Fake", **changed}))


def attempt(*, fresh: bool = False) -> Attempt:
    """Begin an attempt."""
    return attempts.new("fake", redirect_uri=BACK, fresh=fresh, now=datetime.now(UTC))


async def proven(fake: Fake, *, fresh: bool = False, provider: Provider | None = None) -> Proven:
    """Go to the provider and back."""
    provider = provider or provider_of(fake)
    begun, now = attempt(fresh=fresh), datetime.now(UTC)
    answer = fake.log_in(await provider.address(begun, now=now))
    return await provider.proven(begun, answer, now=now)


def seconds(value: object) -> object:
    """Return a span from now on as a token has it; any other value as it is."""
    return int((datetime.now(UTC) + value).timestamp()) if isinstance(value, timedelta) else value


async def test_who_comes_back_is_known(fake: Fake) -> None:
    assert await proven(fake) == Proven(fake.issuer, "bob-1", "bob@example.com", True, "Bob")


@pytest.mark.asvs("10.1.2", "10.2.1", "10.2.3")
async def test_each_attempt_has_a_state_a_nonce_and_a_hashed_verifier_of_its_own(fake: Fake) -> None:
    provider = provider_of(fake)
    one, other = attempt(), attempt()
    asked = [parse_qs(urlsplit(await provider.address(each, now=datetime.now(UTC))).query) for each in (one, other)]
    for name in ("state", "nonce", "code_challenge"):
        values = [each[name][0] for each in asked]
        assert len(set(values)) == 2
        assert min(map(len, values)) >= 43
    assert asked[0]["code_challenge_method"] == ["S256"]
    assert one.verifier not in str(asked)
    assert asked[0]["redirect_uri"] == [BACK]
    assert asked[0]["scope"] == ["openid email profile"]


@pytest.mark.asvs("11.6.1")
@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
async def test_signatures_of_all_our_algorithms_count(fake: Fake, algorithm: str) -> None:
    fake.algorithm, fake.key = algorithm, new_key("another", algorithm)
    fake.published = [{"kty": "of the future"}, "no key", fake.key.as_dict(private=False)]
    assert (await proven(fake)).subject == "bob-1"


WRONG_CLAIMS: list[tuple[str, Any]] = [
    ("iss", "https://elsewhere.example"), ("iss", None), ("iss", ["{issuer}"]), ("iss", "{issuer}/"),
    ("aud", "another client"), ("aud", None), ("aud", []), ("aud", [CLIENT_ID, "another client"]),
    ("aud", "our client "),
    ("azp", "another client"), ("azp", 1),
    ("nonce", "another nonce"), ("nonce", None), ("nonce", ""), ("nonce", True),
    ("exp", timedelta(seconds=-400)), ("exp", None), ("exp", "soon"), ("exp", True),
    ("exp", float("inf")), ("exp", float("nan")), ("exp", -1), ("exp", 10**30),
    ("iat", timedelta(seconds=-4000)), ("iat", timedelta(seconds=4000)), ("iat", None), ("iat", "now"),
    ("nbf", timedelta(seconds=4000)), ("nbf", "now"),
    ("sub", None), ("sub", ""), ("sub", 7), ("sub", "x" * 256),
    ("sub", "b\u00f6b"), ("sub", "bob\0"), ("sub", ["bob-1"]),
]  # fmt: skip


@pytest.mark.asvs("9.2.1", "9.2.3", "10.5.1", "10.5.3", "10.5.4")
@pytest.mark.parametrize(("name", "value"), WRONG_CLAIMS)
async def test_a_token_with_a_wrong_claim_proves_nothing(fake: Fake, name: str, value: object) -> None:
    if name == "iss" and value:
        value = json.loads(json.dumps(value).replace("{issuer}", fake.issuer))
    fake.claims = {name: seconds(value)}
    with pytest.raises(ProviderRefused) as refused:
        await proven(fake)
    assert refused.value.values["reason"] == name


@pytest.mark.asvs("6.8.2", "9.1.1", "9.1.2", "11.6.1")
@pytest.mark.parametrize(
    "wrong", [{"alg": "HS256"}, {"alg": "none"}, {"alg": None}, {"kid": "unknown"}, {"crit": ["x"], "x": 1}]
)
async def test_a_token_with_a_wrong_header_proves_nothing(fake: Fake, wrong: dict[str, Any]) -> None:
    begun, now, provider = attempt(), datetime.now(UTC), provider_of(fake)
    address = await provider.address(begun, now=now)
    answer = fake.log_in(address)
    fake.token = forged(fake, answer["code"], wrong)
    with pytest.raises(ProviderRefused):
        await provider.proven(begun, answer, now=now)


def forged(fake: Fake, code: str, header: dict[str, Any]) -> str:
    """Return a token with another header, signed as far as that can be."""
    _, payload, signature = fake.id_token(fake.codes[code]).split(".")
    if header.get("alg") == "HS256":
        public = json.dumps(FIRST_KEY.as_dict(private=False))
        claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
        return jwt.encode({"alg": "HS256", "kid": "first"}, claims, OctKey.import_key(public), algorithms=["HS256"])
    told = {name: value for name, value in {"alg": "RS256", "kid": "first", **header}.items() if value is not None}
    first = base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()
    return f"{first}.{payload}.{'' if header.get('alg') == 'none' else signature}"


@pytest.mark.parametrize(
    "token", ["", "a.b.c", "..", "{}", "e30.e30.", "e30.e30.e30.e30.e30", "\u00f6.\u00f6.\u00f6", "W10.e30.eA"]
)
async def test_what_is_no_token_proves_nothing(fake: Fake, token: str) -> None:
    fake.token = token
    with pytest.raises(ProviderRefused):
        await proven(fake)


@pytest.mark.parametrize("value", [["RS256"], {"RS256": 1}, 7, True, None, 1.5])
@pytest.mark.parametrize("name", ["alg", "kid", "crit", "typ"])
def test_a_token_whose_header_has_a_value_of_another_kind_proves_nothing(name: str, value: object) -> None:
    header = base64.urlsafe_b64encode(json.dumps({"alg": "RS256", name: value}).encode()).decode()
    with pytest.raises(NotProven):
        keys.verified(f"{header.rstrip('=')}.e30.AAAA", [FIRST_KEY.as_dict(private=False)])


@given(some.text(max_size=200))
def test_no_text_at_all_is_more_than_refused(token: str) -> None:
    with pytest.raises(NotProven):
        keys.verified(token, [FIRST_KEY.as_dict(private=False)])


@pytest.mark.asvs("6.8.2", "9.1.3")
async def test_a_token_signed_by_a_stranger_proves_nothing(fake: Fake) -> None:
    fake.key = new_key("first")
    with pytest.raises(ProviderRefused):
        await proven(fake)


@pytest.mark.asvs("11.6.1")
@pytest.mark.parametrize(
    "published",
    [
        [],
        "none",
        None,
        [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}],
        [{"kty": "RSA", "n": 171 * "_", "e": "AQAB"}],
        [{"kty": "oct", "k": "AAAA"}],
    ],
    ids=["none", "text", "null", "short", "1024 bits", "secret"],
)
async def test_a_set_without_a_usable_key_is_a_provider_that_is_away(fake: Fake, published: Any) -> None:
    fake.published = published
    with pytest.raises(ProviderAway):
        await proven(fake)


async def test_a_key_for_encryption_is_none_for_signatures(fake: Fake) -> None:
    fake.published = [FIRST_KEY.as_dict(private=False) | {"use": "enc"}, new_key("second").as_dict(private=False)]
    with pytest.raises(ProviderRefused):
        await proven(fake)


@pytest.mark.parametrize("given", [{"state": "another"}, {"state": None}, {"state": ""}])
@pytest.mark.asvs("10.2.1", "7.6.2")
async def test_an_answer_to_another_state_is_refused_without_a_question(fake: Fake, given: dict[str, Any]) -> None:
    fake.answer = given
    with pytest.raises(AttemptTooLate):
        await proven(fake)
    assert "/token" not in fake.asked


@pytest.mark.asvs("10.2.2")
@pytest.mark.parametrize("iss", ["https://elsewhere.example", "", None])
async def test_an_answer_of_another_provider_is_refused_without_a_question(fake: Fake, iss: str | None) -> None:
    fake.answer = {"iss": iss}
    with pytest.raises(ProviderRefused, match="iss of the answer"):
        await proven(fake)
    assert "/token" not in fake.asked


async def test_who_does_not_promise_to_name_itself_need_not_but_must_not_be_another(fake: Fake) -> None:
    fake.metadata = {"authorization_response_iss_parameter_supported": None}
    fake.answer = {"iss": None}
    assert (await proven(fake)).subject == "bob-1"
    fake.answer = {"iss": "https://elsewhere.example"}
    with pytest.raises(ProviderRefused, match="iss of the answer"):
        await proven(fake)


@pytest.mark.asvs("10.2.1")
async def test_a_code_of_somebody_elses_attempt_is_refused(fake: Fake) -> None:
    provider, now, mine, theirs = provider_of(fake), datetime.now(UTC), attempt(), attempt()
    stolen = fake.log_in(await provider.address(theirs, now=now))["code"]
    answer = fake.log_in(await provider.address(mine, now=now)) | {"code": stolen}
    with pytest.raises(ProviderRefused, match="invalid_grant"):
        await provider.proven(mine, answer, now=now)


async def test_an_id_token_of_an_earlier_attempt_is_refused(fake: Fake) -> None:
    provider, now, earlier = provider_of(fake), datetime.now(UTC), attempt()
    answer = fake.log_in(await provider.address(earlier, now=now))
    fake.token = fake.id_token(fake.codes[answer["code"]])
    with pytest.raises(ProviderRefused, match="nonce"):
        await proven(fake, provider=provider)


async def test_an_attempt_of_another_provider_is_refused(fake: Fake) -> None:
    begun, now = attempt(), datetime.now(UTC)
    answer = fake.log_in(await provider_of(fake).address(begun, now=now))
    with pytest.raises(AttemptTooLate):
        await provider_of(fake, name="other").proven(begun, answer, now=now)


@pytest.mark.parametrize("passed", [timedelta(minutes=10), timedelta(minutes=-6)])
async def test_an_attempt_is_over_after_ten_minutes(fake: Fake, passed: timedelta) -> None:
    begun, now = attempt(), datetime.now(UTC)
    answer = fake.log_in(await provider_of(fake).address(begun, now=now))
    with pytest.raises(AttemptTooLate):
        await provider_of(fake).proven(begun, answer, now=now + passed)


@pytest.mark.parametrize(("error", "told"), [("access_denied", "access_denied"), ("<b>\n", "another error")])
async def test_a_no_is_a_no_and_its_words_are_not_repeated(fake: Fake, error: str, told: str) -> None:
    fake.answer = {"code": None, "error": error, "error_description": "call 0800 12345"}
    with pytest.raises(ProviderDenied) as refused:
        await proven(fake)
    assert refused.value.values == {"reason": told, "label": "Fake"}


async def test_an_answer_without_a_code_is_refused(fake: Fake) -> None:
    fake.answer = {"code": None}
    with pytest.raises(ProviderRefused, match="no code"):
        await proven(fake)


@pytest.mark.asvs("10.1.1")
async def test_the_clients_secret_is_sent_as_the_provider_takes_it(fake: Fake) -> None:
    await proven(fake)
    fake.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    await proven(fake)
    encoded = base64.b64encode(b"our%20client:s%3Acret%2F%25").decode()
    assert fake.secrets == [f"Basic {encoded}", CLIENT_SECRET]


@pytest.mark.parametrize("said", [True, "true", 1, False, None])
async def test_an_address_is_verified_by_a_true_alone(fake: Fake, said: object) -> None:
    fake.person["email_verified"] = said
    assert (await proven(fake)).email_verified is (said is True)


@pytest.mark.parametrize("email", ["", 7, ["bob@example.com"], None])
async def test_what_is_no_text_is_no_address(fake: Fake, email: object) -> None:
    fake.person["email"] = email
    found = await proven(fake)
    assert (found.email, found.email_verified) == (None, False)


@pytest.mark.parametrize("name", ["", 7, ["Bob"], None])
async def test_what_is_no_text_is_no_name(fake: Fake, name: object) -> None:
    fake.person["name"] = name
    assert (await proven(fake)).name is None


@pytest.mark.parametrize("token", ["acc\u00e8s", "access\r\nX-Evil: 1", 7, None])
async def test_an_access_token_that_no_header_can_carry_is_not_sent(fake: Fake, token: object) -> None:
    fake.access_token, fake.user_info = token, fake.person
    fake.person = {"sub": "bob-1"}
    assert await proven(fake) == Proven(fake.issuer, "bob-1", None, False, None)


async def test_what_the_token_leaves_out_is_asked_for(fake: Fake) -> None:
    fake.user_info = fake.person
    fake.person = {"sub": "bob-1", "email_verified": True}
    assert await proven(fake) == Proven(fake.issuer, "bob-1", "bob@example.com", True, "Bob")
    fake.user_info = {"sub": "bob-1", "email": "eve@example.com"}
    assert not (await proven(fake)).email_verified, "what the token says belongs to no address"


@pytest.mark.parametrize("subject", ["eve-1", "amy-1", "BOB-1"])
async def test_user_info_of_somebody_else_is_refused(fake: Fake, subject: str) -> None:
    fake.user_info = {**fake.person, "sub": subject}
    fake.person = {"sub": "bob-1"}
    with pytest.raises(ProviderRefused, match="sub of the user info"):
        await proven(fake)


@pytest.mark.parametrize("auth_time", [timedelta(seconds=-4000), timedelta(seconds=4000), None, "now"])
@pytest.mark.asvs("6.8.4")
async def test_who_has_to_prove_it_anew_must_have_logged_in_there_just_now(fake: Fake, auth_time: object) -> None:
    assert (await proven(fake, fresh=True)).subject == "bob-1"
    fake.claims = {"auth_time": seconds(auth_time)}
    with pytest.raises(ProviderRefused, match="auth_time"):
        await proven(fake, fresh=True)
    assert (await proven(fake)).subject == "bob-1"


@pytest.mark.asvs("1.3.6")
@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token"])
@pytest.mark.parametrize(
    "reply",
    [
        (302, {"Location": "http://127.0.0.1:1/"}, b""),
        (200, {}, b" " * (fetching.MAX_BYTES + 1)),
        (200, {"Content-Encoding": "gzip"}, gzip.compress(b"{}")),
        (500, {}, b"{}"),
        (503, {}, b""),
        (429, {}, b"{}"),
        (200, {"Content-Length": "5"}, b"{}"),
        (200, {"Bad\x00Header": "x"}, b"{}"),
    ],
    ids=["redirect", "huge", "compressed", "500", "503", "429", "cut short", "broken"],
)
async def test_a_provider_that_answers_badly_is_away(fake: Fake, path: str, reply: Reply) -> None:
    fake.replies[path] = reply
    with pytest.raises(ProviderAway) as away:
        await proven(fake)
    assert away.value.values == {"label": "Fake", "retry_after": 10}


@pytest.mark.asvs("15.3.2")
async def test_no_redirect_of_a_provider_is_followed(fake: Fake) -> None:
    path = "/.well-known/openid-configuration"
    fake.replies["/moved"] = await fake.reply(path, {}, "")
    fake.replies[path] = (302, {"Location": f"{fake.issuer}/moved"}, b"")
    with pytest.raises(ProviderAway):
        await proven(fake)
    assert fake.asked == [path, path]


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys"])
@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 100_000, b"\xff", b'"x"'])
async def test_an_answer_that_is_no_object_is_none(fake: Fake, path: str, body: bytes) -> None:
    fake.replies[path] = 200, {}, body
    with pytest.raises(ProviderAway):
        await proven(fake)


async def test_a_token_answer_that_is_no_object_proves_nothing(fake: Fake) -> None:
    fake.replies["/token"] = 200, {}, b"[" * 100_000
    with pytest.raises(ProviderRefused, match="no ID token"):
        await proven(fake)


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token", "/me"])
async def test_nobody_waits_long_for_a_slow_provider(fake: Fake, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "SECONDS", 0.1)
    fake.user_info, fake.person = {}, {"sub": "bob-1"}
    fake.replies[path] = 30.0
    with pytest.raises(ProviderAway):
        await proven(fake)


async def test_nobody_waits_for_many_answers_that_are_each_in_time(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "SECONDS_IN_ALL", 0.1)
    fake.replies |= {"/token": 0.08, "/keys": 0.08}
    with pytest.raises(ProviderAway):
        await proven(fake)


async def test_a_provider_that_is_down_is_asked_once_in_ten_seconds(fake: Fake) -> None:
    provider, now = provider_of(fake, issuer=fake.issuer), datetime.now(UTC)
    fake.replies["/.well-known/openid-configuration"] = 500, {}, b""
    for seconds in (0, 0, 9):
        with pytest.raises(ProviderAway):
            await provider.address(attempt(), now=now + timedelta(seconds=seconds))
    assert len(fake.asked) == 1
    del fake.replies["/.well-known/openid-configuration"]
    await provider.address(attempt(), now=now + timedelta(seconds=10))


async def test_many_at_once_ask_once(fake: Fake) -> None:
    provider, now = provider_of(fake), datetime.now(UTC)
    await asyncio.gather(*(provider.address(attempt(), now=now) for _ in range(20)))
    await provider.address(attempt(), now=now + timedelta(minutes=59))
    assert len(fake.asked) == 1
    await provider.address(attempt(), now=now + timedelta(minutes=60))
    await provider.address(attempt(), now=now)
    assert len(fake.asked) == 3, "a clock that was set back makes it old"


async def test_where_nobody_listens_the_provider_is_away() -> None:
    async with serving(Fake()) as gone:
        pass
    with pytest.raises(ProviderAway):
        await proven(gone)


async def test_a_rotated_key_is_fetched_but_not_more_than_once_a_minute(fake: Fake) -> None:
    provider, begun = provider_of(fake), datetime.now(UTC)

    async def come_back(passed: int) -> None:
        now, own = begun + timedelta(seconds=passed), attempt()
        await provider.proven(own, fake.log_in(await provider.address(own, now=now)), now=now)

    await come_back(0)
    fake.key = new_key("second")
    with pytest.raises(ProviderRefused):
        await come_back(59)
    fake.published = [fake.key.as_dict(private=False)]
    await come_back(61)
    await come_back(62)
    assert fake.asked.count("/keys") == 2
    fake.key = new_key("never published")
    for _ in range(5):
        with pytest.raises(ProviderRefused):
            await come_back(90)
    assert fake.asked.count("/keys") == 2


async def test_a_token_without_a_key_number_is_tried_with_all_keys(fake: Fake) -> None:
    fake.header = {"kid": None}
    fake.published = [new_key("another").as_dict(private=False), FIRST_KEY.as_dict(private=False)]
    assert (await proven(fake)).subject == "bob-1"


@pytest.mark.asvs("10.5.3")
@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "https://elsewhere.example"},
        {"issuer": "{issuer}/"},
        {"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"},
        {"issuer": None},
        {"token_endpoint": "http://provider.example/token"},
        {"token_endpoint": None},
        {"jwks_uri": "ftp://provider.example/keys"},
        {"jwks_uri": 7},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "http://provider.example/authorize"},
        {"authorization_endpoint": "https://a b.example/"},
        {"userinfo_endpoint": "http://provider.example/me"},
    ],
)
async def test_a_discovery_document_that_lies_is_refused(fake: Fake, wrong: dict[str, Any]) -> None:
    fake.metadata = json.loads(json.dumps(wrong).replace("{issuer}", fake.issuer))
    with pytest.raises(ProviderAway):
        await proven(fake)
    assert set(fake.asked) == {"/.well-known/openid-configuration"}


async def test_only_https_is_asked() -> None:
    with pytest.raises(fetching.Unreachable, match="without https"):
        await fetching.fetch("http://provider.example/")


async def test_the_operator_reads_what_is_wrong(fake: Fake, caplog: pytest.LogCaptureFixture) -> None:
    assert await provider_of(fake).faults(now=datetime.now(UTC)) is None
    fake.replies["/keys"] = as_json({}, 404)
    assert await provider_of(fake).faults(now=datetime.now(UTC)) == "its keys answer with status 404"
    fake.replies["/token"] = as_json({"error": "invalid_client"}, 401)
    del fake.replies["/keys"]
    with pytest.raises(ProviderRefused):
        await proven(fake)
    assert "fake does not accept us: invalid_client" in caplog.text


def test_without_a_provider_nothing_of_it_is_loaded(tmp_path: Any) -> None:
    source = (
        "import sys; from quart_auth_app import create_app; create_app(); print({'httpx2', 'joserfc'} & {*sys.modules})"
    )
    run = subprocess.run([sys.executable, "-c", source], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"


async def test_doctor_says_which_provider_cannot_be_used(fake: Fake) -> None:
    config = {
        "DATABASE_URL": "sqlite://",
        "OIDC_PROVIDERS": "fake",
        "OIDC_FAKE_ISSUER": fake.issuer,
        "OIDC_FAKE_CLIENT_ID": CLIENT_ID,
        "OIDC_FAKE_CLIENT_SECRET": CLIENT_SECRET,
    }
    settings, now = Settings.read(config, {}), datetime.now(UTC)
    assert await about_providers(settings, now=now) == []
    fake.metadata = {"issuer": "https://elsewhere.example"}
    (said,) = await about_providers(settings, now=now)
    assert said.startswith("OIDC_FAKE_ISSUER: nobody can log in with Fake now: it calls itself 'https://elsewhere")
