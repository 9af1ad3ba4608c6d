"""The application with a page that tells how many objects garbage collections leave out, in a process of its own."""

import gc

from quart_auth_app import create_app

APPLICATION = "tests.serving.loaded:app"

app = create_app()


@app.get("/left-out")
async def left_out() -> dict[str, int]:
    """Count the objects that are left out of garbage collections, and those that are looked through."""
    return {"left out": gc.get_freeze_count(), "looked through": len(gc.get_objects())}
