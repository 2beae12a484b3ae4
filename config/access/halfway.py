"""Between password and second step: nobody is signed in, and the session knows who is about to.

Kept for ten minutes, and only while the password stays the one that was given.
"""

from datetime import timedelta

from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

KEPT = timedelta(minutes=10)
_KEY = "access_halfway"


def begin(request: HttpRequest, user: User, *, onward: str) -> None:
    """Remember who gave the password, in a session of a new key that holds nothing else."""
    request.session.flush()
    note(request.session, user, onward=onward)


def note(session: SessionBase, user: User, *, onward: str) -> None:
    """Write down that the person gave the password just now."""
    session[_KEY] = {
        "user": user.pk,
        "password": user.get_session_auth_hash(),
        "at": int(timezone.now().timestamp()),
        "onward": onward,
    }


def person(request: HttpRequest) -> User | None:
    """Who gave the password in this session lately and may still sign in."""
    kept = request.session.get(_KEY)
    if not kept or timezone.now().timestamp() - kept["at"] > KEPT.total_seconds():
        return None
    user = User.objects.filter(pk=kept["user"], is_active=True, is_staff=True).first()
    if user is None or not constant_time_compare(kept["password"], user.get_session_auth_hash()):
        return None
    return user


def end(request: HttpRequest) -> str:
    """Forget it; where the person wanted to go."""
    kept = request.session.pop(_KEY, {})
    return str(kept.get("onward", ""))
