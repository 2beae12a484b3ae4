"""Pages lead to what explains them: each of their links into the documents ends at an anchor."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urldefrag

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from assignments import flags
from assignments.coordinator import process_booking
from assignments.engine.gates.defaults import default_policy
from assignments.engine.phases import PhaseKey
from assignments.flags.pins import VARIABLES
from assignments.rollout import phases
from config.console.help.library import documents
from config.console.help.reading import read
from observability.alerts.policy import RULES, STUCK
from tests.factories import RestaurantFactory, receive, serving_restaurant
from tests.integration.assignments.rollout.people import ENGINEER
from tests.integration.assignments.stuck.scenes import expired_lease
from tests.integration.observability.rows import alert_fired
from tests.unit.docs.test_sections import CHECKS, KEYS

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("ada"))
    return client


def help_links(client: Client, path: str) -> list[str]:
    """Addresses of sections that the page links to; fails for one that is not there."""
    answer: Any = client.get(path)
    assert answer.status_code == 200
    found = re.findall(r'href="(/help/[^"]+#[^"]+)"', answer.content.decode())
    for link in found:
        address, anchor = urldefrag(link)
        slug = address.removeprefix("/help/").removesuffix("/")
        assert slug in documents(), link
        assert f' id="{anchor}"' in read(slug).html, link
    return found


def test_each_alert_and_each_rule(administrator: Client) -> None:
    alert_fired(STUCK)
    found = help_links(administrator, "/alerts/")
    assert set(found) == {f"/help/runbook/#{rule.key}" for rule in RULES}
    assert found.count("/help/runbook/#stuck") == 2


def test_each_check_of_the_health_page(administrator: Client) -> None:
    assert len(set(help_links(administrator, "/health/"))) == len(CHECKS) == len(KEYS["check"])


def test_each_cause_of_stuck_bookings(administrator: Client) -> None:
    expired_lease(serving_restaurant(4))
    assert help_links(administrator, "/stuck/") == ["/help/runbook/#expired_lease"]


def test_events_in_the_list_and_on_a_bookings_page(administrator: Client) -> None:
    booking = receive(serving_restaurant(4))
    process_booking(booking_id=booking.pk, trigger="test")
    started = "/help/runbook/#coordinator.start"
    assert {started, "/help/events/#attempt.success"} <= set(help_links(administrator, "/events/"))
    told = f"/bookings/timeline/{booking.reference}/"
    assert started in help_links(administrator, f"{told}?raw=1")
    assert help_links(administrator, told)


def test_gates_and_verdicts_of_a_phase_and_of_its_policy(administrator: Client, settings: Any) -> None:
    for variable in VARIABLES.values():
        setattr(settings, variable, None)
    flags.forget()
    RestaurantFactory()
    stay = phases.enter_first(PhaseKey.PRODUCTION_10, by=ENGINEER, now=timezone.now() - timedelta(days=2))
    gates = [gate.key for gate in default_policy().phase("production_10").gates]
    found = help_links(administrator, f"/rollout/phases/{stay.number}/")
    assert {link for link in found if "#verdict-" not in link} == {f"/help/gates/#{key}" for key in gates}
    assert len([link for link in found if "#verdict-" in link]) == len(gates)
    assert len(help_links(administrator, "/rollout/policies/production_10/")) == len(gates)
    flags.forget()
