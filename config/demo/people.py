"""Demo people: one for each group, with passwords made once per clone."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.models import Group, User
from django.db import transaction

from bookings.models import Restaurant, StaffRestaurant
from bookings.scopes import EVERY_RESTAURANT
from config.roles import ROLES

#: How many restaurants the people work for who do not work for every one.
A_FEW = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    group: str
    username: str
    password: str


def ensure_people(store: Path, restaurants: Sequence[Restaurant]) -> list[Login]:
    """Make one demo person for each group, and an administrator; return their logins.

    Who has no right to every restaurant works for the first few. Passwords are kept in `store`,
    readable by its owner only, so that they outlive a restart.
    """
    passwords = _passwords(store)
    with transaction.atomic():
        logins = [_person(group, passwords, restaurants[:A_FEW]) for group in ROLES]
        admin, _ = User.objects.get_or_create(
            username="admin", defaults={"is_staff": True, "is_superuser": True}
        )
        _set_password(admin, passwords["admin"])
    return [*logins, Login(group="administrator", username="admin", password=passwords["admin"])]


def _person(group_name: str, passwords: dict[str, str], restaurants: Sequence[Restaurant]) -> Login:
    username = _username(group_name)
    user, _ = User.objects.get_or_create(username=username, defaults={"is_staff": True})
    user.groups.set([Group.objects.get(name=group_name)])
    if EVERY_RESTAURANT not in ROLES[group_name]:
        for restaurant in restaurants:
            StaffRestaurant.objects.get_or_create(user=user, restaurant=restaurant)
    _set_password(user, passwords[username])
    return Login(group=group_name, username=username, password=passwords[username])


def _username(group_name: str) -> str:
    return group_name.lower().replace(" ", "-")


def _set_password(user: User, password: str) -> None:
    """Set it only if it differs: setting it anew would log the person out."""
    if not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])


def _passwords(store: Path) -> dict[str, str]:
    names = [*map(_username, ROLES), "admin"]
    known: dict[str, str] = json.loads(store.read_text()) if store.exists() else {}
    complete = {name: known.get(name) or secrets.token_urlsafe(9) for name in names}
    if complete != known:
        store.parent.mkdir(parents=True, exist_ok=True)
        store.touch(mode=0o600)
        store.write_text(json.dumps(complete, indent=1))
    return complete
