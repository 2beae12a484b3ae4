"""A key names one request: repeats are answered, another request under the same key is refused."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from bookings.intake import IdempotencyConflictError
from bookings.models import Booking, Restaurant, StateChange
from tests.factories import dinner, receive, serving_restaurant

KEY: dict[str, Any] = {"idempotency_key": "order-1"}


@pytest.mark.django_db
def test_the_same_request_gets_the_same_booking_even_after_that_was_changed() -> None:
    restaurant = serving_restaurant(2)
    booking = receive(restaurant, **KEY)
    Booking.objects.filter(pk=booking.pk).update(party_size=3)
    assert receive(restaurant, **KEY) == booking


@pytest.mark.django_db
@pytest.mark.parametrize(
    "other",
    [
        {"party_size": 3},
        {"start": dinner(20)},
        {"guest_name": "Eve"},
        {"requires": ("window",)},
        {"end": dinner(21)},
    ],
)
def test_another_request_under_the_key_is_refused_and_names_the_booking(other: dict[str, Any]) -> None:
    restaurant = serving_restaurant(2)
    booking = receive(restaurant, **KEY)
    with pytest.raises(IdempotencyConflictError, match=booking.reference):
        receive(restaurant, **KEY, **other)
    assert Booking.objects.count() == 1


@pytest.mark.django_db
def test_a_booking_from_before_requests_were_kept_answers_any() -> None:
    restaurant = serving_restaurant(2)
    booking = receive(restaurant, **KEY)
    Booking.objects.update(request_digest="")
    assert receive(restaurant, **KEY, party_size=3) == booking


def test_fifty_requests_at_once_make_one_booking(committed_db: None) -> None:
    restaurant = serving_restaurant(2)
    gate = threading.Barrier(50, timeout=60)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: ask(restaurant, gate), range(50)))

    assert len(set(answers)) == 1
    assert Booking.objects.count() == StateChange.objects.count() == 1


def ask(restaurant: Restaurant, gate: threading.Barrier) -> str:
    try:
        connection.ensure_connection()
        gate.wait()
        return receive(restaurant, **KEY).reference
    finally:
        connection.close()
