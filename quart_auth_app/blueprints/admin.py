"""Pages for admins: people, and acts on their accounts."""

from quart import Blueprint, abort, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from quart_auth_app import clock
from quart_auth_app.accounts import access_keys, sessions
from quart_auth_app.accounts.credentials import passkeys, second_step, ways_in
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.passwords import policy
from quart_auth_app.accounts.roles import ADMIN
from quart_auth_app.blueprints.activity import title_of
from quart_auth_app.operations import acts, adding, directory, search
from quart_auth_app.web import charts
from quart_auth_app.web.forms.flashes import flash_one, typed_before
from quart_auth_app.web.forms.once_form import OnceForm
from quart_auth_app.web.forms.second_click import mark_forms
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import current_found, own_number
from quart_auth_app.web.identity.roles import role_required
from quart_auth_app.web.identity.sudo import sudo_required
from quart_auth_app.web.sentences.outcomes import ADMIN_DONE
from quart_auth_app.web.services import passwords, reading, services, transaction
from quart_auth_app.web.telemetry import security_log

admin = Blueprint("admin", __name__)

PERSON = OnceForm("admin.user", optional=("role", "email"), sender=own_number)
"""`grant` and `withdraw` need a role; `delete` needs the user's address, typed once more."""

ADD = OnceForm("admin.add", "email", "name", optional=("password",), sender=own_number)
"""The password is looked at only where no mail is sent."""


@admin.get("/admin")
@role_required(ADMIN)
async def overview() -> ResponseReturnValue:
    """Show sign-ups, log-ins and refusals of the last 30 days."""
    async with reading() as db:
        days = await services().daily_counts.days(db, now=clock.now())
    return await render_template("admin/overview.html", days=days, bars=charts.bars)


@admin.get("/admin/users")
@role_required(ADMIN)
async def users() -> ResponseReturnValue:
    """List people: `?search=` a number, or what an address or a name begins with; `?after=` goes on."""
    wanted = request.args.get("search", "").strip()
    async with reading() as db:
        page = await search.page(db, search=wanted, after=request.args.get("after", ""))
    return await render_template("admin/users.html", page=page, search=wanted)


@admin.get("/admin/users/add")
@role_required(ADMIN)
@sudo_required("Add a person")
async def add() -> ResponseReturnValue:
    """Show the form. The proof comes before it: a page that asks for one could not send the password again."""
    mark_forms()
    return await render_template("admin/add.html", min_password_length=policy.MIN_LENGTH, typed=typed_before())


@admin.post("/admin/users/add")
@role_required(ADMIN)
@sudo_required("Add a person")
@ADD.handles
async def add_post() -> ResponseReturnValue:
    """Create an account: by an invitation where mail is sent, otherwise with a first password."""
    given, here = await ADD.read(), services()
    by = acts.Admin(found=current_found(), browser=this_browser())
    invites, site = here.sender is not None, here.settings.site
    added = await adding.add(transaction, passwords(), **given, invites=invites, site=site, by=by)
    security_log.write("admin_act", user=by.user_id, act="add", on=added.id)
    return await added_person(added.id)


async def added_person(number: int) -> ResponseReturnValue:
    """Go on to the new person's page."""
    await flash_one(ADMIN_DONE, "success")
    return redirect(url_for("admin.user", number=number))


@ADD.again
async def added_already(number: int) -> ResponseReturnValue:
    """Answer the second click as the first one."""
    return await added_person(number)


@admin.get("/admin/users/<int:number>")
@role_required(ADMIN)
async def user(number: int) -> ResponseReturnValue:
    """Show one person's state, sessions, activity and factors."""
    mark_forms()
    async with reading() as db:
        found = await directory.named(db, who=str(number))
        active = await sessions.own(db, user_id=found.id, first=0, now=clock.now())
        events = await activity.page(db, user_id=found.id)
        state = await second_step.state(db, user_id=found.id)
        found_passkeys = list(await passkeys.own(db, user_id=found.id))
        keys = await access_keys.own(db, user_id=found.id, now=clock.now())
    return await render_template(
        "admin/user.html",
        user=found,
        sessions=active,
        events=events,
        titles={event.id: title_of(event) for event in events},
        state=state,
        passkeys=len(found_passkeys),
        access_keys=keys,
        has_password=found.password != ways_in.NO_PASSWORD,
        roles=sorted(services().settings.all_roles - {"user"}),
        typed=typed_before(),
    )


@admin.post("/admin/users/<int:number>/<act>")
@role_required(ADMIN)
@sudo_required("Change the account of user {number}")
@PERSON.handles
async def act_post(number: int, act: str) -> ResponseReturnValue:
    """Do one of `operations.acts.ACTS` to the account."""
    if act not in acts.ACTS:
        abort(404)
    given = await PERSON.read()
    by = acts.Admin(found=current_found(), browser=this_browser())
    async with transaction() as db:
        found = await directory.named(db, who=str(number))
        if act == "delete" and given["email"] != found.email:
            raise acts.NotConfirmed
        wish = acts.Wish(user=found, now=clock.now(), role=given["role"], known_roles=services().settings.all_roles)
        await acts.carry_out(db, act, wish, by=by)
    security_log.write("admin_act", user=by.user_id, act=act, on=number)
    return await done(act)


async def done(act: str) -> ResponseReturnValue:
    """Redirect with the sentence that it was done: to the person's page, or after a deletion to the list."""
    if act != "delete":
        return await PERSON.done(ADMIN_DONE)
    await flash_one(ADMIN_DONE, "success")
    return redirect(url_for("admin.users"))


@PERSON.again
async def done_again(_number: int) -> ResponseReturnValue:
    """Answer the second click as the first one."""
    return await done((request.view_args or {})["act"])
