"""Houses, people and cases for the tests of review."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Permission, User
from django.db.models.functions import Now

from assignments.coordinator import process_booking
from assignments.edge import Edge
from assignments.models import Resolution, ReviewCase
from assignments.review.claims import claim
from bookings.models import Booking, Restaurant
from tests.factories import NOW, receive

EDGE = Edge(clock=lambda: NOW, jitter=lambda: 0.0)


def placed(restaurant: Restaurant, **wishes: Any) -> Booking:
    """A booking after its first run, with a guest to write to."""
    booking = receive(restaurant, **{"guest_email": "guest@example.org", **wishes})
    process_booking(booking_id=booking.pk, trigger="test", edge=EDGE)
    booking.refresh_from_db()
    return booking


def case_of(booking: Booking) -> ReviewCase:
    return ReviewCase.objects.get(booking=booking, closed_at__isnull=True)


def claimed(booking: Booking, user: User) -> ReviewCase:
    return claim(case_id=case_of(booking).pk, user=user, now=NOW)


def agent(name: str = "ada", *permissions: str) -> User:
    user = User.objects.create(username=name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def let_claim_expire(case: ReviewCase) -> None:
    ReviewCase.objects.filter(pk=case.pk).update(claimed_until=Now() - timedelta(seconds=1))


def let_window_pass(resolution: Resolution) -> None:
    Resolution.objects.filter(pk=resolution.pk).update(created_at=Now() - timedelta(seconds=11))
