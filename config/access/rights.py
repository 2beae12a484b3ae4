"""The right to help others sign in, and whom one may help."""

from django.contrib.auth.models import Group, User
from django.http import HttpRequest

MANAGE = "access.manage_sign_in"

#: Who holds one of these could give rights to people: only an administrator changes such accounts.
OVER_PEOPLE = ("auth.change_user", "auth.add_user", MANAGE)


def may_manage(request: HttpRequest) -> bool:
    return request.user.has_perm(MANAGE)


def why_not(by: User, to: User) -> str:
    """Why `by` may not change the account of `to`; empty if they may."""
    if by.pk == to.pk:
        return "It is your own: somebody else has to do it."
    if not by.is_superuser and is_over_people(to):
        return "Only an administrator changes the account of somebody who has rights over people."
    return ""


def is_over_people(user: User) -> bool:
    """Whether the person could change others' rights (inactive people count as if they were active)."""
    if user.is_superuser:
        return True
    codes = [code.split(".") for code in OVER_PEOPLE]
    return any(
        user.user_permissions.filter(content_type__app_label=app, codename=name).exists()
        or user.groups.filter(permissions__content_type__app_label=app, permissions__codename=name).exists()
        for app, name in codes
    )


def gives_rights_over_people(group: Group) -> bool:
    """Whether members of the group could change others' rights."""
    return any(
        f"{right.content_type.app_label}.{right.codename}" in OVER_PEOPLE for right in group.permissions.all()
    )
