"""`manage.py health`: one line, and an exit status that a watcher understands."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone

from assignments.coordinator import process_booking
from observability.health import Level, verdict
from observability.management.commands import health as command
from tests.factories import NOW, receive, serving_restaurant
from tests.integration.assignments.legacy.driving import EDGE

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(seconds=9)


def told(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[str, Any]:
    with pytest.raises(SystemExit) as ended:
        call_command("health", *options)
    return capsys.readouterr().out.strip(), ended.value.code


def test_nothing_to_judge_by_is_not_healthy(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys) == ("NO DATA: no booking was decided, none is stuck.", 1)


def test_a_confirmed_booking_is_healthy_and_one_in_review_of_two_is_critical(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = serving_restaurant(2)
    first, second = receive(house), receive(house)
    process_booking(booking_id=first.pk, trigger="test", edge=EDGE)
    monkeypatch.setattr(timezone, "now", lambda: LATER)
    assert told(capsys)[1] == 0
    process_booking(booking_id=second.pk, trigger="test", edge=EDGE)
    line, status = told(capsys, "--json")
    assert status == 2
    found = json.loads(line)
    assert (found["level"], found["confirmed"], found["reviewed"], found["decided"]) == ("CRITICAL", 1, 1, 2)


def test_another_restaurants_bookings_do_not_count() -> None:
    booking = receive(serving_restaurant(2))
    process_booking(booking_id=booking.pk, trigger="test", edge=EDGE)
    assert verdict(now=LATER, restaurant_id=booking.restaurant_id).level is Level.HEALTHY
    assert verdict(now=LATER, restaurant_id=booking.restaurant_id + 1).level is Level.NO_DATA


def test_a_database_that_is_away_is_critical(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**_: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(command, "verdict", away)
    assert told(capsys) == ("CRITICAL: the database does not answer, or not as it should.", 2)
