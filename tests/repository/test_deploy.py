"""What deploys the application: the files agree with each other, and docs/deploy.md's commands do what they promise."""

import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from quart_auth_app.settings import NAMES, Settings
from tests import databases
from tests.cluster.databases import SETTINGS
from tests.conftest import MakeApp
from tests.people import BOB, EVE
from tests.servers import free_port

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UID = "10001"
OF_THE_IMAGE = {"BIND", "PROCESSES"}
"""Settings that the Dockerfile's CMD reads and the application doesn't."""


def documented(title: str, **variables: str) -> None:
    """Run the commands of docs/deploy.md that stand under this title."""
    (commands,) = re.findall(rf"^```sh\n# {title}\n(.*?)^```", (ROOT / "docs" / "deploy.md").read_text(), re.S | re.M)
    subprocess.run(["/bin/bash", "-euc", commands], cwd=ROOT, env=os.environ | variables, check=True)


def test_patronis_settings_in_the_document_are_those_that_are_tried() -> None:
    (shown,) = re.findall(r"^```yaml\n(ttl: .*?)^```", (ROOT / "docs" / "deploy.md").read_text(), re.S | re.M)
    assert yaml.safe_load(shown) == SETTINGS


async def can_log_in(make_app: MakeApp, url: str, person: dict[str, str]) -> bool:
    client = make_app(DATABASE_URL=url, SECRET_KEY=databases.SECRET_KEY).test_client()
    response = await client.post("/login", form={"email": person["email"], "password": person["password"]})
    return response.headers.get("Location") == "/profile"


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_sqlite_backup_has_what_was_there_and_restores(make_app: MakeApp, tmp_path: Path) -> None:
    file, backup = tmp_path / "db.sqlite", tmp_path / "backup.sqlite"
    url = f"sqlite:///{file}"
    client = make_app(DATABASE_URL=url, SECRET_KEY=databases.SECRET_KEY).test_client()
    await client.post("/signup", form=BOB)
    documented("Back up SQLite", DATABASE=str(file), BACKUP=str(backup))
    assert backup.stat().st_mode & 0o777 == 0o600
    await client.post("/signup", form=EVE)
    assert await can_log_in(make_app, url, EVE)
    restored = tmp_path / "restored.sqlite"
    shutil.copy(file, restored)  # what is to be replaced, with its log
    shutil.copy(f"{file}-wal", f"{restored}-wal")
    documented("Restore SQLite", DATABASE=str(restored), BACKUP=str(backup))
    assert await can_log_in(make_app, f"sqlite:///{restored}", BOB)
    assert not await can_log_in(make_app, f"sqlite:///{restored}", EVE)


@pytest.fixture
def empty_name() -> Iterator[str]:
    """The name of a database that is not there yet; gone afterwards."""
    name = f"quart_auth_app_restored_{os.getpid()}"
    yield name
    drop = f"dropdb --if-exists --force --maintenance-db='{databases.POSTGRES}' {name}"
    subprocess.run(["/bin/bash", "-euc", drop], check=True)


@pytest.mark.skipif(not databases.POSTGRES or not shutil.which("pg_dump"), reason="needs TEST_POSTGRES_URL and pg_dump")
@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_a_postgresql_backup_has_what_was_there_and_restores(
    make_app: MakeApp, new_database: databases.NewDatabase, tmp_path: Path, empty_name: str
) -> None:
    url, restored = new_database(), databases.address(empty_name)
    client = make_app(DATABASE_URL=url, SECRET_KEY=databases.SECRET_KEY).test_client()
    await client.post("/signup", form=BOB)
    backup = tmp_path / "backup"
    documented("Back up PostgreSQL", DATABASE_URL=url, BACKUP=str(backup))
    assert backup.stat().st_mode & 0o777 == 0o600
    await client.post("/signup", form=EVE)
    documented("Restore PostgreSQL", DATABASE_URL=url, BACKUP=str(backup), NEW=empty_name, NEW_URL=restored)
    assert await can_log_in(make_app, restored, BOB)
    assert not await can_log_in(make_app, restored, EVE)


