"""A round of upkeep removes what is kept no longer than needed."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from assignments.upkeep import round_of_upkeep
from bookings.api import idempotency
from bookings.imports import uploads
from bookings.models import ApiAnswer, ImportRun

pytestmark = pytest.mark.django_db


def answers(*ages: int) -> None:
    """Answers given so many days ago, the oldest first, as they come about."""
    for age in sorted(ages, reverse=True):
        ApiAnswer.objects.create(
            channel="web", key=f"{age} days", digest="x", created_at=timezone.now() - timedelta(days=age)
        )


def test_answers_and_uploads_are_removed_when_their_time_is_over() -> None:
    kept = settings.API_ANSWER_RETENTION_DAYS
    answers(kept - 1, kept + 1)
    draft = uploads.upload(
        filename="rows.csv",
        content=b"a,b\n1,2\n",
        by=User.objects.create(username="ada").pk,
        now=timezone.now() - timedelta(days=settings.IMPORT_FILE_RETENTION_DAYS, minutes=1),
    )
    assert round_of_upkeep()
    assert ApiAnswer.objects.get().key == f"{kept - 1} days"
    assert not ImportRun.objects.filter(pk=draft.pk).exists()


def test_answers_are_removed_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "FORGOTTEN_AT_ONCE", 2)
    answers(98, 99, 100)
    assert [idempotency.forget(now=timezone.now()) for _ in range(3)] == [2, 1, 0]
