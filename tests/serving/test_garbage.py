"""What is loaded at the start is left out of garbage collections, which would hold up pages."""

import json
from pathlib import Path

from tests.servers import running
from tests.serving import loaded

SHARED = {"PYTHONPATH": str(Path(__file__).parents[2])}


def test_a_full_collection_looks_through_little_of_what_a_server_has_loaded(tmp_path: Path) -> None:
    with running(tmp_path, SHARED, application=loaded.APPLICATION) as server:
        counts = json.loads(server.visitor().get("/left-out").text)
    assert counts["left out"] > 50_000
    assert counts["looked through"] < counts["left out"] / 4
