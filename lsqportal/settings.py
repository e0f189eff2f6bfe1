"""Settings of this installation. Every value that differs between installations comes from the environment."""

from __future__ import annotations

from pathlib import Path

from csp.constants import NONE, SELF
from django.contrib.messages import constants as message_levels

from lsqportal.environment import (
    Environment,
    database,
    flag,
    number,
    read_file,
    required,
    secret,
    web_pages,
    whole,
    wholes,
    words,
)

BASE_DIR = Path(__file__).resolve().parent.parent

# The one list of what can be configured; .env.example and the README's table are compared with it by a test.
env = Environment(
    ALLOWED_HOSTS=(words, []),
    CSRF_TRUSTED_ORIGINS=(words, []),
    DATABASE_URL=(str, ""),
    DEBUG=(flag, False),
    ENVIRONMENT_NAME=(str, "Production"),
    LSQ_ACCESS_KEY=(str, ""),
    LSQ_ALLOW_OTHER_HOST=(flag, False),
    LSQ_API_URL=(str, ""),
    LSQ_BULK_RATE_LIMIT=(str, ""),
    LSQ_CALL_DEADLINE=(number, 45.0),
    LSQ_CONNECT_TIMEOUT=(number, 5.0),
    LSQ_GIVE_UP_AFTER=(whole, 24 * 3600),
    LSQ_LATE_WRITE_SECONDS=(whole, 120),
    LSQ_LOOK_SCHEDULE=(wholes, [5, 15, 45, 120, 300]),
    LSQ_RATE_LIMIT=(str, "25/5s"),
    LSQ_READ_TIMEOUT=(number, 30.0),
    LSQ_REFERENCE_FIELD=(str, ""),
    LSQ_SECRET_KEY=(str, ""),
    LSQ_WEB_URL=(web_pages, ""),
    RETENTION_DAYS=(whole, 730),
    SECRET_KEY=(str, ""),
    TIME_ZONE=(str, "Asia/Kolkata"),
    TRUSTED_PROXIES=(whole, 0),
)
read_file(BASE_DIR / ".env")

DEBUG = env("DEBUG")
SECRET_KEY = required("SECRET_KEY", secret("SECRET_KEY"), debug=DEBUG) or "only-for-debug-never-in-production"
ALLOWED_HOSTS = required("ALLOWED_HOSTS", env("ALLOWED_HOSTS"), debug=DEBUG)
CSRF_TRUSTED_ORIGINS = env("CSRF_TRUSTED_ORIGINS")
# A copy that only answers on this very machine needs no HTTPS; any other one gets no way around it.
HTTPS = not DEBUG and not set(ALLOWED_HOSTS) <= {"localhost", "127.0.0.1", "[::1]"}

INSTALLED_APPS = [
    "activities.apps.ActivitiesConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "csp",
    "django_htmx",
]
MIDDLEWARE = [
    "lsqportal.middleware.request_id",
    "lsqportal.middleware.client_address",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "lsqportal.middleware.readable_text",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "lsqportal.middleware.SignInRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "lsqportal.middleware.idle_sessions",
    "lsqportal.middleware.time_zone",
]
ROOT_URLCONF = "lsqportal.urls"
WSGI_APPLICATION = "lsqportal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["activities.templatetags.portal"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "activities.views.every_page",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

DATABASES = {
    "default": {
        **database(env("DATABASE_URL") or f"sqlite:///{BASE_DIR / 'var' / 'portal.sqlite3'}"),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # SQLite makes its file, but not the folder that the file lies in.
    Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;",
    }
else:
    # A power cut must not lose a commit: an answer of LeadSquared cannot be asked for a second time.
    DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c synchronous_commit=on"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "activities.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "CommonPasswordValidator", "NumericPasswordValidator")
] + [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    }
]
LOGIN_URL = "account:sign_in"
LOGIN_REDIRECT_URL = "opportunities:pick"
LOGOUT_REDIRECT_URL = "account:sign_in"
CSRF_FAILURE_VIEW = "activities.views.problems.csrf"

SESSION_COOKIE_AGE = 30 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_NAME = "lsqportal_session"
CSRF_COOKIE_NAME = "lsqportal_csrf"
CSRF_COOKIE_HTTPONLY = True
# 25 rows of 60 fields are 1,500 inputs; Django's own limit is 1,000.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
TRUSTED_PROXIES = env("TRUSTED_PROXIES")
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = "en-gb"
USE_I18N = False
TIME_ZONE = env("TIME_ZONE")
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_ALLOW_ALL_ORIGINS = False  # no other site has a use for them
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "lsqportal.storage.HashedModulesStorage"
    },
}

MESSAGE_TAGS = {message_levels.ERROR: "error", message_levels.WARNING: "warning"}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "lsqportal.redact.Redact"}},
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "filters": ["redact"], "formatter": "line"},
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"django": {"handlers": [], "level": "INFO", "propagate": True}},
}

ENVIRONMENT_NAME = env("ENVIRONMENT_NAME")
RETENTION_DAYS = env("RETENTION_DAYS")
LSQ_API_URL = env("LSQ_API_URL").rstrip("/")
LSQ_ACCESS_KEY = secret("LSQ_ACCESS_KEY")
LSQ_SECRET_KEY = secret("LSQ_SECRET_KEY")
LSQ_ALLOW_OTHER_HOST = env("LSQ_ALLOW_OTHER_HOST")
LSQ_RATE_LIMIT = env("LSQ_RATE_LIMIT")
LSQ_BULK_RATE_LIMIT = env("LSQ_BULK_RATE_LIMIT")
LSQ_CONNECT_TIMEOUT = env("LSQ_CONNECT_TIMEOUT")
LSQ_READ_TIMEOUT = env("LSQ_READ_TIMEOUT")
LSQ_CALL_DEADLINE = env("LSQ_CALL_DEADLINE")
LSQ_LATE_WRITE_SECONDS = env("LSQ_LATE_WRITE_SECONDS")
LSQ_LOOK_SCHEDULE = env("LSQ_LOOK_SCHEDULE")
LSQ_GIVE_UP_AFTER = env("LSQ_GIVE_UP_AFTER")
LSQ_WEB_URL = env("LSQ_WEB_URL")
LSQ_REFERENCE_FIELD = env("LSQ_REFERENCE_FIELD")
