"""Settings of every environment; `config.variables` declares what `config.environment` reads.

Locally DATABASE_URL and REDIS_URL may stay unset: then this file computes the addresses of the
embedded servers, and the first connection starts them (see `config.local`).
"""

import sys
from datetime import timedelta
from pathlib import Path

from csp import constants as csp

from config.environment import Reader, refuse
from config.local.addresses import data_root, database_settings, redis_url

BASE_DIR = Path(__file__).resolve().parent.parent
env = Reader(dotenv=BASE_DIR / ".env")

# Deployment ---------------------------------------------------------------------------------------

ENVIRONMENT = env.environment
DEBUG = env.flag("DEBUG", default=False)
if DEBUG and not env.is_local:
    refuse("DEBUG", f"debug pages show settings and personal data, so {ENVIRONMENT} refuses them")
SECRET_KEY = env.secret("SECRET_KEY", local="local-environment-only-" + "no-secret-" * 4)
SECRET_KEY_FALLBACKS = env.secrets("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", local=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS")

# Applications -------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "config.access.apps.AccessConfig",
    "assignments",
    "bookings",
    "observability",
    "config.apps.ConsoleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "axes",
    "csp",
    "django_filters",
    "django_htmx",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "django_q",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
MIDDLEWARE = [
    "config.access.addresses.ClientAddressMiddleware",
    "observability.log_context.CorrelationMiddleware",
    "bookings.api.timing.IntakeTimingMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.access.middleware.SessionLimitsMiddleware",
    "bookings.scopes.ScopeMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Servers ------------------------------------------------------------------------------------------

LOCAL_DATA_DIR = BASE_DIR / env.text("LOCAL_DATA_DIR", local=str(data_root(BASE_DIR)))
EMBEDDED_DATABASE = env.is_local and not env.is_set("DATABASE_URL")
EMBEDDED_REDIS = env.is_local and not env.is_set("REDIS_URL")

DATABASES = {"default": database_settings(LOCAL_DATA_DIR) if EMBEDDED_DATABASE else env.database()}
# A worker that opens a connection a task spends more on connecting than on assigning.
DATABASES["default"].setdefault("CONN_MAX_AGE", 600)
DATABASES["default"].setdefault("CONN_HEALTH_CHECKS", True)
# Values go to the server beside the statement rather than quoted into it by psycopg: measured, a run
# of the coordinator takes a third less time.
DATABASES["default"].setdefault("OPTIONS", {})["server_side_binding"] = True
# A pooler hands each transaction another connection of the server: nothing of a session may outlive one.
DATABASE_POOLER = env.flag("DATABASE_POOLER", default=False)
DATABASES["default"].setdefault("DISABLE_SERVER_SIDE_CURSORS", DATABASE_POOLER)
# A statement that comes again is planned once a connection: parsing and planning cost more than running.
DATABASES["default"]["OPTIONS"].setdefault("prepare_threshold", None if DATABASE_POOLER else 5)
# A server that has gone silent is given up after seconds (connecting) and milliseconds (a cut line)
# rather than when TCP does.
DATABASES["default"]["OPTIONS"] |= {"connect_timeout": 5, "tcp_user_timeout": 10_000}

CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": redis_url(LOCAL_DATA_DIR) if EMBEDDED_REDIS else env.redis(),
        "KEY_PREFIX": "table-assignment",
        "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 0.5, "SOCKET_TIMEOUT": 0.5},
    },
}
if EMBEDDED_REDIS:
    DJANGO_REDIS_CONNECTION_FACTORY = "config.local.redis.EmbeddedConnectionFactory"
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

# A task may run QUEUE_TIMEOUT seconds and wait behind two others, one at work and one in the queue
# (queue_limit = workers); only then may the broker hand it out again, or two workers would run it at once.
QUEUE_WORKERS = env.whole_number("QUEUE_WORKERS", default=3, lowest=1, highest=64)
QUEUE_TIMEOUT = 20
Q_CLUSTER = {
    "name": "table-assignment",
    "broker_class": "bookings.queue.broker.ClusterBroker",
    "orm": "default",
    "workers": QUEUE_WORKERS,
    "queue_limit": QUEUE_WORKERS,
    "bulk": 1,
    "recycle": 10_000,
    "timeout": QUEUE_TIMEOUT,
    "retry": QUEUE_TIMEOUT * 3 + 20,
    "max_attempts": 0,
    "ack_failures": False,
    "save_limit": -1,
    "catch_up": False,
    "poll": 0.05,
    "label": "Task queue",
    "log_level": "WARNING",
}

# Flags pinned by the environment; None leaves them to the database ----------------------------------

