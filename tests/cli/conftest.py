"""What the tests of the commands share."""

from pathlib import Path

import pytest

from quart_auth_app.cli import acts


@pytest.fixture(autouse=True)
def _no_system_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep tests' lines out of the machine's own log."""
    monkeypatch.setattr(acts, "SYSTEM_LOG", str(tmp_path / "no-system-log"))
