"""People decide about wishes that found no table."""

from datetime import datetime

from django.db import transaction

from bookings.allocations import be_alone
from bookings.change_request import BookingChange
from bookings.change_wishes import close_wish
from bookings.changes import Changed, change
from bookings.models import Booking, ChangeWish, WishStatus


class WishClosedError(ValueError):
    """A wish that was decided or overtaken. Trying again cannot help."""


def accept(*, wish_id: int, now: datetime, actor_id: int) -> Changed:
    """Change the booking as wished, now that there is a table.

    Raises NoSeatingError if there still is none, and what else `bookings.changes.change` raises; the wish
    then stays open. Raises WishClosedError for one that is not open any more.
    """
    with transaction.atomic():
        wish = _open_and_locked(wish_id)
        close_wish(wish=wish, status=WishStatus.ACCEPTED, now=now, actor_id=actor_id)
        wanted = BookingChange(
            party_size=wish.party_size,
            start=wish.start_at,
            end=wish.end_at,
            zone=wish.zone,
            requires=tuple(wish.requires),
        )
        return change(booking_id=wish.booking_id, wish=wanted, now=now, actor_id=actor_id, by_staff=True)


def decline(*, wish_id: int, now: datetime, actor_id: int) -> ChangeWish:
    """Leave the booking as it is. No mail tells the guest: whoever declines does.

    Raises WishClosedError for a wish that is not open any more.
    """
    with transaction.atomic():
        wish = _open_and_locked(wish_id)
        close_wish(wish=wish, status=WishStatus.DECLINED, now=now, actor_id=actor_id)
    return wish


def _open_and_locked(wish_id: int) -> ChangeWish:
    """The wish, its booking locked, in the order in which everybody locks: tables, booking, wish."""
    found = ChangeWish.objects.select_related("booking").get(pk=wish_id)
    be_alone(found.booking.restaurant_id)
    Booking.objects.select_for_update().get(pk=found.booking_id)
    wish = ChangeWish.objects.select_related("booking", "zone").get(pk=wish_id)
    if wish.status != WishStatus.OPEN:
        status = wish.get_status_display().lower()
        raise WishClosedError(f"this wish of {wish.booking.reference} is {status}; reload the page")
    return wish
