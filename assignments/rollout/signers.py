"""Who may sign a sign-off, and whose signatures still count when it is decided."""

from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.models import User

from assignments.engine.phases import PHASES, PhaseKey, Role
from assignments.models import SignOff
from assignments.rollout import policies, rights
from assignments.rollout.errors import Code
from assignments.rollout.grounds import Fault
from observability.accounts import hidden


def faults_of_person(sign_off: SignOff, role: Role, user: User) -> Iterator[Fault]:
    """Why somebody cannot sign in a role: the role, the right, or having a hand in it already."""
    phase = sign_off.phase
    if role not in PHASES[PhaseKey(phase.key)].signers:
        yield Code.NOT_ASKED, f"{phase.get_key_display()} is not signed by the {role}."
    if not rights.holds(user.pk, rights.SIGN_AS[role]):
        yield Code.NO_RIGHT, f"{user} is no {role}: being an administrator gives no right to sign."
    if user.pk == sign_off.proposed_by_id:
        yield Code.OWN_PROPOSAL, f"{user} proposed this: somebody else has to sign it."
    if user.pk == phase.actor_id and not phase.by_rollback:
        yield Code.OWN_PROPOSAL, f"{user} proposed this phase: somebody else has to sign that it goes on."
    if policies.edited_by(user, phase):
        yield Code.OWN_POLICY, f"{user} edited the policy of this phase: somebody else has to sign it."
    for signature in sign_off.signatures.select_related("user"):
        if signature.user_id == user.pk:
            yield Code.SIGNED_ALREADY, f"{user} signed as {signature.role} already: one person, one role."
        elif signature.role == role:
            yield Code.SIGNED_ALREADY, f"{signature.user} signed as {role} already."


def faults_of_form(sign_off: SignOff, *, digest: str, reauthenticated: bool) -> Iterator[Fault]:
    """Why a form is not taken: what it showed is not what is signed now, or the password is missing."""
    if digest != sign_off.digest:
        yield Code.OTHER_EVIDENCE, "The page showed other evidence than what is to be signed now: look again."
    if settings.ENVIRONMENT == "production" and not reauthenticated:
        yield Code.PASSWORD, "Signing in production takes your password once more."


def faults_of_signatures(sign_off: SignOff) -> Iterator[Fault]:
    """Signatures that no longer count: for another digest, or by somebody who lost the role since."""
    for signature in sign_off.signatures.select_related("user").defer(*hidden("user")):
        role = Role(signature.role)
        if signature.digest != sign_off.digest:
            yield Code.OTHER_EVIDENCE, f"{signature.user} signed other evidence."
        if not rights.holds(signature.user_id, rights.SIGN_AS[role]):
            yield Code.NO_RIGHT, f"{signature.user} signed as {role} and is no longer one."


def missing_roles(sign_off: SignOff) -> list[Role]:
    """Who has still to sign."""
    signed = {signature.role for signature in sign_off.signatures.all() if signature.approves}
    return sorted(PHASES[PhaseKey(sign_off.phase.key)].signers - {Role(role) for role in signed})