FEATURE_ASSIGNMENT_PIPELINE_V3 = env.optional_flag("FEATURE_ASSIGNMENT_PIPELINE_V3")
FEATURE_ASSIGNMENT_PIPELINE_V3_SHADOW = env.optional_flag("FEATURE_ASSIGNMENT_PIPELINE_V3_SHADOW")
FEATURE_ASSIGNMENT_PIPELINE_V3_MAX_PARALLEL = env.optional_whole_number(
    "FEATURE_ASSIGNMENT_PIPELINE_V3_MAX_PARALLEL", lowest=1, highest=10
)

# How long a run may take before another worker takes its booking over; more than QUEUE_TIMEOUT.
ASSIGNMENT_LEASE_SECONDS = QUEUE_TIMEOUT + 10
# A worker that is stopped in the middle of a transaction keeps no row locked for longer than a lease.
# No statement of ours runs long enough to earn back what compiling it takes.
# A pooler refuses such options; behind one the role carries them (docs/deployment.md).
if not DATABASE_POOLER:
    DATABASES["default"]["OPTIONS"].setdefault(
        "options", f"-c idle_in_transaction_session_timeout={ASSIGNMENT_LEASE_SECONDS}s -c jit=off"
    )

# Read for dashboards alone (`observability.replica`); what it is told to write it refuses.
if env.is_set("DATABASE_REPLICA_URL"):
    DATABASES["replica"] = env.database("DATABASE_REPLICA_URL")
    DATABASES["replica"] |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True, "TEST": {"MIRROR": "default"}}
    DATABASES["replica"].setdefault("OPTIONS", {}).update(
        {"server_side_binding": True, "connect_timeout": 2, "tcp_user_timeout": 10_000}
    )
    DATABASES["replica"]["OPTIONS"].setdefault(
        "options", "-c default_transaction_read_only=on -c statement_timeout=20s -c jit=off"
    )

# Who seats changed bookings and answers for free times: an implementation of bookings.seating.
SEATING_SERVICE = "assignments.seating_service.SERVICE"
# Events older than this are dropped a day at a time; what they add up to stays in the rollups.
EVENT_RETENTION_DAYS = env.whole_number("EVENT_RETENTION_DAYS", default=90, lowest=8, highest=3650)

# Drafts and files of failed imports, their rejects, and answers kept for repeated API requests are removed
# after this long: the first two hold guests' data.
IMPORT_FILE_RETENTION_DAYS = env.whole_number("IMPORT_FILE_RETENTION_DAYS", default=1, lowest=1, highest=30)
IMPORT_REJECT_RETENTION_DAYS = env.whole_number(
    "IMPORT_REJECT_RETENTION_DAYS", default=30, lowest=1, highest=365
)
API_ANSWER_RETENTION_DAYS = env.whole_number("API_ANSWER_RETENTION_DAYS", default=30, lowest=1, highest=365)
# Unset, guests stay with their bookings: how long those may or must be kept is a legal decision of the house.
GUEST_RETENTION_DAYS = env.optional_whole_number("GUEST_RETENTION_DAYS", lowest=30, highest=3650)

# Mail ---------------------------------------------------------------------------------------------

MAILBOX_DIR = LOCAL_DATA_DIR / "mailbox"
LOCAL_MAIL = {"EMAIL_BACKEND": "bookings.outbox.maildir.MaildirBackend", "EMAIL_FILE_PATH": str(MAILBOX_DIR)}
globals().update(env.email(local=LOCAL_MAIL))
EMAIL_TIMEOUT = 10
# What is suppressed stays visible in the outbox.
MAIL_MODE, MAIL_REDIRECT_TO = env.mail_mode()
# A mail claimed longer ago has lost its sender: SMTP gives up far earlier.
MAIL_STALE_SECONDS = 120
DEFAULT_FROM_EMAIL = env.sender("DEFAULT_FROM_EMAIL", local="Bookings <bookings@localhost>")

# Alerts -------------------------------------------------------------------------------------------

CONSOLE_URL = env.origin("CONSOLE_URL")
ALERT_MAIL_TO = env.addresses("ALERT_MAIL_TO")
ALERT_WEBHOOK_URL, ALERT_WEBHOOK_SECRET = env.signed_webhook("ALERT_WEBHOOK_URL", "ALERT_WEBHOOK_SECRET")

# Webhooks -----------------------------------------------------------------------------------------

# Elsewhere only public addresses are called, over https.
WEBHOOKS_MAY_STAY_LOCAL = env.is_local

# HTTP API for channels ----------------------------------------------------------------------------

API_REQUESTS_PER_MINUTE = 600
API_FAILURES_PER_MINUTE = 30
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["bookings.api.authentication.BearerToken"],
    "DEFAULT_PERMISSION_CLASSES": ["bookings.api.authentication.HasRight"],
    "DEFAULT_THROTTLE_CLASSES": ["bookings.api.throttling.TokenThrottle"],
    "DEFAULT_PARSER_CLASSES": ["bookings.api.parsing.BoundedJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "bookings.api.parsing.AlwaysJSON",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "bookings.api.errors.answer",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Bookings",
    "DESCRIPTION": "Channels make, change and cancel bookings of restaurants. See docs/api.md.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "ENUM_NAME_OVERRIDES": {"TableAttribute": "bookings.models.TableAttribute"},
}

