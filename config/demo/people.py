"""Demo people: one for each group, with passwords made once per clone."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.models import Group, Permission, User
from django.db import transaction

#: Group names and whether they may change bookings and restaurants, not only look at them.
GROUPS = {
    "ops agent": True,
    "ops lead": True,
    "product owner": False,
    "QA lead": False,
    "engineering lead": False,
    "on-call engineer": False,
    "engineering manager": False,
    "viewer": False,
}
OURS = ("assignments", "bookings", "observability")
EDITED_BY_OPS = ("bookings",)


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    group: str
    username: str
    password: str


def ensure_people(store: Path) -> list[Login]:
    """Make the groups and one demo person for each, and an administrator; return their logins.

    Passwords are kept in `store`, readable by its owner only, so that they outlive a restart.
    """
    passwords = _passwords(store)
    with transaction.atomic():
        logins = [_person(group, passwords) for group in GROUPS]
        admin, _ = User.objects.get_or_create(
            username="admin", defaults={"is_staff": True, "is_superuser": True}
        )
        _set_password(admin, passwords["admin"])
    return [*logins, Login(group="administrator", username="admin", password=passwords["admin"])]


def _person(group_name: str, passwords: dict[str, str]) -> Login:
    group, _ = Group.objects.get_or_create(name=group_name)
    group.permissions.set(_permissions(may_edit=GROUPS[group_name]))
    username = _username(group_name)
    user, _ = User.objects.get_or_create(username=username, defaults={"is_staff": True})
    user.groups.set([group])
    _set_password(user, passwords[username])
    return Login(group=group_name, username=username, password=passwords[username])


def _permissions(*, may_edit: bool) -> list[Permission]:
    ours = Permission.objects.filter(content_type__app_label__in=OURS).select_related("content_type")
    return [
        permission
        for permission in ours
        if permission.codename.startswith("view_")
        or (may_edit and permission.content_type.app_label in EDITED_BY_OPS)
    ]


def _username(group_name: str) -> str:
    return group_name.lower().replace(" ", "-")


def _set_password(user: User, password: str) -> None:
    """Set it only if it differs: setting it anew would log the person out."""
    if not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])


def _passwords(store: Path) -> dict[str, str]:
    names = [*map(_username, GROUPS), "admin"]
    known: dict[str, str] = json.loads(store.read_text()) if store.exists() else {}
    complete = {name: known.get(name) or secrets.token_urlsafe(9) for name in names}
    if complete != known:
        store.parent.mkdir(parents=True, exist_ok=True)
        store.touch(mode=0o600)
        store.write_text(json.dumps(complete, indent=1))
    return complete
