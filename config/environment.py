"""Reads the process environment; a missing, bad or unknown value is refused with the way out.

Values come from the environment, then from an optional ``.env`` beside ``manage.py``.
Every variable the project knows is declared in :data:`VARIABLES`; a name in ``.env`` that is
not declared is refused, so that a typing error never silently leaves a default in force.
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email
from redis.connection import parse_url as parse_redis_url

#: Shortest SECRET_KEY of a deployment, and the fewest different characters in it (Django's W009).
SHORTEST_SECRET = 50
FEWEST_CHARACTERS = 5


#: Django's own, which can also tell how far a broken conversation got.
SMTP_BACKEND = "bookings.outbox.smtp.SmtpBackend"


class Environment(StrEnum):
    """Where a deployment runs; decides which variables are required."""

    LOCAL = "local"
    STAGING = "staging"
    PRODUCTION = "production"


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """One variable: what it is for and an example of a good value, both shown on refusal."""

    purpose: str
    example: str
    required_when_deployed: bool = False


VARIABLES: Mapping[str, Variable] = {
    "ENVIRONMENT": Variable(purpose="which kind of deployment this is", example="production"),
    "SECRET_KEY": Variable(
        purpose="signs sessions and queue payloads; 50 random characters or more",
        example="the output of: python -c 'import secrets; print(secrets.token_urlsafe(64))'",
        required_when_deployed=True,
    ),
    "SECRET_KEY_FALLBACKS": Variable(
        purpose="keys of before, separated by commas: read with, never signed with",
        example="the SECRET_KEY that was in force until now",
    ),
    "DATABASE_URL": Variable(
        purpose="the PostgreSQL database",
        example="postgres://user:password@host:5432/table_assignment",
        required_when_deployed=True,
    ),
    "DATABASE_REPLICA_URL": Variable(
        purpose="a streaming replica that the metrics explorer reads while it keeps up",
        example="postgres://user:password@replica:5432/table_assignment",
    ),
    "DATABASE_POOLER": Variable(
        purpose="whether DATABASE_URL names a pooler in transaction mode, such as pgbouncer", example="true"
    ),
    "REDIS_URL": Variable(
        purpose="the Redis-compatible server for cache and locks",
        example="redis://host:6379/0",
        required_when_deployed=True,
    ),
    "EMAIL_URL": Variable(
        purpose="the mail server",
        example="smtp+tls://user:password@host:587",
        required_when_deployed=True,
    ),
    "MAIL_MODE": Variable(
        purpose=(
            "whether guests are written to: send, suppress, or redirect:address; "
            "unset, staging suppresses and the others send"
        ),
        example="redirect:testers@restaurants.example",
    ),
    "DEFAULT_FROM_EMAIL": Variable(
        purpose="sender of guest mails",
        example="Bookings <bookings@restaurants.example>",
        required_when_deployed=True,
    ),
    "ALLOWED_HOSTS": Variable(
        purpose="host names the console answers to, separated by commas",
        example="console.restaurants.example",
        required_when_deployed=True,
    ),
    "CSRF_TRUSTED_ORIGINS": Variable(
        purpose="origins allowed to post when a proxy changes the host, separated by commas",
        example="https://console.restaurants.example",
    ),
    "PROXIES": Variable(
        purpose="proxies in front that append to X-Forwarded-For, 0 to 5; unset, deployments have 1",
        example="1",
    ),
    "MFA_REQUIRED": Variable(
        purpose="whether everybody who signs in needs a second step; unset, deployments require it",
        example="true",
    ),
    "SESSION_IDLE_MINUTES": Variable(
        purpose="minutes without a sign of the person until a session ends, 5 to 720", example="60"
    ),
    "SESSION_HOURS": Variable(purpose="hours that a sign-in lasts at most, 1 to 24", example="12"),
    "SIGN_IN_FAILURES": Variable(
        purpose="wrong passwords or codes for a name at an address until that is locked, 3 to 20", example="5"
    ),
    "SIGN_IN_FAILURES_PER_ADDRESS": Variable(
        purpose="wrong passwords or codes at an address, whatever the name, until it is locked, 10 to 1000",
        example="50",
    ),
    "SIGN_IN_LOCK_MINUTES": Variable(
        purpose="minutes that a lock lasts after the last attempt that counted, 1 to 1440", example="15"
    ),
    "DEBUG": Variable(purpose="Django's debug pages, local only", example="false"),
    "LOG_LEVEL": Variable(purpose="lowest level of log lines shown", example="INFO"),
    "LOG_FORMAT": Variable(
        purpose="form of log lines, line or json; unset, deployments write json", example="json"
    ),
    "METRICS_TOKEN": Variable(
        purpose="bearer token of /metrics, 50 random characters or more; unset, only local has that page",
        example="the output of: python -c 'import secrets; print(secrets.token_urlsafe(64))'",
    ),
    "OTEL_EXPORTER_OTLP_ENDPOINT": Variable(
        purpose="OpenTelemetry collector that traces go to, over HTTP; takes the extra `tracing`",
        example="http://collector.example:4318",
    ),
    "LOCAL_DATA_DIR": Variable(
        purpose="folder of the embedded servers' data and the local mailbox, local only",
        example="/var/tmp/table-assignment",
    ),
    "QUEUE_WORKERS": Variable(purpose="worker processes of one qcluster, 1 to 64", example="2"),
    "EVENT_RETENTION_DAYS": Variable(
        purpose="days that events are kept, 8 to 3650; their rollups stay", example="90"
    ),
    "IMPORT_FILE_RETENTION_DAYS": Variable(
        purpose="days that drafts and files of failed imports are kept, 1 to 30", example="1"
    ),
    "IMPORT_REJECT_RETENTION_DAYS": Variable(
        purpose="days that the rejected rows of an import are kept, 1 to 365", example="30"
    ),
    "API_ANSWER_RETENTION_DAYS": Variable(
        purpose="days that a repeated API request gets the answer of the first time, 1 to 365", example="30"
    ),
    "GUEST_RETENTION_DAYS": Variable(
        purpose="days after which guests are taken out of past bookings, 30 to 3650; unset, they stay",
        example="365",
    ),
    "CONSOLE_URL": Variable(
        purpose="where people reach the console; alerts, and mails about passwords, link there",
        example="https://console.restaurants.example",
    ),
    "ALERT_MAIL_TO": Variable(
        purpose="addresses that alerts are mailed to, separated by commas; unset, none is",
        example="on-call@restaurants.example",
    ),
    "ALERT_WEBHOOK_URL": Variable(
        purpose="where alerts are posted to, signed; unset, they are not",
        example="https://pager.restaurants.example/hooks/alerts",
    ),
    "ALERT_WEBHOOK_SECRET": Variable(
        purpose="signs posted alerts: whsec_ and 24 to 64 bytes in base64",
        example="whsec_ followed by the output of: openssl rand -base64 32",
    ),
    "FEATURE_ASSIGNMENT_PIPELINE_V3": Variable(
        purpose="whether V3 assigns, for all restaurants; set, it pins the flag",
        example="false",
    ),
    "FEATURE_ASSIGNMENT_PIPELINE_V3_SHADOW": Variable(
        purpose="whether V3 is compared where the legacy planner assigns; set, it pins the flag",
        example="false",
    ),
    "FEATURE_ASSIGNMENT_PIPELINE_V3_MAX_PARALLEL": Variable(
        purpose="runs a restaurant may have at once, 1 to 10; set, it pins the limit", example="3"
    ),
}


class Reader:
    """Typed access to the declared variables."""

    def __init__(self, *, dotenv: Path) -> None:
        self._env = environ.Env()
        if dotenv.is_file():
            refuse_unknown_names(dotenv)
            self._env.read_env(str(dotenv))
        self.environment = self._one_of("ENVIRONMENT", Environment, default=Environment.LOCAL)

    @property
    def is_local(self) -> bool:
        return self.environment is Environment.LOCAL

    def is_set(self, name: str) -> bool:
        return bool(self._env.ENVIRON.get(name, "").strip())

    def text(self, name: str, *, local: str = "") -> str:
        """The value as it is written, or `local` where the variable is unset and may be.

        Not read through django-environ, which takes a value that begins with ``$`` for the name of
        another variable; a generated password may begin so.
        """
        if self.is_set(name):
            return str(self._env.ENVIRON[name]).strip()
        if VARIABLES[name].required_when_deployed and not self.is_local:
            refuse(name, f"it is not set, and {self.environment} needs it")
        return local

    def secret(self, name: str, *, local: str) -> str:
        """A signing key; deployments refuse one that can be guessed. The value is never shown."""
        value = self.text(name, local=local)
        self._refuse_guessable(name, value)
        return value

    def secrets(self, name: str) -> list[str]:
        """Signing keys, separated by commas, each as hard to guess as `secret` asks for."""
        found = [word.strip() for word in self.text(name).split(",") if word.strip()]
        for value in found:
            self._refuse_guessable(name, value)
        return found

    def hosts(self, name: str, *, local: list[str]) -> list[str]:
        """Host names in Django's form: no scheme, port or path; a leading dot covers subdomains."""
        return self._words(name, r"\.?[\w.-]+|\[[0-9a-fA-F:.]+\]", "host name", local)

    def origins(self, name: str) -> list[str]:
        """Origins: scheme, host and optional port, without a path."""
        return self._words(name, r"https?://[\w.*-]+(:\d+)?", "origin", [])

    def origin(self, name: str) -> str:
        """One origin, or nothing where the variable is unset."""
        found = self.origins(name)
        if len(found) > 1:
            refuse(name, f"it names {len(found)} origins, and one is needed")
        return found[0] if found else ""

    def sender(self, name: str, *, local: str) -> str:
        """An e-mail address, alone or as ``Name <address>``."""
        value = self.text(name, local=local)
        if not self.is_set(name):
            return value
        _check_address(name, value)
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.text(name, local=str(default)).strip().lower() or str(default).lower()
        if value not in {"true", "false", "1", "0", "yes", "no", "on", "off"}:
            refuse(name, f"{value!r} is neither true nor false")
        return value in {"true", "1", "yes", "on"}

    def whole_number(self, name: str, *, default: int, lowest: int, highest: int) -> int:
        raw = self.text(name, local=str(default)) or str(default)
        if not raw.strip().isdecimal() or not lowest <= int(raw) <= highest:
            refuse(name, f"{raw!r} is not a whole number from {lowest} to {highest}")
        return int(raw)

    def optional_flag(self, name: str) -> bool | None:
        """True or false where the variable is set, else None."""
        return self.flag(name, default=False) if self.is_set(name) else None

    def optional_whole_number(self, name: str, *, lowest: int, highest: int) -> int | None:
        """The number where the variable is set, else None."""
        return (
            self.whole_number(name, default=lowest, lowest=lowest, highest=highest)
            if self.is_set(name)
            else None
        )

    def choice(self, name: str, choices: list[str], *, default: str) -> str:
        value = self.text(name, local=default) or default
        if value not in choices:
            refuse(name, f"{value!r} is not one of {', '.join(choices)}")
        return value

    def database(self, name: str = "DATABASE_URL") -> dict[str, Any]:
        """An entry of ``DATABASES`` for a variable, which must name a PostgreSQL server."""
        url = self.text(name)
        if not url.startswith(("postgres://", "postgresql://")):
            refuse(name, f"it starts with {_scheme(url)!r}, not postgres://")
        settings = self._parse(name, self._env.db_url_config, url)
        if not settings["NAME"]:
            refuse(name, "it names no database after the host")
        return settings

    def redis(self) -> str:
        """REDIS_URL, in one of the schemes redis-py accepts."""
        url = self.text("REDIS_URL")
        if not url.startswith(("redis://", "rediss://", "unix://")):
            refuse("REDIS_URL", f"it starts with {_scheme(url)!r}, not redis://, rediss:// or unix://")
        self._parse("REDIS_URL", parse_redis_url, url)
        return url

    def email(self, *, local: dict[str, Any]) -> dict[str, Any]:
        """The EMAIL_* settings for EMAIL_URL, or ``local`` when it is unset locally."""
        if self.is_local and not self.is_set("EMAIL_URL"):
            return local
        url = self.text("EMAIL_URL")
        # No other scheme: a console or dummy backend would report mails as sent that nobody gets,
        # and django-environ's smtps:// means STARTTLS, not what its name says.
        if not url.startswith(("smtp://", "smtp+tls://", "smtp+ssl://")):
            refuse("EMAIL_URL", f"it starts with {_scheme(url)!r}, not smtp://, smtp+tls:// or smtp+ssl://")
        settings = self._parse("EMAIL_URL", self._env.email_url_config, url)
        if not settings["EMAIL_HOST"] or not settings["EMAIL_PORT"]:
            refuse("EMAIL_URL", "it lacks the host or the port")
        return {**settings, "EMAIL_BACKEND": SMTP_BACKEND}

    def mail_mode(self) -> tuple[str, str]:
        """How mails to guests are treated, and the address they go to instead ("" if nowhere else)."""
        default = "suppress" if self.environment is Environment.STAGING else "send"
        mode, _, address = (self.text("MAIL_MODE") or default).partition(":")
        if mode not in {"send", "suppress", "redirect"} or (address and mode != "redirect"):
            refuse("MAIL_MODE", f"{mode!r} is not one of send, suppress and redirect:address")
        if mode == "redirect":
            _check_address("MAIL_MODE", address)
        return mode, address

    def addresses(self, name: str) -> list[str]:
        """E-mail addresses; none where the variable is unset."""
        words = [word.strip() for word in self.text(name).split(",") if word.strip()]
        for word in words:
            _check_address(name, word)
        return words

    def signed_webhook(self, url_name: str, secret_name: str) -> tuple[str, str]:
        """An address to post to and the secret that signs; both or neither. The secret is never shown."""
        url, secret = self.text(url_name), self.text(secret_name)
        if not url and not secret:
            return "", ""
        schemes = ("https://", "http://") if self.is_local else ("https://",)
        if not url.startswith(schemes) or not urlsplit(url).hostname:
            refuse(url_name, f"it has to begin with {' or '.join(schemes)} and a host")
        if not _is_webhook_secret(secret):
            refuse(secret_name, "it is not whsec_ and 24 to 64 bytes in base64")
        return url, secret

    def _refuse_guessable(self, name: str, value: str) -> None:
        if not self.is_local and (len(value) < SHORTEST_SECRET or len(set(value)) < FEWEST_CHARACTERS):
            refuse(name, f"its {len(value)} characters can be guessed, and {self.environment} refuses that")

    def _one_of(self, name: str, kind: type[Environment], *, default: Environment) -> Environment:
        value = str(self._env.ENVIRON.get(name, default.value)).strip()
        if value not in set(kind):
            refuse(name, f"{value!r} is not one of {', '.join(kind)}")
        return kind(value)

    def _words(self, name: str, pattern: str, kind: str, local: list[str]) -> list[str]:
        words = [word.strip() for word in self.text(name).split(",") if word.strip()] or local
        for word in words:
            if not re.fullmatch(pattern, word):
                refuse(name, f"{word!r} is no {kind}")
        return words

    def _parse(self, name: str, parse: Callable[[str], Mapping[str, Any]], url: str) -> dict[str, Any]:
        try:
            return dict(parse(url))
        except (ValueError, KeyError, environ.ImproperlyConfigured):
            # Without its cause, which may quote the password.
            refuse(name, "it cannot be read as an address; percent-encode what is not a letter or a digit")


