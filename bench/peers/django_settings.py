"""The settings that `startproject` writes, without the admin. On PostgreSQL connections persist, as Django advises."""

import os
from urllib.parse import urlsplit

SECRET_KEY = "x" * 50
DEBUG = False
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
ROOT_URLCONF = "bench.peers.django_pages"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [os.path.join(os.path.dirname(__file__), "django_templates")],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
_URL = urlsplit(os.environ["DATABASE_URL"])
SQLITE = {"ENGINE": "django.db.backends.sqlite3", "NAME": _URL.path.removeprefix("/")}
POSTGRESQL = {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": _URL.path.removeprefix("/"),
    "USER": _URL.username,
    "PASSWORD": _URL.password,
    "HOST": _URL.hostname,
    "PORT": _URL.port,
    "CONN_MAX_AGE": 60,
}
DATABASES = {"default": SQLITE if _URL.scheme == "sqlite" else POSTGRESQL}
LOGIN_URL = "/login"
LOGIN_REDIRECT_URL = "/profile"
LOGOUT_REDIRECT_URL = "/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
