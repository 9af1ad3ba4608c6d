"""schemathesis, which knows nothing of us but the document, finds nothing that goes against it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.site import APPLICATION
from tests.servers import ROOT, running

HERE = Path(__file__).parent

PATIENCE = 1800
"""Seconds; a run takes one minute on two cores that have nothing else to do, ten where they are shared by many."""


@pytest.mark.slow
@pytest.mark.asvs("2.2.1", "4.1.4")
def test_every_route_takes_and_answers_what_the_document_says(tmp_path: Path) -> None:
    settings = {
        "SECRET_KEY": "a key for tests, which is long enough",
        "ADMIN_SECOND_STEP": "optional",
        "PROXY_HOPS": "1",
        "MAIL_URL": f"file://{tmp_path}/inbox",
        "MAILED_LOGIN": "yes",
        "PYTHONPATH": str(ROOT),
    }
    with running(tmp_path, settings, application=APPLICATION) as server:
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")]
        command += ["run", f"{server.address}/openapi.json", "--max-examples", "2"]
        command += ["--header", "Accept: application/json"]
        hooks = {"SITE": server.address, "SCHEMATHESIS_HOOKS": "tests.api.schemathesis_hooks"}
        run = subprocess.run(
            command, cwd=tmp_path, env=os.environ | hooks | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
            capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert '"status": 500' not in server.log.read_text()
