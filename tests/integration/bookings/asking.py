"""Requests as the tests of intake make them."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from django_q.models import OrmQ

from bookings.intake import IntakeError
from bookings.models import (
    Booking,
    Restaurant,
    StateChange,
)
from tests.factories import receive

naive = datetime.fromisoformat
WEST, EAST = timezone(timedelta(hours=-5)), timezone(timedelta(hours=5))


def refusal(restaurant: Restaurant, **wishes: Any) -> IntakeError:
    """The refusal of a request; nothing of it may have been saved."""
    before = saved()
    with pytest.raises(IntakeError) as refused:
        receive(restaurant, **wishes)
    assert saved() == before
    assert str(refused.value) == f"{refused.value.field}: {refused.value.message}"
    return refused.value


def saved() -> tuple[int, int, int]:
    return Booking.objects.count(), StateChange.objects.count(), OrmQ.objects.count()