def _check_address(name: str, value: str) -> None:
    try:
        validate_email(parseaddr(value)[1])
    except ValidationError:
        refuse(name, f"{value!r} is no e-mail address")


def _is_webhook_secret(secret: str) -> bool:
    prefix, _, encoded = secret.partition("_")
    try:
        return prefix == "whsec" and 24 <= len(base64.b64decode(encoded, validate=True)) <= 64
    except ValueError:
        return False


def _scheme(url: str) -> str:
    """What stands before ``://``; never more, since a password may follow."""
    scheme, found, _ = url.partition("://")
    return scheme if found else "something else"


def refuse(name: str, why: str) -> NoReturn:
    """Raise ImproperlyConfigured that names the variable, the fault and an example."""
    variable = VARIABLES[name]
    raise ImproperlyConfigured(
        f"{name}: {why}. It is {variable.purpose}. "
        f"Set it in the environment or in .env, for example: {variable.example}"
    ) from None


def refuse_unknown_names(dotenv: Path) -> None:
    """Raise ImproperlyConfigured for a line of ``.env`` that sets nothing, or a name nobody reads.

    Lines are quoted up to the ``=`` only: what follows may be a secret.
    """
    for number, line in enumerate(dotenv.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        assignment = re.match(r"(?:export )?(\w+)=", line)
        if assignment is None:
            raise ImproperlyConfigured(
                f"{dotenv.name}, line {number} is not read: write NAME=value from the first column, "
                "without spaces around the equals sign"
            )
        if assignment[1] not in VARIABLES:
            raise ImproperlyConfigured(
                f"{dotenv.name}, line {number}: {assignment[1]} is not a variable of this project. "
                f"Known are: {', '.join(sorted(VARIABLES))}"
            )
