"""Who may do what in the rollout: a right that was given by a group or by name.

Never `User.has_perm`: it says yes to any superuser, and being one gives no right to sign.
"""

from collections.abc import Mapping
from types import MappingProxyType

from django.contrib.auth.models import Permission, User
from django.db.models import Q

from assignments.engine.phases import Role
from assignments.flags.authors import Author

PROPOSE = "propose_phase"
ROLL_BACK = "roll_back"
OVERRIDE = "override_gate"
EDIT_POLICY = "edit_policy"
WORK = "work_rollout"

#: The right that signing in a role takes.
SIGN_AS: Mapping[Role, str] = MappingProxyType(
    {
        Role.PRODUCT_OWNER: "sign_as_product_owner",
        Role.QA_LEAD: "sign_as_qa_lead",
        Role.ENGINEERING_LEAD: "sign_as_engineering_lead",
        Role.ON_CALL: "sign_as_on_call",
        Role.MANAGER: "sign_as_manager",
    }
)


def holds(user_id: int, codename: str) -> bool:
    """Whether somebody active holds a right of this app now, as the database says."""
    given = Q(user__pk=user_id, user__is_active=True) | Q(
        group__user__pk=user_id, group__user__is_active=True
    )
    return Permission.objects.filter(given, content_type__app_label="assignments", codename=codename).exists()


def may_sign_as(user: User) -> list[Role]:
    """The roles somebody can sign in."""
    return [role for role, codename in SIGN_AS.items() if holds(user.pk, codename)]


def author_of(user: User) -> Author:
    """A person as the author of records and flag changes."""
    return Author(name=user.get_username(), user_id=user.pk)