@pytest.mark.slow
def test_new_workers_take_over_without_a_refused_connection(tmp_path: Path) -> None:
    """SIGHUP, as `systemctl reload` sends it, under clients that don't pause.

    hypercorn closes what it has accepted and not yet read a request from; docs/deploy.md says so.
    """
    port = free_port()
    command = [sys.executable, "-m", "quart_auth_app.cli", "serve", "--master", "--bind", f"127.0.0.1:{port}"]
    log = tmp_path / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=tmp_path, stdout=output, stderr=output)

    def started() -> int:
        return log.read_text().count("Running on")

    def status() -> int | str:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            connection.connect()
            try:
                connection.request("GET", "/")
                return connection.getresponse().status
            except ConnectionError:
                return "cut off"

    def until(times: int, limit: int = 20_000) -> set[int | str]:
        return {status() for _ in range(limit) if started() < times} | {status()}

    try:
        while started() < 1:
            assert server.poll() is None, log.read_text()
        with ThreadPoolExecutor(2) as clients:
            answers = [clients.submit(until, 2) for _ in range(2)]
            server.send_signal(signal.SIGHUP)
            assert {status for answer in answers for status in answer.result(120)} - {"cut off"} == {200}
    finally:
        server.terminate()
        assert server.wait(15) == 0


