"""The people of a rehearsal: one for each role, somebody who proposes and somebody who edits policies."""

from dataclasses import dataclass

from django.contrib.auth.models import Group, User

from assignments.engine.phases import Role


@dataclass(frozen=True, kw_only=True, slots=True)
class Cast:
    """Who signs in which role; `proposer` and `editor` sign nothing."""

    signers: dict[Role, User]
    proposer: User
    editor: User


def make_cast() -> Cast:
    """People in the groups of their roles, who cannot log in."""
    return Cast(
        signers={role: _person(role.value.replace(" ", "-").lower(), role) for role in Role},
        proposer=_person("rollout-lead", Role.MANAGER),
        editor=_person("policy-editor", Role.ENGINEERING_LEAD),
    )


def _person(name: str, role: Role) -> User:
    user = User.objects.create(username=name, is_staff=True)
    user.set_unusable_password()
    user.save(update_fields=["password"])
    user.groups.add(Group.objects.get(name=role.value))
    return user
