"""Settings: read once, checked, and refused with a sentence that says what to do."""

import errno
import os
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest

from quart_auth_app import create_app, database_urls
from quart_auth_app.database.units_of_work import Database, DatabaseAway
from quart_auth_app.instance import SettingsError
from quart_auth_app.settings import NAMES, Settings
from tests.conftest import MakeApp
from tests.servers import CONFIG

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
        ("SECRET_KEY_FALLBACKS", "k" * 31, "fewer than 32 characters"),
        ("SECRET_KEY_FALLBACKS", "CHANGE_ME_CHANGE_ME_CHANGE_ME_CHANGE_ME", "placeholder"),
        ("SECRET_KEY_FALLBACKS", f"{'k' * 40}, django-insecure-and-long-enough-for-it", "placeholder"),
        ("PUBLIC_URL", "example.com", "'example.com'"),
        ("PUBLIC_URL", "ftp://example.com", "'ftp://example.com'"),
        ("PUBLIC_URL", "https://example.com/path", "without a path"),
        ("PUBLIC_URL", "https://:443", "host name"),
        ("PUBLIC_URL", "https://example.com:99999", "host name"),
        ("PROXY_HOPS", "-1", "from 0 up"),
        ("PROXY_HOPS", "many", "'many'"),
        ("WORKERS", "0", "from 1 up"),
        ("CSP_ALLOW", "https://cdn.example.com", "not a directive"),
        ("CSP_ALLOW", "default-src 'self'", "not a directive"),
        ("CSP_ALLOW", "frame-ancestors https://example.com", "not a directive"),
        ("CSP_ALLOW", "style-src", "names no source"),
        ("CSP_ALLOW", "style-src 'self'; STYLE-SRC https://a.example", "twice"),
        ("CSP_ALLOW", "style-src self", "needs its quotes: 'self'"),
        ("CSP_ALLOW", "script-src unsafe-inline", "needs its quotes"),
        ("CSP_ALLOW", "style-src cdn.example.com", "with its scheme"),
        ("CSP_ALLOW", "script-src *", "'*' is not a source"),
        ("CSP_ALLOW", "script-src https:", "'https:' is not a source"),
        ("CSP_ALLOW", "script-src data:", "'data:' is not a source"),
        ("CSP_ALLOW", "script-src https://a.example,https://b.example", "not a source"),
        ("CSP_ALLOW", "script-src 'nonce-abc'", "not a source"),
        ("CSP_ALLOW", "img-src http://bücher.example", "not a source"),
        ("CSP_ALLOW", "style-src https://bob:hunter2@example.com", "An address is not a source"),
        ("WORKERS", "\u0663", "from 1 up"),
        ("OPENAPI", "yes", "'yes'; allowed: on, off"),
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


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("PUBLIC_ULR", "PUBLIC_URL"),
        ("DATABSE_URL", "DATABASE_URL"),
        ("DATABASEURL", "DATABASE_URL"),
        ("DATABASE_URI", "DATABASE_URL"),
        ("database_url", "DATABASE_URL"),
        ("SECRET-KEY", "SECRET_KEY"),
        ("SECRET_KEY_FALLBACK", "SECRET_KEY_FALLBACKS"),
        ("SECRETKEY_FILE", "SECRET_KEY_FILE"),
        ("WORKER", "WORKERS"),
        ("PROXY_HOSP", "PROXY_HOPS"),
    ],
)
def test_a_misspelt_setting_is_refused_with_the_name_meant(make_app: MakeApp, name: str, meant: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is no setting; {meant} is probably meant$"):
        make_app(**{name: "x"})


def test_settings_of_the_sites_own_and_of_quart_are_handed_on(make_app: MakeApp) -> None:
    own = [
        "SHOP_NAME",
        "PROXY_HOST",
        "PROXY_PORT",
        "DATABASE",
        "DATABASE_NAME",
        "DATABASE_USER",
        "SHOP_DATABASE_URL",
        "SECRET",
        "SECRET_ID",
        "SECRET_TOKEN",
        "PUBLIC_KEY",
        "PUBLIC_PATH",
        "WORK",
        "WORKING_DAYS",
        "WORKER_COUNT",
        "METRICS",
        "METRICS_PORT",
        "BIND",
        "URL",
        "SITE_URL",
        "MAIL_SERVER",
        "SQLALCHEMY_DATABASE_URI",
        "API_SECRET_KEY",
        "SESSION_SECRET_KEY",
        "SECRET_KEY_BASE",
        "shop",
        "Å",
    ]
    app = make_app(TESTING=True, **dict.fromkeys(own, "x"))
    assert app.testing
    assert [app.config[name] for name in own] == ["x"] * len(own)
    assert "DATABASE_URL" not in app.config


HYPERCORN = "-m hypercorn --bind 127.0.0.1:0 --workers"


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (f"{HYPERCORN} 0 quart_auth_app:create_app()", 1),
        (f"{HYPERCORN} 1 quart_auth_app:create_app()", None),  # hypercorn_fixes/exit_code_zero.py says why
        ("-m quart_auth_app.cli serve --bind 127.0.0.1:0", 1),
        ("-m quart_auth_app.cli serve --bind 127.0.0.1:0 --master", 1),
        ("-m quart_auth_app.cli serve --bind 127.0.0.1:0 my_site:app", 1),
        (f"-m hypercorn --config {CONFIG} --bind 127.0.0.1:0 quart_auth_app:create_app()", 1),
        (f"{HYPERCORN} 0 my_site:app", 1),
        ("-m quart --app quart_auth_app run --port 0", 1),
        ("-m quart --app my_site routes", 1),
    ],
)
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"SECRET_KEY": "short"}, "SECRET_KEY has 5 characters"),
        ({"DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "DATABASE_URL: the database can't be used now: "),
    ],
)
def test_a_server_that_cannot_start_says_one_sentence(
    tmp_path: Path, command: str, status: int | None, settings: dict[str, str], said: str
) -> None:
    if "routes" in command and "DATABASE_URL" in settings:
        return  # it asks no database
    (tmp_path / "my_site.py").write_text("from quart_auth_app import create_app\napp = create_app()\n")
    environment = os.environ | {"SECRET_KEY": GOOD_KEY} | settings
    run = subprocess.run(
        [sys.executable, *command.split()], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert status in {None, run.returncode}
    assert [line for line in run.stderr.splitlines() if line.startswith(said)] == run.stderr.splitlines()[-1:]
    assert "Traceback" not in run.stdout + run.stderr


def test_for_who_calls_create_app_a_refusal_is_an_ordinary_exception() -> None:
    assert issubclass(SettingsError, ValueError)
    with pytest.raises(SettingsError):
        create_app({"SECRET_KEY": "short"})


SECRET = "hunter2"


@pytest.mark.asvs("16.2.5")
@pytest.mark.parametrize("before", ["", "u", "u:", "u@x:", "postgres", "a/b:"])
@pytest.mark.parametrize("scheme", ["postgresql://", "postgres://", "sqlite://", "postgresql:", "postgresql+x://", ""])
async def test_no_database_url_shows_a_part_of_its_password(before: str, scheme: str) -> None:
    """Whatever stands in the password; where the address can be used all the same, what is said when it is."""
    for mark in ["@", ":", "/", "?", "#", "%", "%zz", "[", "]", " ", "\\", "\n", "\0", "\udcff", "::", "@@", "é"]:
        for password in (f"{SECRET}{mark}{SECRET}", f"{mark}{SECRET}", f"x{mark}{SECRET}:{mark}{SECRET}"):
            error = await refusal_of(f"{scheme}{before}{password}@127.0.0.1:1/database")
            assert SECRET not in str(error)
            assert "\n" not in str(error)


async def refusal_of(url: str) -> Exception | None:
    """Return why this address can't be used, if it can't."""
    try:
        database = Database(Settings.read({"DATABASE_URL": url, "SECRET_KEY": GOOD_KEY}, {}).database_url)
    except SettingsError as error:
        return error
    try:
        await database.get_ready()
    except DatabaseAway as error:
        return error
    finally:
        await database.close()
    return None


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@h:0/x",
        "postgresql://u:p@h:65536/x",
        "postgresql://u:p@h:many/x",
        "postgresql://u:p@::1/x",
        "postgresql://u:p@h/x?host=@",
        "postgresql://u:p@h1:5432,/x",
        "postgresql://u:p@h1:0,h2/x",
        "postgresql://u:p@h1:many,h2/x",
        "postgresql://u:p@h1,h2:65536/x",
        "postgresql://u:p@h1,::1/x",
        "postgresql://u:p@a@h1,h2/x",
        "postgresql://u:p@h1,h2/x?host=h3",
        "postgresql://u:p@h1,h2/x?port=1",
        "postgresql://u:p@h1:1/x?host=h2&host=h3",
        "postgresql://u:p@h1,h2/x?target_session_attrs=any",
        "postgresql://u:p@h/x?target_session_attrs=standby",
        "sqlite://u:p@/x",
        "sqlite://:1/x",
        "sqlite:///x?timeout=many",
        "sqlite:///x\0y",
    ],
)
def test_a_database_url_is_looked_at_before_it_is_used(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^DATABASE_URL "):
        create_app({"DATABASE_URL": url, "SECRET_KEY": GOOD_KEY})


def test_a_database_url_may_have_an_ipv6_host_and_an_escaped_password() -> None:
    url = Settings.read(
        {"DATABASE_URL": "postgresql://u:p%40%3A%2F@[::1]:5433/x", "SECRET_KEY": GOOD_KEY}, {}
    ).database_url
    assert (url.host, url.port, url.password) == ("::1", 5433, "p@:/")


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("postgresql://u:p%2C@h1:5433,h2/x", [("h1", 5433), ("h2", 5432)]),
        ("postgres://h1,[::1]:5433,h3/x?target_session_attrs=read-write", [("h1", 5432), ("::1", 5433), ("h3", 5432)]),
        ("postgresql://u@/x?host=h1:5433&host=h2&target_session_attrs=primary", [("h1", 5433), ("h2", 5432)]),
        ("postgresql://u@h1/x", []),
        ("postgresql:///x?host=/run/postgresql", []),
    ],
)
def test_a_database_url_may_have_several_hosts(url: str, named: list[tuple[str, int]]) -> None:
    found = Settings.read({"DATABASE_URL": url, "SECRET_KEY": GOOD_KEY}, {}).database_url
    assert (database_urls.hosts(found), found.database) == (named, "x")


