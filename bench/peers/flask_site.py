"""Flask-Login on Flask-SQLAlchemy: the user is looked up for each logged-in request, the session is a signed cookie."""

import os
import sqlite3

import bcrypt
from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user, logout_user
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event

from bench import people
from bench.peers import ROUNDS

db = SQLAlchemy()
logins = LoginManager()
logins.login_view = "pages.login"
pages = Blueprint("pages", __name__)


class User(UserMixin, db.Model):  # type: ignore[name-defined,misc]  # made when the module is loaded
    """A person with an account."""

    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(254), unique=True, nullable=False)
    password = db.Column(db.String(255), nullable=False)
    name = db.Column(db.String(100), nullable=False)


@logins.user_loader
def load_user(user_id: str) -> User | None:
    """Look the user up."""
    return db.session.get(User, int(user_id))


@pages.get("/")
def index() -> str:
    """Show the home page."""
    return render_template("index.html")


@pages.get("/profile")
@login_required
def profile() -> str:
    """Greet the user by name."""
    return render_template("profile.html", name=current_user.name)


@pages.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """Show the form, or log in."""
    if request.method == "GET":
        return render_template("login.html")
    user = db.session.scalar(db.select(User).filter_by(email=request.form["email"]))
    if user is None or not bcrypt.checkpw(request.form["password"].encode(), user.password.encode()):
        flash("These don't belong together.")
        return redirect(url_for("pages.login"))
    login_user(user, remember="remember" in request.form)
    return redirect(url_for("pages.profile"))


@pages.route("/signup", methods=["GET", "POST"])
def signup() -> ResponseReturnValue:
    """Show the form, or create the account."""
    if request.method == "GET":
        return render_template("signup.html")
    if db.session.scalar(db.select(User).filter_by(email=request.form["email"])):
        flash("There is such an account already.")
        return redirect(url_for("pages.signup"))
    db.session.add(
        User(email=request.form["email"], name=request.form["name"], password=_hash(request.form["password"]))
    )
    db.session.commit()
    return redirect(url_for("pages.login"))


@pages.post("/logout")
@login_required
def logout() -> ResponseReturnValue:
    """End the session."""
    logout_user()
    return redirect(url_for("pages.index"))


def create_app() -> Flask:
    """Return the application."""
    app = Flask(__name__, template_folder="flask_templates")
    app.config.update(SECRET_KEY="x" * 40, SQLALCHEMY_DATABASE_URI=f"sqlite:///{os.environ['DATABASE']}")
    db.init_app(app)
    logins.init_app(app)
    app.register_blueprint(pages)
    with app.app_context():
        event.listen(db.engine, "connect", _write_ahead)
    return app


def prepare(users: int) -> None:
    """Make the database."""
    password = _hash(people.PASSWORD)
    with create_app().app_context():
        db.create_all()
        for number in range(users):
            db.session.add(User(email=people.email(number), name=f"Person {number}", password=password))
        db.session.commit()


def _write_ahead(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA journal_mode = WAL")


def _hash(password: str) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(ROUNDS)).decode()
