"""What a restaurant still has before it."""

from datetime import datetime

from bookings.models import Booking, BookingStatus, Restaurant

_OPEN = (BookingStatus.PENDING, BookingStatus.CONFIRMED, BookingStatus.CHECKED_IN)


def coming_bookings(*, restaurant: Restaurant, now: datetime) -> int:
    """How many bookings of the restaurant are to take place or sit, with or without a table."""
    coming = Booking.objects.filter(restaurant=restaurant, end_at__gt=now, status__in=_OPEN)
    return coming.exclude(assignment_state=None).count()
