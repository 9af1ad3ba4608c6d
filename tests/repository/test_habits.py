"""What people expect of a repository: commands that list themselves, CI that anybody can run, one version."""

import configparser
import os
import re
import shutil
import subprocess
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.repository.test_deploy import manifests

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(file for file in (ROOT / ".ci").iterdir() if file.suffix != ".py")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def loaded(name: str) -> Any:
    """Return a YAML file of the repository."""
    return yaml.safe_load((ROOT / name).read_text())


def test_bare_make_lists_every_documented_target_and_does_nothing_else() -> None:
    documented = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.M)
    assert len(documented) > 10
    printed = subprocess.run(["make", "--silent"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^  make ([a-z]+)  +\w", printed, re.M) == documented
    assert len(printed.splitlines()) == len(documented)


def test_every_documented_target_runs_though_a_folder_has_its_name() -> None:
    """Otherwise make calls it up to date, as it did with `mutants`: the faults of CI's last step were not tried."""
    makefile = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.M)
    assert set(re.findall(r"^([a-z-]+):.*##", makefile, re.M)) <= set(phony.split())


def test_the_version_is_the_same_everywhere() -> None:
    (newest, *_) = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    containers = [manifests()[kind]["spec"]["template"]["spec"]["containers"][0] for kind in ("Job", "Deployment")]
    assert {newest, *(container["image"].partition(":")[2] for container in containers)} == {PROJECT["version"]}


def test_the_project_names_no_address_that_is_not_there() -> None:
    assert not any(re.search(r"example\.|OWNER|TODO|your-", url) for url in PROJECT.get("urls", {}).values())


def test_how_to_report_a_vulnerability_is_said_without_an_address_that_nobody_reads() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    assert "private advisory" in text
    assert not re.search(r"\S@\S|https?://", text)
    for version in re.findall(r":: (3\.\d+)", "\n".join(PROJECT["classifiers"])):
        assert version in text, "every Python that is supported"


def test_the_workflow_runs_what_a_contributor_runs_on_a_stock_runner() -> None:
    workflow = loaded(".github/workflows/ci.yml")
    assert workflow["permissions"] == {"contents": "read"}
    (job,) = workflow["jobs"].values()
    assert job["runs-on"].startswith("ubuntu-")
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    assert "postgres" in job["services"]
    assert job["env"]["CI_POSTGRES_URL"].startswith("postgresql://")


@pytest.mark.parametrize(
    ("options", "led_to"),
    [
        (["MAIL_URL=log:", "BIND=localhost:9000"], "http://localhost:9000"),
        (["MAIL_URL=log:"], "http://localhost:8000"),
        (["MAIL_URL=log:", "BIND=0.0.0.0:9000"], ""),  # no address that a browser could open
        (["MAIL_URL=log:", "PUBLIC_URL=http://me.test"], "http://me.test"),
        (["BIND=localhost:9000"], None),
    ],
)
def test_the_links_that_make_run_prints_lead_to_the_port_it_serves(options: list[str], led_to: str | None) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("PUBLIC_URL", "MAIL_URL")}
    make = ["make", "--print-data-base", "--question", "run", *options]
    rules = subprocess.run(make, cwd=ROOT, env=environment, capture_output=True, text=True, check=False).stdout
    found = re.search(r"^run: PUBLIC_URL :?= ?(.*)$", rules, re.M)
    assert (found and found[1]) == led_to


def test_the_hooks_run_make_and_download_nothing() -> None:
    (repository,) = loaded(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    for hook in repository["hooks"]:
        assert hook["language"] == "system", hook
        command, *_, target = hook["entry"].split()
        assert (command, target in targets) == ("make", True), hook


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_what_ci_runs_lies_in_the_repository_and_changes_no_server_of_the_machine(script: Path) -> None:
    text = script.read_text()
    subprocess.run(["bash", "-n", str(script)], check=True)
    assert os.access(script, os.X_OK)
    assert not re.search(r"\.\./shared|pg_hba|pg_ctlcluster|/etc/postgresql", text)
    if script.name != "packages":
        assert "apt-get" not in text, "only .ci/packages installs, as it knows what to do without root"


def test_a_machine_that_lacks_a_program_is_told_which_package_has_it(tmp_path: Path) -> None:
    for name, body in {"id": "echo 1000", "sudo": "exit 1"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    run = subprocess.run(
        [ROOT / ".ci" / "packages", "sh=dash", "no-such-browser=browser", "no-such-proxy=proxy"],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 1
    assert "browser proxy" in run.stderr
    assert "dash" not in run.stderr


@pytest.mark.slow
def test_ci_brings_its_own_postgresql_and_leaves_nothing_of_it() -> None:
    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")) and not shutil.which("initdb"):
        pytest.skip("needs PostgreSQL's server programs")
    folder = Path(tempfile.mkdtemp())  # not tmp_path, whose parents are closed to the user that PostgreSQL runs as
    script = str(ROOT / ".ci" / "postgres")
    try:
        start = subprocess.run([script, "start", str(folder)], capture_output=True, text=True, check=False)
        assert start.returncode == 0, start.stderr
        query = ["psql", start.stdout.strip(), "-qAtc", "SELECT current_user"]
        assert subprocess.run(query, capture_output=True, text=True, check=True).stdout == "postgres\n"
        process = int((folder / "data" / "postmaster.pid").read_text().split()[0])
    finally:
        subprocess.run([script, "stop", str(folder)], capture_output=True, check=True)
    assert not folder.exists()
    end = time.monotonic() + 5  # an ended process stays listed until its parent has noticed
    while Path(f"/proc/{process}").exists():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_every_text_file_is_as_the_editorconfig_says() -> None:
    rules = configparser.ConfigParser(delimiters="=")
    rules.read_string("[top]\n" + (ROOT / ".editorconfig").read_text())
    assert rules["*"]["end_of_line"] == "lf"
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    if not files:
        pytest.skip("not a checkout")
    for name in files:
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b""
        if content and b"\0" not in content:
            assert b"\r" not in content, name
            assert content.endswith(b"\n"), name
            assert not re.search(rb"[ \t]$", content, re.M), name


def test_each_exception_for_a_tool_says_why() -> None:
    bare = re.compile(r"# (noqa(: [A-Z0-9, ]+)?|type: ignore(\[[a-z, -]+\])?|pragma: .*)$", re.M)
    not_ours = (".", "build")  # in the checkout: what it lies in may have any name
    files = [
        file
        for file in ROOT.rglob("*.py")
        if not any(part.startswith(not_ours) for part in file.relative_to(ROOT).parts)
    ]
    assert len(files) > 400
    assert [
        f"{file.relative_to(ROOT)}: {found[0]}" for file in files for found in bare.finditer(file.read_text())
    ] == []
