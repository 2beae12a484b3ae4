"""What surrounds every page: environment, navigation, and who is signed in."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.http import HttpRequest

from config.console.local_mailbox import mail_stays_local
from config.console.navigation import rail


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    name: str
    initials: str
    role: str


def environment() -> dict[str, str]:
    """Name and one line for the strip at the top. Needs no database: error pages show it, too."""
    note = "Mails stay in the local mailbox." if mail_stays_local() else ""
    return {"environment": str(settings.ENVIRONMENT), "environment_note": note}


def frame(request: HttpRequest, site: AdminSite) -> dict[str, Any]:
    """Template context of the frame; strangers see the environment only."""
    if not site.has_permission(request) or not isinstance(request.user, User):
        return environment()
    sections = rail(request, site)
    tabs = [link for section in sections for link in section.links if link.tab]
    return {**environment(), "rail": sections, "tabs": tabs, "person": person(request.user)}


def person(user: User) -> Person:
    """One query, for the groups."""
    roles = list(user.groups.order_by("name").values_list("name", flat=True))
    role = "Administrator" if user.is_superuser else ", ".join(roles) or "No group"
    name = user.get_full_name() or user.get_username()
    return Person(name=name, initials=initials(name), role=role[0].upper() + role[1:])


def initials(name: str) -> str:
    words = name.replace("-", " ").replace(".", " ").replace("_", " ").split() or [name]
    return "".join(word[0] for word in words[:2]).upper() if len(words) > 1 else words[0][:2].upper()
