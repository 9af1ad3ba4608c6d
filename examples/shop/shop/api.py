"""What the shop's own app on phones talks to."""

from quart import Blueprint, websocket
from quart.typing import ResponseReturnValue
from quart_auth import login_required
from quart_auth_app import current_user

from shop.models import current_customer

api = Blueprint("api", __name__)


@api.get("/api/me")
@login_required
async def me() -> ResponseReturnValue:
    """Say who is logged in."""
    born = current_customer.birthday
    return {"name": current_user.name, "email": current_user.email, "birthday": born and born.isoformat()}


@api.websocket("/live")
@login_required
async def live() -> None:
    """Answer questions while the session lasts."""
    await websocket.send(f"Welcome, {current_user.name}!")
    while True:
        question = str(await websocket.receive())
        await websocket.send(f"{question}? Ready in ten minutes.")
