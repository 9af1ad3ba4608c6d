"""Django's contrib.auth with its own views: each logged-in request looks up session and user."""

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, LogoutView
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path


def index(request: HttpRequest) -> HttpResponse:
    """Show the home page."""
    return render(request, "index.html")


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Greet the user by name."""
    return render(request, "profile.html", {"name": request.user.first_name})


def signup(request: HttpRequest) -> HttpResponse:
    """Show the form, or create the account."""
    if request.method == "GET":
        return render(request, "signup.html")
    email, name, password = (request.POST[name] for name in ("username", "name", "password"))
    try:
        User.objects.create_user(email, email, password, first_name=name)
    except IntegrityError:
        return render(request, "signup.html", {"taken": True})
    return redirect("login")


urlpatterns = [
    path("", index, name="index"),
    path("profile", profile, name="profile"),
    path("login", LoginView.as_view(template_name="login.html"), name="login"),
    path("signup", signup, name="signup"),
    path("logout", LogoutView.as_view(), name="logout"),
]
