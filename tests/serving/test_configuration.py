"""A configuration file for `serve`: a key or value that hypercorn can't use is told with the names of file and key."""

import tomllib
from pathlib import Path

import pytest

from quart_auth_app.serving import configuration
from tests.servers import CONFIG


def sentence(content: str | bytes) -> str | None:
    """Return what is said of a file, None if it can be used."""
    file = Path("own.toml")
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    try:
        configuration.read(str(file))
    except configuration.WrongConfiguration as error:
        return str(error)
    return None


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_our_own_can_be_used() -> None:
    assert configuration.read(str(CONFIG)) == tomllib.loads(CONFIG.read_text())


@pytest.mark.parametrize(
    "content",
    [
        "bind = 'localhost:0'",
        "bind = ['localhost:0', 'unix:socket']",
        "keep_alive_timeout = 5",
        "read_timeout = 2.5",
        "websocket_ping_interval = 20",
        "accesslog = '-'",
        "errorlog = 'error.log'",
        "use_reloader = true",
        "umask = 0o077",
        "verify_mode = 2",
        "loglevel = 'Warning'",
        "worker_class = 'asyncio'",
        "root_path = '/shop'",
        "alpn_protocols = ['http/1.1']",
        "[logconfig_dict]\nversion = 1",
    ],
)
def test_values_of_hypercorns_kinds_are_taken(content: str) -> None:
    assert sentence(content) is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("workers = 'two'", "workers must be a whole number"),
        ("workers = true", "workers must be a whole number"),
        ("workers = 1.5", "workers must be a whole number"),
        ("workers = -1", "workers must not be negative"),
        ("keep_alive_timeout = nan", "keep_alive_timeout must not be negative"),
        ("keep_alive_timeout = '5'", "keep_alive_timeout must be a number"),
        ("bind = 5", "bind must be a list of texts or a text"),
        ("bind = ['localhost:0', 5]", "bind must be a list of texts or a text"),
        ("server_names = 'localhost'", "server_names must be a list of texts"),
        ("root_path = 5", "root_path must be a text"),
        ("keyfile_password = 12345", "keyfile_password must be a text"),
        ("debug = 1", "debug must be true or false"),
        ("debug = 'no'", "debug must be true or false"),
        ("backlog = 2024-01-01", "backlog must be a whole number"),
        ("verify_mode = 'CERT_REQUIRED'", "verify_mode must be a whole number"),
        ("logconfig_dict = 5", "logconfig_dict must be a table"),
        ("loglevel = 'loud'", "loglevel must be one of debug, info, warning, error, critical"),
        ("wokers = 2", "wokers is no setting of hypercorn's"),
        ("log = 'x'", "log is no setting of hypercorn's"),
        ("from_toml = 'x'", "from_toml is no setting of hypercorn's"),
        ("_bind = ['x']", "_bind is no setting of hypercorn's"),
        ("logger_class = 'x'", "logger_class is no setting of hypercorn's"),
        ("[hypercorn]\nworkers = 2", "hypercorn is no setting of hypercorn's"),
        ("accesslog = 'none/log'", "accesslog can't be used: No such file or directory"),
        ("pid_path = '/'", "pid_path can't be used: Is a directory"),
        ("keyfile = 'none'\ncertfile = 'none'", "keyfile can't be used: No such file or directory"),
        ("certfile = 'own.toml'", "certfile needs keyfile too; without both, hypercorn serves without TLS"),
    ],
)
def test_what_hypercorn_cannot_use_is_told_with_its_key(content: str, reason: str) -> None:
    assert sentence(content) == f"own.toml: {reason}"


def test_a_worker_class_is_one_that_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration, "find_spec", lambda name: name == "asyncio")
    assert sentence("worker_class = 'uvloop'") == "own.toml: worker_class must be one of asyncio"
    assert sentence("worker_class = 'threads'") == "own.toml: worker_class must be one of asyncio"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"bind = [", "Invalid value (at end of document)"),
        (b"\xef\xbb\xbfbind = 'localhost:0'", "Invalid statement (at line 1, column 1)"),
        ("bind = 'localhost:0'".encode("utf-16"), "'utf-8' codec can't decode byte"),
    ],
)
def test_what_is_no_toml_is_told(content: bytes, reason: str) -> None:
    assert str(sentence(content)).startswith(f"own.toml is no TOML in UTF-8: {reason}")


def test_a_certificate_that_cannot_be_used_is_told() -> None:
    told = str(sentence("certfile = 'own.toml'\nkeyfile = 'own.toml'"))
    assert told.startswith(f"own.toml: {configuration.TLS} can't be used: ")