# Time, language, static files ---------------------------------------------------------------------

TIME_ZONE = "UTC"
USE_TZ = True
LANGUAGE_CODE = "en-gb"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "static/"
# Filled by collectstatic, which deployments run and the local environment does without.
STATIC_ROOT = None if env.is_local else BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Locally files are served from where they are written; deployments serve hashed copies.
WHITENOISE_USE_FINDERS = env.is_local
if not env.is_local:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }

# Security -----------------------------------------------------------------------------------------

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
# Seconds that a link for a new password counts.
PASSWORD_RESET_TIMEOUT = 24 * 3600
LOGIN_URL = "admin:login"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
# Nothing inline, nothing from elsewhere: pages name their scripts and styles as files of this host.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [csp.NONE],
        "script-src": [csp.SELF],
        "style-src": [csp.SELF],
        "img-src": [csp.SELF],
        "font-src": [csp.SELF],
        "connect-src": [csp.SELF],
        "form-action": [csp.SELF],
        "frame-ancestors": [csp.NONE],
        "base-uri": [csp.NONE],
    }
}
SESSION_COOKIE_SAMESITE = "Lax"
# Pages carry the token themselves; no script reads the cookie.
CSRF_COOKIE_HTTPONLY = True
if not env.is_local:
    SECURE_SSL_REDIRECT = True
    # Asked for by the machine next to this one, over plain HTTP.
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_SECURE = True
    CSRF_COOKIE_NAME = "__Host-csrf"

# Signing in ---------------------------------------------------------------------------------------

# Whether everybody needs a second step; whoever has one is asked for it anyway.
MFA_REQUIRED = env.flag("MFA_REQUIRED", default=not env.is_local)
OTP_TOTP_ISSUER = "Table assignment" if ENVIRONMENT == "production" else f"Table assignment ({ENVIRONMENT})"
SESSION_IDLE_MINUTES = env.whole_number("SESSION_IDLE_MINUTES", default=60, lowest=5, highest=720)
SESSION_HOURS = env.whole_number("SESSION_HOURS", default=12, lowest=1, highest=24)
SESSION_COOKIE_AGE = SESSION_HOURS * 3600
# Proxies in front that append to X-Forwarded-For; behind none the header is believed by nobody.
PROXIES = env.whole_number("PROXIES", default=0 if env.is_local else 1, lowest=0, highest=5)

# Wrong passwords and codes until somebody is locked out: of one name at one address, and at an address.
AXES_FAILURE_LIMIT = env.whole_number("SIGN_IN_FAILURES", default=5, lowest=3, highest=20)
SIGN_IN_FAILURES_PER_ADDRESS = env.whole_number(
    "SIGN_IN_FAILURES_PER_ADDRESS", default=50, lowest=10, highest=1000
)
AXES_COOLOFF_TIME = timedelta(
    minutes=env.whole_number("SIGN_IN_LOCK_MINUTES", default=15, lowest=1, highest=1440)
)
AXES_HANDLER = "config.access.lockout.Handler"
AXES_LOCKOUT_CALLABLE = "config.access.lockout.answer"
AXES_CLIENT_IP_CALLABLE = "config.access.addresses.address_of"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
# A lock ends when its page said, whatever is tried meanwhile.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
# Successes are events of ours, and its tables are looked at on a page of ours.
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "code", "proof", "csrfmiddlewaretoken"]

# Metrics ------------------------------------------------------------------------------------------

METRICS_TOKEN = env.secret("METRICS_TOKEN", local="") if env.is_set("METRICS_TOKEN") else ""
# Without a token the page is shown locally and nowhere else.
METRICS_OPEN = env.is_local

# Traces -------------------------------------------------------------------------------------------

TRACES_ENDPOINT = env.origin("OTEL_EXPORTER_OTLP_ENDPOINT")

# Logs ---------------------------------------------------------------------------------------------

LOG_LEVEL = env.choice("LOG_LEVEL", ["DEBUG", "INFO", "WARNING", "ERROR"], default="INFO")
LOG_FORMAT = env.choice("LOG_FORMAT", ["line", "json"], default="line" if env.is_local else "json")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "observability.log_lines.PlainLines",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        },
        "json": {"()": "observability.log_lines.JsonLines"},
    },
    "filters": {"no_statements": {"()": "observability.log_lines.WithoutStatements"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["no_statements"],
            "stream": sys.stderr,
        }
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # These bring handlers of their own, which write tracebacks as they come.
        "django": {"handlers": [], "level": "NOTSET", "propagate": True},
        "django-q": {"handlers": [], "level": "WARNING", "propagate": True},
        # Each sign-in in four lines; what counts of them is an event.
        "axes": {"level": "WARNING"},
        "gunicorn.error": {"handlers": [], "propagate": True},
    },
}
