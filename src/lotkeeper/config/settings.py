"""Settings, read from the environment. Every name is listed in docs/reference/settings.md."""

from __future__ import annotations

import secrets
from pathlib import Path

from environs import Env

from lotkeeper.config.database import connection_settings, data_directory, home_directory
from lotkeeper.config.logs import configure_logs

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
CSRF_TRUSTED_ORIGINS: list[str] = env.list("LOTKEEPER_TRUSTED_ORIGINS", [])

INSTALLED_APPS = [
    "lotkeeper.core",
    "lotkeeper.web",
    "lotkeeper.accounts",
    "lotkeeper.outlets",
    "lotkeeper.catalog",
    "lotkeeper.stock",
    "lotkeeper.transfers",
    "lotkeeper.stocktakes",
    "lotkeeper.imports",
    "lotkeeper.dashboard",
    "lotkeeper.legacy",
    "lotkeeper.demo",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    # The plain configurations: the loaders of both stand under TEMPLATES.
    "django_cotton.apps.SimpleAppConfig",
    "template_partials.apps.SimpleAppConfig",
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
    "lotkeeper.accounts.middleware.RequestLogMiddleware",
    "csp.middleware.CSPMiddleware",
    "lotkeeper.web.middleware.EdgeMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "lotkeeper.accounts.middleware.ActorMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "lotkeeper.config.urls"
WSGI_APPLICATION = "lotkeeper.config.wsgi.application"

# Fragments (template_partials) of templates made of components (cotton), each read from its file once.
_TEMPLATE_LOADERS = [
    "django_cotton.cotton_loader.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "loaders": [
                ("template_partials.loader.Loader", [("django.template.loaders.cached.Loader", _TEMPLATE_LOADERS)])
            ],
            "builtins": [
                "django_cotton.templatetags.cotton",
                "template_partials.templatetags.partials",
                "django.templatetags.i18n",
                "django.templatetags.static",
                "lotkeeper.web.templatetags.shown",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "lotkeeper.accounts.context.who_asks",
            ],
        },
    }
]

DATABASES = {"default": connection_settings()}
# Where our own PostgreSQL writes, and how much must be free there for stock to be posted; None: it is not ours.
DATABASE_DIRECTORY = data_directory()
LEAST_FREE_MB = env.int("LOTKEEPER_LEAST_FREE_MB", 256)
# Shared by all processes, so that the limit on failed logins holds however many there are.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "web_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
# Without a mail server (smtp://user:password@host:587/?tls=True) letters, such as a link for a new password, appear in
# the log, where the operator can read them out.
_email = env.dj_email_url("LOTKEEPER_EMAIL_URL", "console:")
EMAIL_BACKEND = _email["EMAIL_BACKEND"]
EMAIL_HOST = _email["EMAIL_HOST"]
EMAIL_PORT = _email["EMAIL_PORT"]
EMAIL_HOST_USER = _email["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = _email["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS = _email["EMAIL_USE_TLS"]
EMAIL_USE_SSL = _email["EMAIL_USE_SSL"]
DEFAULT_FROM_EMAIL = env.str("LOTKEEPER_EMAIL_FROM", "lotkeeper@localhost")
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_ADAPTER = "lotkeeper.accounts.adapter.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key", "reset_password": "20/m/ip,5/m/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Lotkeeper"
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
# The folder may be copied anywhere, and should be; the key that signs stays here.
JOURNAL_DIRECTORY = Path(env.str("LOTKEEPER_JOURNAL_FOLDER", "") or HOME_DIRECTORY / "journal")
JOURNAL_KEY_FILE = HOME_DIRECTORY / "journal-key.pem"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Names that carry the content's fingerprint: a browser keeps them for ever and never shows yesterday's style.
    # Not compressed: that takes the first start from 2 seconds to 50, and the way to a till's browser is short.
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}

# Everything to the terminal (and so to whatever keeps its output); Django's default would only send e-mails.
LOGGING = configure_logs(env.str("LOTKEEPER_LOG_LEVEL", "INFO").upper())

# Cookies stay inside this site. "Secure" needs https in front: plain http on one's own machine would lose the login.
HTTPS = env.bool("LOTKEEPER_HTTPS", False)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_FAILURE_VIEW = "lotkeeper.web.pages.csrf_failure"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'"],
        "style-src": ["'self'"],
        "script-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["lotkeeper.accounts.authentication.ActorAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["lotkeeper.accounts.authentication.ActorRequired"],
    "DEFAULT_PARSER_CLASSES": ["lotkeeper.web.parsing.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["lotkeeper.web.rendering.NumberJSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "lotkeeper.web.pagination.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "lotkeeper.web.problems.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    # The format is asked for in the Accept header only; "?format=" stays free for exports.
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Lotkeeper",
    "DESCRIPTION": "Stock by batch, expiry and outlet. Every refusal is an RFC 9457 problem with a stable `code`.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    # The schema is made outside any tenant, so its empty querysets must not ask for one.
    "DEFAULT_QUERY_MANAGER": "_base_manager",
    # Fields of one name with other choices: what each set of choices is called in the document.
    "ENUM_NAME_OVERRIDES": {
        "MovementKind": "lotkeeper.stock.api.serializers.MOVEMENT_KINDS",
        "IssuedKind": "lotkeeper.stock.api.serializers.ISSUED_KINDS",
        "ArrivalKind": "lotkeeper.stock.api.serializers.ARRIVAL_KINDS",
        "WriteOffKind": "lotkeeper.stock.api.serializers.WRITTEN_OFF_KINDS",
        "ReturnKind": "lotkeeper.stock.api.serializers.RETURN_KINDS",
        "OperationKind": "lotkeeper.stock.api.serializers.OPERATION_KINDS",
        "BatchStatus": "lotkeeper.stock.api.serializers.BATCH_STATUSES",
        "StockTakeStatus": "lotkeeper.stocktakes.models.StockTakeStatus",
        "ScanKind": "lotkeeper.catalog.api.serializers.SCAN_KINDS",
    },
    "PATH_CONVERTER_OVERRIDES": {"id": {"type": "integer", "format": "int64", "minimum": 1, "maximum": 2**63 - 1}},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "lotkeeper.web.api_docs.document_problems",
    ],
}
