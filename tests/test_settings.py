"""Settings: read once, checked, and refused with a sentence that says what to do."""

import os
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from quart_auth_app import create_app
from quart_auth_app.instance import SettingsError
from quart_auth_app.settings import Settings
from tests.conftest import MakeApp

GOOD_KEY = "k" * 32


@pytest.mark.asvs("2.2.1", "11.2.3", "13.2.3")
@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("DATABASE_URL", "mongodb://localhost/x", "sqlite:///"),
        ("DATABASE_URL", "nonsense", "sqlite:///"),
        ("DATABASE_URL", "sqlite://host/file", "sqlite:///"),
        ("SECRET_KEY", "k" * 31, "31 characters"),
        ("SECRET_KEY", "secret-key-goes-here-and-is-long-enough", "placeholder"),
        ("SECRET_KEY", "CHANGE_ME_CHANGE_ME_CHANGE_ME_CHANGE_ME", "placeholder"),
        ("PUBLIC_URL", "example.com", "'example.com'"),
        ("PUBLIC_URL", "ftp://example.com", "'ftp://example.com'"),
        ("PUBLIC_URL", "https://example.com/path", "without a path"),
        ("PUBLIC_URL", "https://:443", "host name"),
        ("PUBLIC_URL", "https://example.com:99999", "host name"),
        ("PROXY_HOPS", "-1", "from 0 up"),
        ("PROXY_HOPS", "many", "'many'"),
        ("WORKERS", "0", "from 1 up"),
        ("WORKERS", "\u0663", "from 1 up"),
    ],
)
def test_an_unusable_value_is_refused_by_name(make_app: MakeApp, setting: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        make_app(**{setting: value})
    assert str(refusal.value).startswith(setting)
    assert said in str(refusal.value)


@pytest.mark.asvs("16.2.5")
def test_a_refusal_never_shows_a_password() -> None:
    with pytest.raises(SettingsError) as refusal:
        create_app({"DATABASE_URL": "mysql://root:hunter2@localhost/db"})
    assert "hunter2" not in str(refusal.value)


def test_an_unknown_name_is_refused_but_quarts_own_are_handed_on(make_app: MakeApp) -> None:
    assert make_app(TESTING=True).testing
    with pytest.raises(SettingsError, match="PUBLIC_ULR is no setting"):
        make_app(PUBLIC_ULR="https://example.com")


def test_config_overrides_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "https://environment.example")
    settings = Settings.read({"PUBLIC_URL": "https://Config.example/", "SECRET_KEY": GOOD_KEY}, os.environ)
    assert settings.public_url == "https://config.example"


def test_none_means_not_given_and_a_list_of_keys_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    config = {"PUBLIC_URL": None, "SECRET_KEY": GOOD_KEY, "SECRET_KEY_FALLBACKS": ["a" * 32, "b" * 32]}
    settings = Settings.read(config, {"PUBLIC_URL": "https://environment.example"})
    assert settings.public_url == "https://environment.example"
    assert settings.secret_key_fallbacks == ("a" * 32, "b" * 32)


@pytest.mark.asvs("13.3.1")
def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{GOOD_KEY}\n")
    assert Settings.read({}, {"SECRET_KEY_FILE": str(tmp_path / "key")}).secret_key == GOOD_KEY
    with pytest.raises(SettingsError, match="SECRET_KEY and SECRET_KEY_FILE are both set"):
        Settings.read({}, {"SECRET_KEY": GOOD_KEY, "SECRET_KEY_FILE": str(tmp_path / "key")})
    with pytest.raises(SettingsError, match=r"SECRET_KEY_FILE is .* can't be read"):
        Settings.read({}, {"SECRET_KEY_FILE": str(tmp_path / "no such file")})


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_both_names_of_postgresql_are_known_and_need_a_key(scheme: str) -> None:
    url = f"{scheme}://user:p%40ss@db.example:5433/users?sslmode=verify-full"
    settings = Settings.read({"DATABASE_URL": url, "SECRET_KEY": GOOD_KEY}, {})
    assert settings.database_url.render_as_string(hide_password=False) == url.replace("postgres:", "postgresql:")
    with pytest.raises(SettingsError, match="SECRET_KEY is not set"):
        Settings.read({"DATABASE_URL": url}, {})


def test_the_defaults_are_the_contracts(tmp_path: Path) -> None:
    settings = Settings.read({}, {})
    assert settings.database_url.database == "instance/db.sqlite"
    assert (settings.public_url, settings.https, settings.proxy_hops, settings.workers) == (None, False, 0, 1)


@pytest.mark.asvs("9.1.3", "13.3.2")
def test_the_secret_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    first, second = create_app(), create_app()
    file = tmp_path / "instance" / "secret_key"
    assert first.secret_key == second.secret_key == file.read_text().strip()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((file.parent / "db.sqlite").stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert sorted(each.name for each in file.parent.iterdir()) == ["db.sqlite", "secret_key"]


@pytest.mark.slow
def test_workers_that_start_at_once_agree_on_the_key_and_the_tables(tmp_path: Path) -> None:
    code = (
        "import asyncio; from quart_auth_app import create_app; app = create_app(); print(app.secret_key);"
        "asyncio.run(app.extensions['quart_auth_app'].database.get_ready())"
    )

    def start(_: int) -> str:
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        return run.stdout

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(start, range(6)))) == 1


def test_an_in_memory_database_leaves_nothing_on_disk(make_app: MakeApp, tmp_path: Path) -> None:
    assert make_app(DATABASE_URL="sqlite://").secret_key != make_app(DATABASE_URL="sqlite://").secret_key
    assert list(tmp_path.iterdir()) == []


@pytest.mark.asvs("11.2.3")
def test_a_secret_key_file_that_was_emptied_is_no_key(tmp_path: Path) -> None:
    create_app()
    (tmp_path / "instance" / "secret_key").write_text("")
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        create_app()


@pytest.mark.parametrize("setting", [{}, {"SECRET_KEY": GOOD_KEY}])
def test_a_database_folder_that_cannot_be_made_is_said_without_a_traceback(
    tmp_path: Path, setting: dict[str, str]
) -> None:
    (tmp_path / "instance").write_text("a file where the folder belongs")
    run = subprocess.run(
        [sys.executable, "-c", "import quart_auth_app; quart_auth_app.create_app()"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | setting,
    )
    assert run.returncode == 1
    assert run.stderr.startswith("DATABASE_URL: the folder ")
    assert len(run.stderr.splitlines()) == 1


def test_a_file_that_is_no_database_is_said_by_name(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Dear diary, this is no database. " * 100)
    with pytest.raises(SettingsError, match=r"notes\.txt can't be used as a database"):
        create_app({"DATABASE_URL": f"sqlite:///{tmp_path}/notes.txt"})


def test_opening_a_database_again_drops_no_locks(tmp_path: Path) -> None:
    """POSIX lets go of all of a process's locks on a file as soon as one of its descriptors is closed.

    Then another process takes itself for the last one that uses the file, and deletes the others' write-ahead log.
    """
    file = tmp_path / "db.sqlite"
    create_app({"DATABASE_URL": f"sqlite:///{file}"})
    with closing(sqlite3.connect(file)) as user:
        user.execute("CREATE TABLE x (y)")
        create_app({"DATABASE_URL": f"sqlite:///{file}"})
        other = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM x'); c.close()"
        subprocess.run([sys.executable, "-c", other, str(file)], check=True)
        assert (tmp_path / "db.sqlite-wal").exists()
