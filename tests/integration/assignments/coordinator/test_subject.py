"""What a run reads of its booking before it looks for a table."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assignments.coordinator.subject import load_subject
from bookings.models import Booking, BookingStatus, PacingLimit, Restaurant
from bookings.pacing import arriving, pace_of
from tests.factories import dinner, serving_restaurant

pytestmark = pytest.mark.django_db

#: Others of the evening: minutes from eight, covers and status.
others = st.lists(
    st.tuples(
        st.integers(-70, 70),
        st.integers(1, 8),
        st.sampled_from([BookingStatus.CONFIRMED, BookingStatus.CANCELLED, BookingStatus.NO_SHOW]),
    ),
    max_size=12,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(evening=others, minute=st.integers(0, 59), interval=st.sampled_from([5, 15, 20, 60]))
@pytest.mark.parametrize("timezone", ["Europe/Berlin", "Asia/Kathmandu"])
def test_who_arrives_with_a_booking_is_counted_as_at_intake(
    evening: Sequence[tuple[int, int, str]], minute: int, interval: int, timezone: str
) -> None:
    restaurant, elsewhere = serving_restaurant(2, timezone=timezone), serving_restaurant(2)
    PacingLimit.objects.create(restaurant=restaurant, interval_minutes=interval, max_covers=100)
    booking = _arriving(restaurant, minute)
    for minutes, covers, status in evening:
        _arriving(restaurant, minutes, covers, status)
    _arriving(elsewhere, minute)

    subject = load_subject(booking.pk)

    pace = pace_of(subject.booking.restaurant)
    assert pace is not None
    begin, end = pace.interval_of(booking.start_at)
    counted = subject.arriving(restaurant.pk, begin, end, booking.pk)
    assert counted == arriving(restaurant.pk, begin, end, booking.pk)


def test_nobody_is_counted_where_nothing_limits_the_pace() -> None:
    restaurant = serving_restaurant(2)
    booking, _ = _arriving(restaurant, 0), _arriving(restaurant, 5)
    assert load_subject(booking.pk).starts == ()


def test_a_booking_there_is_none_of_is_named() -> None:
    with pytest.raises(Booking.DoesNotExist, match="no booking 404404"):
        load_subject(404404)


def _arriving(
    restaurant: Restaurant, minutes: int, covers: int = 2, status: str = BookingStatus.CONFIRMED
) -> Booking:
    """A party that comes so many minutes after eight."""
    start = dinner(20) + timedelta(minutes=minutes)
    return Booking.objects.create(
        restaurant=restaurant,
        reference=f"B-{Booking.objects.count()}",
        channel="test",
        start_at=start,
        end_at=start + timedelta(hours=2),
        party_size=covers,
        status=status,
    )