def secrets(folder: Path, *command: str) -> str:
    """Run deploy/make-secrets."""
    return subprocess.run(
        [DEPLOY / "make-secrets", *command],
        env=os.environ | {"SECRETS": str(folder)}, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip


def settings(folder: Path) -> Settings:
    """Read the settings as a container of compose.yaml does."""
    given = {
        f"{name}_FILE": str(folder / name.lower()) for name in ("DATABASE_URL", "SECRET_KEY", "SECRET_KEY_FALLBACKS")
    }
    return Settings.read({}, given)


def test_made_secrets_are_used_and_never_made_twice(tmp_path: Path) -> None:
    secrets(tmp_path / "a")
    secrets(tmp_path / "b")
    first = settings(tmp_path / "a")
    secrets(tmp_path / "a")
    assert settings(tmp_path / "a") == first
    assert first.database_url.password == (tmp_path / "a" / "database_password").read_text().strip()
    assert first.secret_key != settings(tmp_path / "b").secret_key
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700


def test_a_key_is_known_before_it_signs_and_believed_afterwards(tmp_path: Path) -> None:
    secrets(tmp_path)
    old = settings(tmp_path)
    secrets(tmp_path, "announce")
    announced = settings(tmp_path)
    secrets(tmp_path, "rotate")
    new = settings(tmp_path)
    assert announced.secret_key == old.secret_key
    assert announced.secret_key_fallbacks == (new.secret_key,)
    assert new.secret_key_fallbacks == (old.secret_key,)


@pytest.mark.parametrize("variable", ["DATABASE_URL", "DATABASE_URL_FILE"])
def test_a_databases_address_reaches_its_programs_by_the_environment_alone(tmp_path: Path, variable: str) -> None:
    address = "postgresql://bob:p%40ss%3Aw%2Ford@[::1]:5433/my%20accounts?sslmode=verify-full&pgbouncer=true"
    (tmp_path / "url").write_text(address + "\n")
    program = "tr '\\0' ' ' </proc/$$/cmdline >arguments; env"
    output = subprocess.run(
        [DEPLOY / "with-database", "sh", "-c", program],
        env=os.environ | {variable: address if variable == "DATABASE_URL" else str(tmp_path / "url")},
        cwd=tmp_path, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert (tmp_path / "arguments").read_text().strip() == f"sh -c {program}"
    found = {line for line in output.splitlines() if re.match("PG|DATABASE_URL", line)}
    assert found == {
        "PGHOST=::1",
        "PGPORT=5433",
        "PGUSER=bob",
        "PGPASSWORD=p@ss:w/ord",
        "PGDATABASE=my accounts",
        "PGSSLMODE=verify-full",
    }


def with_database(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a program that prints its environment."""
    return subprocess.run(
        [DEPLOY / "with-database", "env"],
        env=os.environ | settings, cwd=folder, check=False, capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (
            "postgresql://bob:s3/cr?e#t:@db1:5433,[::1],db2:5432/users",
            "PGDATABASE=users PGHOST=db1,::1,db2 PGPASSWORD=s3/cr?e#t: PGPORT=5433,,5432 "
            "PGTARGETSESSIONATTRS=read-write PGUSER=bob",
        ),
        ("postgres://bob:s3cr\u2100t@db/users", "PGDATABASE=users PGHOST=db PGPASSWORD=s3cr\u2100t PGUSER=bob"),
        ("postgresql:///users?host=/run/pg&port=5433", "PGDATABASE=users PGHOST=/run/pg PGPORT=5433"),
    ],
)
def test_an_address_that_the_application_takes_reaches_the_databases_programs(
    tmp_path: Path, address: str, expected: str
) -> None:
    output = with_database(tmp_path, DATABASE_URL=address).stdout
    assert " ".join(sorted(line for line in output.splitlines() if line.startswith("PG"))) == expected


@pytest.mark.parametrize(
    "address",
    [
        "",
        "sqlite:///s3cret.sqlite",
        "postgresql://u:s3cr@et@h/d",
        "postgresql://u:p@[s3cret/d",
        "postgresql://h:s3cret/d",
        "postgresql://u:s3cret\ns3cret@h/d",
    ],
)
def test_a_misused_with_database_says_so_in_a_sentence(tmp_path: Path, address: str) -> None:
    run = with_database(tmp_path, DATABASE_URL=address)
    assert run.returncode == 1
    assert run.stderr == "with-database: DATABASE_URL must be the address of a PostgreSQL database\n"


def test_a_file_that_with_database_cannot_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff s3cret")
    said = [with_database(tmp_path, DATABASE_URL_FILE=name).stderr for name in (".", "missing", "bytes")]
    start = "with-database: DATABASE_URL_FILE is a file that can't be read: "
    assert [each.removeprefix(start) for each in said] == [
        "Is a directory\n",
        "No such file or directory\n",
        "it is not text in UTF-8\n",
    ]


def test_a_misused_back_up_sqlite_says_so_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database, but a text that is long enough to be one " * 20)
    for arguments, said in (
        ([], "Usage: deploy/back-up-sqlite FROM TO"),
        (["one"], "Usage: deploy/back-up-sqlite FROM TO"),
        (["none", "copy"], "back-up-sqlite: there is no database file none"),
        (["text", "copy"], "back-up-sqlite: file is not a database"),
        (["text", "none/copy"], "back-up-sqlite: unable to open database: none/copy.part"),
    ):
        run = subprocess.run(
            [DEPLOY / "back-up-sqlite", *arguments], cwd=tmp_path, check=False, capture_output=True, text=True
        )
        assert (run.returncode, run.stderr) == (1, said + "\n")
    assert [each.name for each in tmp_path.iterdir()] == ["text"]


def test_the_operators_command_runs_as_the_service_does(tmp_path: Path) -> None:
    """It hands systemd what the unit says, and every argument as it was typed."""
    program = tmp_path / "systemd-run"
    program.write_text('#!/bin/sh\nprintf "%s\\0" "$@"\n')
    program.chmod(0o755)
    path, connection = f"{tmp_path}:{os.environ['PATH']}", "192.0.2.7 1 192.0.2.1 22"
    names = os.environ | {"PATH": path, "SUDO_USER": "ann", "SSH_CONNECTION": connection}
    typed = ["user", "add", "bob@example.com", "--name", "Bob  B. $HOME"]
    run = subprocess.run([DEPLOY / "operator-command", *typed], env=names, check=True, capture_output=True)
    given = run.stdout.decode().split("\0")[:-1]
    command = given.index("/opt/quart-auth-app/current/bin/quart-auth-app")
    assert given[command + 1 :] == typed
    unit = (DEPLOY / "quart-auth-app.service").read_text()
    for name in ("User", "WorkingDirectory", "UMask", "EnvironmentFile"):
        (value,) = re.findall(rf"^{name}=(.*)$", unit, re.M)
        assert f"--property={name}={value}" in given
    (url,) = re.findall(r"DATABASE_URL=(\S+)", unit)
    assert {f"--setenv=DATABASE_URL={url}", "--setenv=SUDO_USER=ann"} <= set(given)
    assert f"--setenv=SSH_CONNECTION={connection}" in given


def manifests() -> dict[str, Any]:
    """Return the objects of deploy/kubernetes.yaml, by their kind."""
    return {each["kind"]: each for each in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())}


def test_the_manifest_keeps_to_kubernetes_schemas(tmp_path: Path) -> None:
    secrets(tmp_path)
    for manifest in [*manifests().values(), yaml.safe_load(secrets(tmp_path, "kubernetes"))]:
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def test_job_and_deployment_run_the_same_thing_under_the_same_restrictions() -> None:
    job, deployment = (manifests()[kind]["spec"]["template"]["spec"] for kind in ("Job", "Deployment"))
    for name in ("securityContext", "volumes", "automountServiceAccountToken"):
        assert job[name] == deployment[name], name
    for name in ("image", "envFrom", "securityContext", "resources", "volumeMounts"):
        assert job["containers"][0][name] == deployment["containers"][0][name], name
    assert deployment["securityContext"]["runAsUser"] == int(UID)
    assert deployment["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True


def compose() -> Any:
    """Return compose.yaml."""
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_every_setting_that_is_handed_out_is_one() -> None:
    """A misspelt name would be ignored in silence."""
    known = {*NAMES, *(f"{name}_FILE" for name in NAMES), *OF_THE_IMAGE}
    assert set(compose()["services"]["app"]["environment"]) <= known
    assert set(manifests()["ConfigMap"]["data"]) <= known


@pytest.mark.asvs("13.2.3")
def test_services_are_closed_and_no_secret_has_a_default() -> None:
    services = compose()["services"]
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        for setting, value in service.get("environment", {}).items():
            if re.search("SECRET|PASSWORD|DATABASE_URL", setting):
                assert setting.endswith("_FILE"), setting
                assert value.removeprefix("/run/secrets/") in service["secrets"], setting
        assert set(service.get("secrets", [])) <= set(compose()["secrets"]), name
        assert set(service["networks"]) <= set(compose()["networks"]), name
        assert set(service.get("depends_on", {})) <= set(services), name
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert services["app"]["read_only"] is True
    assert services["app"]["environment"]["PUBLIC_URL"].startswith("${PUBLIC_URL:?")


def test_only_what_the_build_copies_gets_into_it() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    copied = {name for names in re.findall(r"^COPY (?!--from)(.*) \S+$", dockerfile, re.M) for name in names.split()}
    first, *allowed = (ROOT / ".dockerignore").read_text().split("\n", 1)[1].split()
    assert first == "*"
    assert {name.removeprefix("!") for name in allowed if name.startswith("!")} == copied
    assert f"USER {UID}:{UID}" in dockerfile


def test_the_unit_is_one_that_systemd_accepts(tmp_path: Path) -> None:
    """But for the program, which is not where it will be."""
    program = shutil.which("systemd-analyze") or pytest.skip("needs systemd-analyze")
    unit = (DEPLOY / "quart-auth-app.service").read_text()
    copy = tmp_path / "quart-auth-app.service"
    copy.write_text(unit.replace("/opt/quart-auth-app/current/bin/python", "/bin/true"))
    check = subprocess.run([program, "verify", str(copy)], capture_output=True, text=True, check=False)
    assert (check.returncode, check.stderr) == (0, "")


@pytest.mark.parametrize("site", ["https://accounts.example.com", "http://localhost:8080"])
def test_the_caddyfile_is_one_that_caddy_accepts(site: str, tmp_path: Path) -> None:
    if not shutil.which("caddy"):
        pytest.skip("needs caddy; .ci/image runs it")
    places = {"XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    command = ["caddy", "validate", "--adapter", "caddyfile", "--config", str(DEPLOY / "Caddyfile")]
    check = subprocess.run(
        command, env=os.environ | places | {"PUBLIC_URL": site}, capture_output=True, text=True, check=False
    )
    assert "Valid configuration" in check.stdout + check.stderr, check.stderr


def test_what_the_page_names_is_there() -> None:
    named = set(
        re.findall(
            r"(?<![\w/])(?:deploy/[\w.-]*\w|compose\.yaml|hypercorn\.toml)", (ROOT / "docs" / "deploy.md").read_text()
        )
    )
    assert len(named) > 5
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
