"""Reads the process environment; a missing, bad or unknown value is refused with the way out.

Values come from the environment, then from an optional ``.env`` beside ``manage.py``. The variables are
declared in :data:`config.variables.VARIABLES`; a name in ``.env`` that is not declared is refused, so that a
typing error never silently leaves a default in force.
"""

import base64
import re
from collections.abc import Callable, Mapping
from email.utils import parseaddr
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email
from redis.connection import parse_url as parse_redis_url

from config.variables import VARIABLES

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
