"""Signers are told by mail, from the records, and each of them once."""

from datetime import timedelta
from typing import Any

import pytest

from assignments.engine.phases import PhaseKey, Role
from assignments.models import RolloutNotice
from assignments.rollout import notices, rollback
from observability.models import NoticeStatus
from tests.factories import NOW
from tests.integration.assignments.rollout.people import ENGINEER, person, propose, reach

pytestmark = pytest.mark.django_db


@pytest.fixture
def signers(ten_restaurants: list[object]) -> None:
    person(Role.ON_CALL, name="jo", email="jo@example.org")
    person(Role.PRODUCT_OWNER, name="eve", email="eve@example.org")
    person(Role.QA_LEAD, name="quinn", email="quinn@example.org")
    person(Role.PRODUCT_OWNER, name="nomail")


def test_a_sign_off_is_mailed_to_those_who_can_sign_it(signers: None, mailoutbox: list[Any]) -> None:
    propose(reach(PhaseKey.PRODUCTION_10))
    assert notices.deliver(now=NOW) == 2
    assert {mail.to[0] for mail in mailoutbox} == {"jo@example.org", "eve@example.org"}
    assert "Production 10 % waits for your signature" in mailoutbox[0].subject
    assert notices.deliver(now=NOW) == 0


def test_a_rollback_and_the_sign_off_it_voids_are_told(signers: None, mailoutbox: list[Any]) -> None:
    phase = reach(PhaseKey.PRODUCTION_10)
    propose(phase)
    notices.deliver(now=NOW)
    rollback.roll_back(phase=phase, reason="too many reviews", by=ENGINEER, now=NOW)
    assert notices.deliver(now=NOW) == 4
    told = {mail.subject.split("%")[1].strip() for mail in mailoutbox[2:]}
    assert told == {"its sign-off was voided", "was rolled back"}
    assert "too many reviews" in mailoutbox[-1].body


def test_what_the_server_refuses_is_tried_again(signers: None, mailoutbox: list[Any], settings: Any) -> None:
    propose(reach(PhaseKey.PRODUCTION_10))
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert notices.deliver(now=NOW) == 0
    tried = RolloutNotice.objects.get(attempts=1)
    assert tried.status == NoticeStatus.PENDING
    assert "did not take it" in tried.last_error


def test_old_records_are_told_to_nobody_new(signers: None, mailoutbox: list[Any]) -> None:
    propose(reach(PhaseKey.PRODUCTION_10))
    assert notices.deliver(now=NOW + timedelta(days=2)) == 0


def test_what_is_no_address_is_put_off_and_keeps_nobody_else_from_being_told(
    ten_restaurants: list[object], mailoutbox: list[Any]
) -> None:
    person(Role.ON_CALL, name="ann", email="änn of the kitchen")
    person(Role.ON_CALL, name="jo", email="jo@example.org")
    propose(reach(PhaseKey.PRODUCTION_10))
    assert sum(notices.deliver(now=NOW) for _ in range(2)) == 1
    assert mailoutbox[0].to == ["jo@example.org"]
    assert "did not take it" in RolloutNotice.objects.get(user__username="ann").last_error
