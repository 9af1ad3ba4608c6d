"""The least that a Quart application can do."""

from quart import Quart

app = Quart(__name__)


@app.get("/")
async def index() -> str:
    """Return the same few bytes each time."""
    return "<!DOCTYPE html><title>Nothing</title>"
