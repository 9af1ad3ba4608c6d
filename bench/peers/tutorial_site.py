"""The Flask tutorial's application: Flask-Login and Flask-SQLAlchemy as in the tutorial, with werkzeug's hash."""

import os

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user, logout_user
from flask_sqlalchemy import SQLAlchemy
from werkzeug.security import check_password_hash, generate_password_hash

from bench import people

db = SQLAlchemy()
auth = Blueprint("auth", __name__)
main = Blueprint("main", __name__)


class User(UserMixin, db.Model):  # type: ignore[name-defined,misc]  # db.Model is created at import
    """A person with an account."""

    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(100), unique=True)
    password = db.Column(db.String(255))
    name = db.Column(db.String(1000))


@main.route("/")
def index() -> str:
    """Show the home page."""
    return render_template("index.html")


@main.route("/profile")
@login_required
def profile() -> str:
    """Greet the user by name."""
    return render_template("profile.html", name=current_user.name)


@auth.route("/login")
def login() -> str:
    """Show the form."""
    return render_template("login.html")


@auth.route("/login", methods=["POST"])
def login_post() -> ResponseReturnValue:
    """Log in."""
    remember = bool(request.form.get("remember"))
    user = User.query.filter_by(email=request.form.get("email")).first()
    if not user or not check_password_hash(user.password, request.form.get("password") or ""):
        flash("Please check your login details and try again.")
        return redirect(url_for("auth.login"))
    login_user(user, remember=remember)
    return redirect(url_for("main.profile"))


@auth.route("/signup")
def signup() -> str:
    """Show the form."""
    return render_template("signup.html")


@auth.route("/signup", methods=["POST"])
def signup_post() -> ResponseReturnValue:
    """Create the account."""
    email, name, password = (request.form[field] for field in ("email", "name", "password"))
    if User.query.filter_by(email=email).first():
        flash("Email address already exists")
        return redirect(url_for("auth.signup"))
    db.session.add(User(email=email, name=name, password=generate_password_hash(password)))
    db.session.commit()
    return redirect(url_for("auth.login"))


@auth.route("/logout")
@login_required
def logout() -> ResponseReturnValue:
    """End the session."""
    logout_user()
    return redirect(url_for("main.index"))


def create_app() -> Flask:
    """Return the application."""
    app = Flask(__name__, template_folder="tutorial_templates")
    app.config["SECRET_KEY"] = "x" * 40
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:")
    db.init_app(app)
    logins = LoginManager()
    logins.login_view = "auth.login"
    logins.init_app(app)

    @logins.user_loader
    def load_user(user_id: str) -> User | None:
        return User.query.get(int(user_id))

    app.register_blueprint(auth)
    app.register_blueprint(main)
    return app


def prepare(users: int) -> None:
    """Create the tables and the users."""
    password = generate_password_hash(people.PASSWORD)
    with create_app().app_context():
        db.create_all()
        for number in range(users):
            db.session.add(User(email=people.email(number), name=f"Person {number}", password=password))
        db.session.commit()