@pytest.mark.parametrize("name", ["DATABASE_URL", "SECRET_KEY", "SECRET_KEY_FALLBACKS"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        ("folder", "Is a directory"),
        (b"\xff" + SECRET.encode(), "not text in UTF-8"),
        (SECRET.encode() * 10_000, "more than 65536 bytes"),
        ("/dev/zero", "it is not a file"),
        (f"postgresql://u:{SECRET}@h/x", "No such file"),
        (f"{SECRET}\0", "."),
        ("x" * 5000, "File name too long"),
    ],
)
def test_a_file_that_holds_no_secret_is_said_without_what_it_holds(
    tmp_path: Path, name: str, content: bytes | str | None, said: str
) -> None:
    path = tmp_path / "secret"
    if content == "folder":
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    value = content if isinstance(content, str) and content != "folder" else str(path)
    with pytest.raises(SettingsError, match=rf"^{name}_FILE .*{said}") as refusal:
        Settings.read({}, {f"{name}_FILE": value})
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("name", [*NAMES])
@pytest.mark.parametrize("value", ["\udcff" * 40, f"postgresql://u:{SECRET}@h/x", f"{SECRET}@"])
def test_a_value_in_the_wrong_variable_is_not_shown(name: str, value: str) -> None:
    error: Exception | None = None
    try:
        Settings.read({}, {"SECRET_KEY": GOOD_KEY} | {name: value})
    except SettingsError as refusal:
        error = refusal
    assert SECRET not in str(error)
    assert not error or str(error).startswith(name)
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    "value",
    [
        "http://",
        "http:///",
        "http://u:p@h",
        "http://:p@h",
        "http://h/x",
        "http://h?x",
        "http://h?",
        "http://h#",
        "http://h:0",
        "http://h:x",
        "http://[::1",
        "http://[x]",
        "http://a b",
        "http://a%41",
        "//h",
        "h:80",
    ],
)
def test_a_public_url_is_a_host_and_nothing_else(value: str) -> None:
    with pytest.raises(SettingsError, match=r"^PUBLIC_URL "):
        Settings.read({"PUBLIC_URL": value, "SECRET_KEY": GOOD_KEY}, {})


