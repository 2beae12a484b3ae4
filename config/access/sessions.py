"""How long a session lasts, what it knows of its sign-in, and ending those of a person.

All of it stands in the session itself, so that a page needs no query to know.
"""

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

#: Keys of the session: seconds since the epoch of the sign-in and of the last sign of the person, and
#: what proved the second step.
BEGAN, SEEN, SECOND_STEP = "access_began", "access_seen", "access_second_step"

#: Signs of the person are written down no more often than this, in seconds: a page should not write a row.
NOTED_EVERY = 60


def begin(sender: object, request: HttpRequest, **_: Any) -> None:  # noqa: ARG001 - Django's
    """Hears of every way somebody signs in."""
    request.session[BEGAN] = request.session[SEEN] = _now()


def why_over(session: SessionBase) -> str:
    """`idle` or `age` where a limit is passed, `second step` where one is missing, else nothing."""
    now = _now()
    if now - session.get(BEGAN, 0) >= settings.SESSION_HOURS * 3600:
        return "age"
    if now - session.get(SEEN, 0) >= settings.SESSION_IDLE_MINUTES * 60:
        return "idle"
    if settings.MFA_REQUIRED and SECOND_STEP not in session:
        return "second step"
    return ""


def note_activity(session: SessionBase) -> None:
    now = _now()
    if now - session.get(SEEN, 0) >= NOTED_EVERY:
        session[SEEN] = now


def end_all(user_id: int, *, but: str | None = None) -> int:
    """End the person's sessions, but for the one of that key, and return how many.

    Reads every session there is, which are as many as people who work here.
    """
    store = import_module(settings.SESSION_ENGINE).SessionStore
    alive = Session.objects.filter(expire_date__gte=timezone.now()).exclude(session_key=but)
    theirs = [row.session_key for row in alive if row.get_decoded().get(SESSION_KEY) == str(user_id)]
    for key in theirs:
        store(key).delete()
    return len(theirs)


def forget_expired() -> None:
    """Remove sessions whose time is over: Django leaves them."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()


def _now() -> int:
    return int(timezone.now().timestamp())
