"""Who signs: each role once, each a different person, nobody who had a hand in it."""

import pytest
from django.contrib.auth.models import Permission, User

from assignments.engine.phases import Role
from assignments.models import Decision, Phase
from assignments.rollout import phases, policies, rights, signoffs
from assignments.rollout.errors import Code, RolloutError
from tests.factories import NOW
from tests.integration.assignments.rollout.people import (
    MINUTE,
    edited,
    fresh,
    person,
    propose,
    refused,
    sign,
    tick_all,
    voided,
)

pytestmark = pytest.mark.usefixtures("ten_restaurants")


def test_one_person_fills_one_role(phase: Phase) -> None:
    sign_off, both = propose(phase), person(Role.ON_CALL, Role.PRODUCT_OWNER)
    sign(sign_off, Role.ON_CALL, user=both)
    with refused(Code.SIGNED_ALREADY):
        sign(sign_off, Role.PRODUCT_OWNER, user=both)


def test_a_role_is_filled_once(phase: Phase) -> None:
    sign_off = propose(phase)
    sign(sign_off, Role.ON_CALL)
    with refused(Code.SIGNED_ALREADY):
        sign(sign_off, Role.ON_CALL, user=person(Role.ON_CALL, name="another"))


def test_being_superuser_gives_no_right_to_sign_propose_or_override(phase: Phase) -> None:
    root = User.objects.create_superuser("root")
    assert root.has_perm("assignments.sign_as_on_call")
    sign_off = propose(phase)
    with refused(Code.NO_RIGHT):
        sign(sign_off, Role.ON_CALL, user=root)
    with refused(Code.NO_RIGHT):
        signoffs.override(sign_off, gate="x", user=root, reason="I am root", now=NOW)
    signoffs.withdraw(sign_off, user=sign_off.proposed_by, reason="a test", now=NOW)
    with pytest.raises(RolloutError) as refusal:
        propose(phase, by=root)
    assert refusal.value.code is Code.NO_RIGHT


def test_a_superuser_who_was_given_the_role_may_sign(phase: Phase) -> None:
    sign(propose(phase), Role.ON_CALL, user=person(Role.ON_CALL, is_superuser=True))


def test_somebody_in_another_role_or_no_longer_active_cannot_sign(phase: Phase) -> None:
    sign_off = propose(phase)
    with refused(Code.NO_RIGHT):
        sign(sign_off, Role.ON_CALL, user=person(Role.PRODUCT_OWNER))
    with refused(Code.NO_RIGHT):
        sign(sign_off, Role.ON_CALL, user=person(Role.ON_CALL, name="gone", is_active=False))


def test_a_right_given_by_name_counts_as_one_given_by_a_group(phase: Phase) -> None:
    named = person(name="named")
    named.user_permissions.add(Permission.objects.get(codename="sign_as_on_call"))
    sign(propose(phase), Role.ON_CALL, user=named)


def test_who_proposed_the_decision_cannot_sign_it(phase: Phase) -> None:
    proposer = person(Role.ON_CALL)
    sign_off = propose(phase, by=proposer)
    with refused(Code.OWN_PROPOSAL):
        sign(sign_off, Role.ON_CALL, user=proposer)


def test_who_proposed_the_phase_cannot_sign_that_it_goes_on(phase: Phase) -> None:
    proposer = person(Role.ON_CALL)
    another = person(Role.ON_CALL, name="another")
    going_on = propose(phase, by=proposer)
    sign(going_on, Role.ON_CALL, user=another)
    sign(going_on, Role.PRODUCT_OWNER)
    entered = phases.current()
    assert entered is not None
    sign_off = propose(entered)
    with refused(Code.OWN_PROPOSAL):
        sign(sign_off, Role.ON_CALL, user=proposer)


def test_who_edited_the_policy_cannot_sign_before_or_after_it_is_adopted(phase: Phase) -> None:
    editor = person(Role.ENGINEERING_LEAD, Role.ON_CALL)
    edited(phase, editor)
    sign_off = propose(phase)
    with refused(Code.OWN_POLICY):
        sign(sign_off, Role.ON_CALL, user=editor)
    adopter = person(Role.MANAGER, Role.PRODUCT_OWNER)
    adopted = policies.adopt(phase, reason="a test", by=rights.author_of(adopter), now=NOW)
    sign_off = propose(adopted, now=NOW + MINUTE)
    for role, user in ((Role.ON_CALL, editor), (Role.PRODUCT_OWNER, adopter)):
        with refused(Code.OWN_POLICY):
            sign(sign_off, role, user=user)


def test_who_may_not_cannot_propose_or_edit(phase: Phase) -> None:
    tick_all(phase)
    with refused(Code.NO_RIGHT):
        signoffs.propose(
            phase=phase,
            snapshot=fresh(phase, NOW),
            decision=Decision.PROCEED,
            reason="why not",
            by=person("viewer"),
            now=NOW,
        )
    with refused(Code.NO_RIGHT):
        edited(phase, person(Role.QA_LEAD))


def test_a_role_that_is_taken_away_between_signing_and_deciding_voids(phase: Phase) -> None:
    sign_off = propose(phase)
    sign(sign_off, Role.ON_CALL)
    person(Role.ON_CALL).groups.clear()
    sign(sign_off, Role.PRODUCT_OWNER, look=fresh)
    voided(sign_off, "signed as on-call engineer and is no longer one")


def test_a_signer_who_is_deactivated_between_signing_and_deciding_voids(phase: Phase) -> None:
    sign_off = propose(phase)
    sign(sign_off, Role.ON_CALL)
    User.objects.filter(pk=person(Role.ON_CALL).pk).update(is_active=False)
    sign(sign_off, Role.PRODUCT_OWNER, look=fresh)
    voided(sign_off, "is no longer one")
