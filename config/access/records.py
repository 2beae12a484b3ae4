"""What is told of signing in: events with ids and codes, and the console's log where one helps another."""

from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest
from django.utils import timezone

from observability import events


def record(event_type: str, *, user: int | None, **context: Any) -> None:
    """One event about a person's access; `user` is None where nobody has that name."""
    severity = events.Severity.INFO if event_type in _ORDINARY else events.Severity.NOTICE
    told = events.Record(
        source=events.ACCESS,
        event_type=event_type,
        at=timezone.now(),
        severity=severity,
        context={"user": user, **context},
    )
    events.record([told])


def log_help(*, by: User, to: User, what: str) -> None:
    """A line in the console's log, where the audit reads it."""
    LogEntry.objects.create(
        user=by,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(to.pk),
        object_repr=to.get_username()[:200],
        action_flag=CHANGE,
        change_message=what,
    )


def failed(
    sender: object,  # noqa: ARG001 - Django's
    credentials: dict[str, Any],
    request: HttpRequest | None = None,
    **_: Any,
) -> None:
    """Hears of each wrong password and code; of none while locked out, which could fill a disk."""
    if request is not None and not getattr(request, "axes_locked_out", False):
        record("sign_in.failed", user=_pk_of(credentials), step=credentials.get("step", "password"))


def locked(request: HttpRequest, username: str | None, **_: Any) -> None:
    """Hears when the limit is reached, and of attempts after that, which counted nothing."""
    if getattr(request, "axes_failures_since_start", None) is not None:
        record("sign_in.locked", user=_pk_of({"username": username}))


def _pk_of(credentials: dict[str, Any]) -> int | None:
    name = str(credentials.get("username") or "").replace("\x00", "")
    return User.objects.filter(username=name).values_list("pk", flat=True).first()


_ORDINARY = frozenset({"sign_in.succeeded", "session.ended"})
