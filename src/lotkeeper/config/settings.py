"""Settings, read from the environment. Every name is listed in docs/reference/settings.md."""

from __future__ import annotations

import secrets
from pathlib import Path

from environs import Env

from lotkeeper.config.database import connection_settings, home_directory

env = Env()

PACKAGE_DIRECTORY = Path(__file__).resolve().parent.parent
HOME_DIRECTORY = home_directory()


def _secret_key() -> str:
    """The installation's own key, made once and kept beside its data, readable by its owner only."""
    given: str = env.str("LOTKEEPER_SECRET_KEY", "")
    if given:
        return given
    kept = HOME_DIRECTORY / "secret-key"
    if not kept.exists():
        HOME_DIRECTORY.mkdir(parents=True, exist_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(50))
    return kept.read_text()


SECRET_KEY = _secret_key()
DEBUG = env.bool("LOTKEEPER_DEBUG", False)
ALLOWED_HOSTS = env.list("LOTKEEPER_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("LOTKEEPER_TRUSTED_ORIGINS", [])

INSTALLED_APPS = [
    "lotkeeper.core",
    "lotkeeper.web",
    "lotkeeper.accounts",
    "lotkeeper.outlets",
    "lotkeeper.catalog",
    "lotkeeper.stock",
    "lotkeeper.transfers",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "procrastinate.contrib.django",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "lotkeeper.config.urls"
WSGI_APPLICATION = "lotkeeper.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

DATABASES = {"default": connection_settings()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
STATIC_URL = "/static/"
STATIC_ROOT = HOME_DIRECTORY / "static"
MEDIA_URL = "/media/"
MEDIA_ROOT = HOME_DIRECTORY / "media"
