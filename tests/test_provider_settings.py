"""OIDC_PROVIDERS and the settings of each provider: what is allowed, and sentences that show no secret."""

from pathlib import Path

import pytest

from quart_auth_app.instance import SettingsError
from quart_auth_app.settings import Settings
from quart_auth_app.settings.providers import ProviderSettings
from tests.conftest import MakeApp

GOOGLE: dict[str, str | None] = {
    "OIDC_PROVIDERS": "google",
    "OIDC_GOOGLE_ISSUER": "https://accounts.google.com",
    "OIDC_GOOGLE_CLIENT_ID": "our-id",
    "OIDC_GOOGLE_CLIENT_SECRET": "hunter2",
}
OTHER: dict[str, str | None] = {
    "OIDC_PROVIDERS": "google, our-login",
    "OIDC_OUR_LOGIN_ISSUER": "https://login.example.com/realms/ours/",
    "OIDC_OUR_LOGIN_CLIENT_ID": "other-id",
    "OIDC_OUR_LOGIN_CLIENT_SECRET": "hunter3",
    "OIDC_OUR_LOGIN_LABEL": "B\u00fccher \u65e5\u672c",
}


def read(**config: str | None) -> Settings:
    """Return the settings that these make."""
    return Settings.read({"DATABASE_URL": "sqlite://", **config}, {})


def test_four_settings_make_a_provider() -> None:
    (google, other) = read(**(GOOGLE | OTHER)).providers
    assert google == ProviderSettings("google", "https://accounts.google.com", "our-id", "hunter2", "Google")
    assert (other.name, other.label) == ("our-login", "B\u00fccher \u65e5\u672c")
    assert other.issuer.endswith("/"), "it is as the provider writes it"
    assert read().providers == ()


def test_they_come_from_the_environment_and_the_secret_from_a_file_too(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2\n")
    secret: dict[str, str | None] = {
        "OIDC_GOOGLE_CLIENT_SECRET": "",
        "OIDC_GOOGLE_CLIENT_SECRET_FILE": str(tmp_path / "secret"),
    }
    environment = {name: str(value) for name, value in (GOOGLE | secret).items()}
    (google,) = Settings.read({"DATABASE_URL": "sqlite://"}, environment).providers
    assert google.client_secret == "hunter2"


@pytest.mark.asvs("2.2.1", "13.2.3")
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"OIDC_PROVIDERS": "Google"}, "OIDC_PROVIDERS has 'Google'"),
        ({"OIDC_PROVIDERS": "a b"}, "lower-case letters"),
        ({"OIDC_PROVIDERS": "../x"}, "lower-case letters"),
        ({"OIDC_PROVIDERS": "bob:hunter2@example.com"}, "an address"),
        ({"OIDC_PROVIDERS": "google,google"}, "twice"),
        ({"OIDC_PROVIDERS": "x" * 31}, "at most 30"),
        ({"OIDC_PROVIDERS": "google,gitlab"}, "OIDC_GITLAB_ISSUER is not set"),
        ({"OIDC_GOOGLE_CLIENT_ID": None}, "OIDC_GOOGLE_CLIENT_ID is not set"),
        ({"OIDC_GOOGLE_CLIENT_SECRET": ""}, "OIDC_GOOGLE_CLIENT_SECRET is not set"),
        ({"OIDC_GOOGLE_ISSUER": "accounts.google.com"}, "https://"),
        ({"OIDC_GOOGLE_ISSUER": "http://accounts.google.com"}, "https://"),
        ({"OIDC_GOOGLE_ISSUER": "http://localhost.example.com"}, "https://"),
        ({"OIDC_GOOGLE_ISSUER": "ftp://localhost/"}, "https://"),
        ({"OIDC_GOOGLE_ISSUER": "https://bob:hunter2@accounts.google.com"}, "https://"),
        ({"OIDC_GOOGLE_ISSUER": "https://accounts.google.com/?a=b"}, "https://"),
        ({"OIDC_GOOGLE_ISSUER": "https://accounts.google.com/#a"}, "https://"),
        ({"OIDC_GOOGLE_ISSUER": "https://[::1"}, "https://"),
        ({"OIDC_GOOGLE_ISSUER": "https://a b/"}, "https://"),
        ({"OIDC_GOOGLE_ISSUER": "https://" + "a" * 250}, "https://"),
        ({"OIDC_GOOGLE_LABEL": "x" * 41}, "41 characters"),
        ({"OIDC_GOOGLE_CLIENTID": "x"}, "OIDC_GOOGLE_CLIENTID belongs to no provider"),
        ({"OIDC_PROVIDER": "google"}, "OIDC_PROVIDERS is probably meant"),
        (OTHER | {"OIDC_OUR_LOGIN_ISSUER": GOOGLE["OIDC_GOOGLE_ISSUER"]}, "two providers"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(wrong: dict[str, str | None], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(**GOOGLE | wrong)
    assert said in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("issuer", ["http://localhost:4000", "http://127.0.0.1:4000/oidc", "http://[::1]:4000"])
def test_http_is_for_this_machine_alone(issuer: str) -> None:
    assert read(**GOOGLE | {"OIDC_GOOGLE_ISSUER": issuer}).providers[0].issuer == issuer


def test_no_secret_of_a_provider_lands_where_others_read_it(make_app: MakeApp) -> None:
    app = make_app(**GOOGLE)
    assert not [name for name in app.config if name.startswith("OIDC")]
    assert "hunter2" not in repr(read(**GOOGLE).providers)
