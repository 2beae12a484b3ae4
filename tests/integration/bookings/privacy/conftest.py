"""A guest who has been here."""

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.cached_db import SessionStore
from django.core.mail import EmailMessage

from bookings.models import (
    Booking,
)
from bookings.outbox.maildir import MaildirBackend
from tests.factories import receive, serving_restaurant
from tests.integration.bookings.privacy.planted import (
    EMAIL,
    NAME,
    NOTES,
    PHONE,
    mention_in_imports,
    mention_in_tables,
)


@pytest.fixture
def actor(db: None) -> User:
    return User.objects.create_user(username="eraser", is_staff=True)


@pytest.fixture
def booking(actor: User) -> Booking:
    """A booking of yesterday whose guest stands wherever a guest can stand."""
    restaurant = serving_restaurant(4, 4)
    booking = receive(
        restaurant,
        guest_name=NAME,
        guest_email=EMAIL,
        guest_phone=PHONE,
        notes=NOTES,
        channel="web",
        idempotency_key=f"order-{EMAIL}",
    )
    mention_in_tables(booking, actor)
    mention_in_imports(actor)
    MaildirBackend().send_messages(
        [
            EmailMessage(subject="Your table", body=f"Dear {NAME}", to=[EMAIL]),
            EmailMessage(subject="Your table", body="Dear Ada", to=["ada@example.org"]),
        ]
    )
    session = SessionStore()
    session["shown"] = f"a letter to {EMAIL}"
    session.save()
    return booking
