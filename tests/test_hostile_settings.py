"""Every way in which settings and their files can be wrong ends in one sentence, at once, and without a secret."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from quart_auth_app.instance import SettingsError
from quart_auth_app.settings import ALL_NAMES, Settings
from quart_auth_app.settings.providers import names
from quart_auth_app.settings.sources import SECRETS

CANARY = "canary-s3cr3t"
KEY = {"SECRET_KEY": "k" * 40}
PROVIDER = {"OIDC_PROVIDERS": "google"} | dict(
    zip(names("google"), ("https://accounts.google.com", "our-id", "hunter2", "Google"), strict=True)
)
PROVIDERS_SECRET = "OIDC_GOOGLE_CLIENT_SECRET"
HOSTILE: list[object] = [
    *("\0" + CANARY, CANARY + "\n" + CANARY, "x" * 100_000, "\udcff" + CANARY, "9" * 5_000, "\u0663", "-1", ",", "%", "http://["),
    *(f"{scheme}://u:{CANARY}{rest}" for scheme in ("postgresql", "postgres", "smtp", "smtps", "http", "sqlite", "file")
      for rest in ("@@h/d", ":x@h/d", "%@h/d", "/x@h:99999/d", "@[::1/d", "@h/d?x=@", "@h:0", "@", "%zz@h")),
    # Secrets put into the wrong variable: as Google, GitHub and Microsoft make them, and as we do.
    f"GOCSPX-{CANARY}-{'x' * 15}", f"{CANARY}{'0' * 30}", f"{CANARY}~{'a' * 28}", f"{CANARY}{'Az09_-' * 6}",
    *(b"bytes", 1.5, True, {}, object()),
]  # fmt: skip


def refusal_of(config: Mapping[str, object]) -> str:
    """Return the sentence, or nothing where the settings will do."""
    said: SettingsError | None = None
    try:
        Settings.read(config, {}, create=False)
    except SettingsError as error:
        said = error
    # The message of the cause may have the value in it.
    assert not said or said.__suppress_context__ or not said.__context__
    return str(said or "")


@pytest.mark.asvs("2.2.1", "16.2.5")
@pytest.mark.parametrize("name", ALL_NAMES)
def test_a_hostile_value_is_one_sentence_without_a_secret(name: str) -> None:
    for value in HOSTILE:
        said = refusal_of(KEY | {name: value})
        assert CANARY not in said, value
        assert said.isprintable(), value
        assert len(said) < 2_500, value


@pytest.mark.asvs("2.2.1", "16.2.5")
@pytest.mark.parametrize("name", [*PROVIDER, f"{PROVIDERS_SECRET}_FILE"])
def test_a_hostile_value_for_a_provider_is_one_sentence_without_a_secret(name: str) -> None:
    for value in HOSTILE:
        said = refusal_of(KEY | PROVIDER | {name: value})
        assert CANARY not in said, value
        assert "hunter2" not in said, value
        assert said.isprintable(), value
        assert len(said) < 2_500, value


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Files that hold no secret, though they lie where one belongs."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    contents = {"latin": b"\xff" + CANARY.encode(), "big": CANARY.encode() * 10_000, "missing": None}
    for name, content in contents.items():
        if content:
            (tmp_path / name).write_bytes(content)
    return [
        *(tmp_path / name for name in ("folder", "pipe", *contents)),
        Path("/dev/zero"),
        Path("/dev/null/x"),
        Path("a\0"),
    ]


@pytest.mark.asvs("2.2.1", "13.3.1")
@pytest.mark.parametrize("name", [*SECRETS, PROVIDERS_SECRET])
def test_what_is_no_file_with_a_secret_is_refused_at_once(name: str, files: list[Path]) -> None:
    for file in files:
        given = ({} if name == "SECRET_KEY" else KEY) | (PROVIDER | {name: ""} if name == PROVIDERS_SECRET else {})
        said = refusal_of(given | {f"{name}_FILE": str(file)})
        assert said.startswith(f"{name}_FILE "), file
        assert CANARY not in said
        assert said.isprintable()


@pytest.mark.asvs("2.2.1", "13.3.1")
@pytest.mark.parametrize("name", [*SECRETS, PROVIDERS_SECRET])
@pytest.mark.parametrize("content", ["", " \r\n\n"])
def test_an_empty_file_is_no_setting_that_was_left_out(name: str, content: str, tmp_path: Path) -> None:
    """Else a secret that was not handed out would start the site with an empty database, or without mail."""
    (tmp_path / "file").write_text(content)
    given = ({} if name == "SECRET_KEY" else KEY) | (PROVIDER | {name: ""} if name == PROVIDERS_SECRET else {})
    said = refusal_of(given | {f"{name}_FILE": str(tmp_path / "file")})
    assert said == ("" if name == "SECRET_KEY_FALLBACKS" else f"{name}_FILE is a file with nothing in it")


@pytest.mark.asvs("2.2.1", "13.3.2")
@pytest.mark.parametrize("kind", ["folder", "pipe", "latin", "big", "empty", "for everybody"])
def test_a_key_beside_the_database_that_is_none_is_refused_at_once(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path, 0o600)
    else:
        content = {"latin": b"\xff" * 50, "big": b"x" * 100_000, "empty": b""}.get(kind, b"x" * 50)
        path.write_bytes(content)
        path.chmod(0o666 if kind == "for everybody" else 0o600)
    said = refusal_of({"DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite"})
    assert said
    assert said.isprintable()


@pytest.mark.parametrize("name", ["WORKERS", "PROXY_HOPS"])
def test_a_number_that_nobody_means_is_refused(name: str) -> None:
    assert refusal_of(KEY | {name: "1000000"}) == f"{name} is '1000000'; allowed: a whole number up to 1000"
