"""A worker's clock steps far ahead: nothing is thrown away before its time by the database's clock."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from assignments.upkeep import round_of_upkeep
from bookings.imports import uploads
from bookings.models import ApiAnswer, Booking, ImportRun
from observability.database_clock import database_now
from observability.partitions import ensure_partitions
from tests.factories import receive, serving_restaurant

YEARS = timedelta(days=3650)

pytestmark = pytest.mark.django_db


def partitions() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'observability_events'::regclass"
        )
        return {name for (name,) in cursor.fetchall()}


def test_upkeep_throws_nothing_away_early(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.GUEST_RETENTION_DAYS = 30
    now = database_now()
    tomorrow = (now + timedelta(days=1)).replace(hour=19, minute=0, second=0, microsecond=0)
    receive(serving_restaurant(2), now=now, start=tomorrow, guest_name="Ada Guest")
    ApiAnswer.objects.create(channel="web", key="a", digest="x", created_at=now)
    ada = User.objects.create(username="ada")
    uploads.upload(filename="rows.csv", content=b"a,b\n1,2\n", by=ada.pk, now=now)
    ensure_partitions(today=(now - timedelta(days=20)).date(), days=1)
    kept = partitions()

    monkeypatch.setattr(timezone, "now", lambda: now + YEARS)
    round_of_upkeep()

    assert Booking.objects.get().guest_name == "Ada Guest"
    assert ApiAnswer.objects.exists()
    assert ImportRun.objects.exists()
    assert kept <= partitions()
