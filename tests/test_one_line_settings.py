"""A secret that an editor or a clipboard has changed is refused: on the next machine it would be another one."""

from pathlib import Path

import pytest

from quart_auth_app.settings import Settings
from quart_auth_app.settings.sources import SECRETS
from tests.test_hostile_settings import KEY, PROVIDER, PROVIDERS_SECRET, refusal_of

SECRET = "canary-s3cr3t-" * 3

WRITTEN = [
    (
        f"\ufeff{SECRET}\r\n".encode(),
        "has a byte order mark in it, as some editors write; save it as UTF-8 without one",
    ),
    (f"{SECRET}\ufeff{SECRET}".encode(), "has a byte order mark in it"),
    (SECRET.encode("utf-16"), "is not text in UTF-8; save it as that"),
    (SECRET.encode("utf-16-le"), "has a NUL in it, as UTF-16 has; save it as UTF-8"),
    (SECRET.encode("utf-16-be"), "has a NUL in it"),
    (f"{SECRET}\n{SECRET}\n".encode(), "has more than one line; allowed: one line"),
    (f"{SECRET}\r\n{SECRET}".encode(), "has more than one line"),
    (f"{SECRET}\r{SECRET}".encode(), "has more than one line"),
    (f"{SECRET}\u2028{SECRET}".encode(), "has more than one line"),
    (f"{SECRET}\t{SECRET}".encode(), "has an invisible character in it, such as a tab; type it again"),
    (f"{SECRET}\x7f{SECRET}".encode(), "has an invisible character in it"),
    (f"{SECRET}\u200b{SECRET}".encode(), "has an invisible character in it"),
]


def refused(name: str, **given: object) -> str:
    others = ({} if name == "SECRET_KEY" else KEY) | (PROVIDER | {name: ""} if name == PROVIDERS_SECRET else {})
    said = refusal_of(others | given)
    assert "canary" not in said
    assert said.isprintable()
    return said


@pytest.mark.asvs("2.2.1", "13.3.1")
@pytest.mark.parametrize("name", [*SECRETS, PROVIDERS_SECRET])
@pytest.mark.parametrize(("content", "said"), WRITTEN)
def test_a_file_that_an_editor_or_a_clipboard_has_changed_is_refused(
    name: str, content: bytes, said: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(content)
    sentence = refused(name, **{f"{name}_FILE": str(tmp_path / "file")})
    assert sentence.startswith(name)
    assert said in sentence


@pytest.mark.asvs("2.2.1", "13.3.1")
@pytest.mark.parametrize("name", [*SECRETS, PROVIDERS_SECRET, "PUBLIC_URL", "SITE_NAME"])
@pytest.mark.parametrize(("content", "said"), [each for each in WRITTEN if b"\xff" not in each[0]])
def test_so_is_such_a_value_of_the_environment(name: str, content: bytes, said: str) -> None:
    sentence = refused(name, **{name: content.decode()})
    assert sentence.startswith(name)
    assert said in sentence


@pytest.mark.asvs("2.2.1", "13.3.2")
@pytest.mark.parametrize(("content", "said"), WRITTEN)
def test_so_is_such_a_key_beside_the_database(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    path.write_bytes(content)
    path.chmod(0o600)
    sentence = refused("SECRET_KEY", DATABASE_URL=f"sqlite:///{tmp_path}/db.sqlite")
    assert sentence.startswith(f"SECRET_KEY is not set and {path} {said}")


@pytest.mark.parametrize("end", ["", "\n", "\r\n", " \n\n"])
@pytest.mark.parametrize(
    "key",
    ["correct horse battery staple, and a pony", "合言葉　はとても長いのでだれにも分からないはずで👩\u200d💻す。" * 2],
)
def test_a_key_may_be_a_sentence_and_its_file_may_end_with_a_line(key: str, end: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{key}{end}", newline="")
    assert Settings.read({"SECRET_KEY_FILE": str(tmp_path / "key")}, {}).secret_key == key


@pytest.mark.parametrize("between", [",", ", ", ",\n", " ,\r\n\t"])
def test_earlier_keys_may_stand_in_a_line_each_with_a_comma(between: str) -> None:
    found = Settings.read(KEY | {"SECRET_KEY_FALLBACKS": f"{'a' * 32}{between}{'b' * 32}\n"}, {})
    assert found.secret_key_fallbacks == ("a" * 32, "b" * 32)


@pytest.mark.parametrize("name", ["DATABASE_URL", "MAIL_URL"])
@pytest.mark.parametrize("written", ["%00", "%FF"])
def test_an_address_hides_nothing_that_no_password_has(name: str, written: str) -> None:
    scheme = "postgresql" if name == "DATABASE_URL" else "smtp"
    for user, password in ((f"bob{written}", SECRET), ("bob", f"{SECRET}{written}")):
        assert refused(name, **{name: f"{scheme}://{user}:{password}@h"}).startswith(f"{name} is not an address")


def test_a_folder_of_mail_has_a_name_that_a_file_system_knows() -> None:
    assert refused("MAIL_URL", MAIL_URL="file:///var/a%00b").startswith("MAIL_URL is not an address")


def test_names_that_people_read_may_have_the_space_of_japanese() -> None:
    name = "山の　図書館"
    provider = {"OIDC_PROVIDERS": "ours", "OIDC_OURS_ISSUER": "https://id.example.com", "OIDC_OURS_CLIENT_ID": "us"}
    found = Settings.read(
        KEY | provider | {"OIDC_OURS_CLIENT_SECRET": SECRET, "SITE_NAME": name, "OIDC_OURS_LABEL": name}, {}
    )
    assert (found.site_name, found.providers[0].label) == (name, name)
    assert refused("MAIL_FROM", MAIL_FROM="ann　b@example.com").startswith("MAIL_FROM has a space")
