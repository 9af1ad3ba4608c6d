"""The page of the account's activity."""

from collections import defaultdict

from quart import Blueprint, render_template, request
from quart.typing import ResponseReturnValue
from quart_auth import login_required

from quart_auth_app.accounts.history import activity as domain
from quart_auth_app.accounts.history.activity_kinds import KINDS
from quart_auth_app.models import SecurityEvent
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.sentences import filled
from quart_auth_app.web.services import reading

activity = Blueprint("activity", __name__)


@activity.get("/account/activity")
@login_required
async def overview() -> ResponseReturnValue:
    """Show the security log, newest first; `?before=` an event's number shows older ones."""
    before = domain.number(request.args.get("before", ""))
    async with reading() as db:
        events = await domain.page(db, user_id=current_user.id, before=before)
    older = events[-1].id if len(events) == domain.PAGE else None
    return await render_template(
        "account/activity.html",
        events=events,
        titles={event.id: title_of(event) for event in events},
        older=older,
        days=domain.KEEP.days,
    )


def title_of(event: SecurityEvent) -> str:
    return filled(KINDS.get(event.kind, event.kind), defaultdict(str, event.details))
