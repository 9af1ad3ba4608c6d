"""The shop's pages."""

from quart import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, session, url_for
from quart.typing import ResponseReturnValue
from quart_auth import login_required
from quart_auth_app import User, current_user, reading, role_required, sudo_required, transaction, translated
from sqlalchemy import delete, func, select

from shop.models import Order

pages = Blueprint("pages", __name__)

DISHES = {"soup": 4, "bread": 2}


@pages.get("/")
async def home() -> str:
    """Show the dishes."""
    async with reading() as db:
        customers = await db.scalar(select(func.count(User.id)))
    return await render_template("index.html", dishes=DISHES, customers=customers)


@pages.post("/cart/<dish>")
@login_required
async def add(dish: str) -> ResponseReturnValue:
    """Put a dish into the cart."""
    if dish not in DISHES:
        abort(404, "That dish is sold out.")
    session["cart"] = [*session.get("cart", []), dish]
    await flash(translated("One {dish} for {name}.", dish=dish, name=current_user.name), "success")
    return redirect(url_for("pages.cart"))


@pages.get("/cart")
@login_required
async def cart() -> str:
    """Show what somebody wants to buy."""
    chosen = session.get("cart", [])
    return await render_template("cart.html", chosen=chosen, total=sum(DISHES[dish] for dish in chosen))


@pages.post("/orders")
@login_required
async def order() -> ResponseReturnValue:
    """Order what is in the cart."""
    async with transaction() as db:
        db.add_all(Order(user_id=current_user.id, dish=dish) for dish in session.pop("cart", []))
    await flash("Thank you.", "success")
    return redirect(url_for("pages.cart"))


@pages.post("/orders/cancel")
@sudo_required("Cancel your orders")
async def cancel() -> ResponseReturnValue:
    """Cancel all that somebody has ordered."""
    async with transaction() as db:
        await db.execute(delete(Order).where(Order.user_id == current_user.id))
    await flash("Your orders are cancelled.", "success")
    return redirect(url_for("pages.cart"))


@pages.get("/kitchen")
@role_required("cook")
async def kitchen() -> ResponseReturnValue:
    """Tell the cooks what to cook."""
    async with reading() as db:
        return [*await db.scalars(select(Order.dish).order_by(Order.id))]


@pages.post("/letters")
async def write_to_us() -> Response:
    """Take a letter, which may be longer than any form of the accounts."""
    letter = (await request.form)["letter"]
    current_app.add_background_task(read_letter, letter)
    return Response("Thank you.", content_type="text/plain")


async def read_letter(letter: str) -> None:
    """Read a letter after the visitor has had an answer."""
    async with reading() as db:
        customers = await db.scalar(select(func.count(User.id)))
    current_app.logger.info("a letter of %s characters; we have %s customers", len(letter), customers)