def test_a_public_url_may_be_an_ipv6_address() -> None:
    assert Settings.read({"PUBLIC_URL": "http://[::1]:80/", "SECRET_KEY": GOOD_KEY}, {}).site == "::1"


@pytest.mark.asvs("13.3.2")
@pytest.mark.parametrize("mode", [0o666, 0o604, 0o602, 0o620, 0o640])
def test_a_secret_key_that_others_can_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    create_app()
    file = tmp_path / "instance" / "secret_key"
    file.chmod(mode)
    with pytest.raises(SettingsError, match=f"is open to other users of this machine; run: chmod go= {file}$"):
        create_app()
    file.chmod(0o600)
    assert create_app().secret_key == file.read_text().strip()


def test_a_key_that_a_full_disk_has_no_room_for_is_one_sentence_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SettingsError, match=r"can't be used: No space left on device$"):
        create_app()
    assert [*(tmp_path / "instance").iterdir()] == []


@pytest.mark.asvs("13.3.2")
def test_a_secret_key_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_app()
    file = tmp_path / "instance" / "secret_key"
    if os.geteuid() == 0:
        os.chown(file, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(SettingsError, match="belongs to another user"):
        create_app()


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
def test_a_database_folder_that_cannot_be_made_is_said(tmp_path: Path, setting: dict[str, str]) -> None:
    (tmp_path / "instance").write_text("a file where the folder belongs")
    run = subprocess.run(
        [sys.executable, "-c", "import quart_auth_app; quart_auth_app.create_app()"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | setting,
    )
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].startswith("quart_auth_app.instance.SettingsError: DATABASE_URL: the folder ")


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
