"""The same request sent again, one after the other and all at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from bookings.models import ApiAnswer, Booking
from bookings.state_machine import Step, move, position_of
from bookings.states import State
from tests.factories import NOW, serving_restaurant
from tests.integration.bookings.api.conftest import Caller, issue, refused
from tests.integration.bookings.api.wishes import wish


def test_a_repeat_gets_the_answer_of_the_first_time_though_the_booking_went_on(web: Caller) -> None:
    body = wish(notes="near the window")
    first = web.post("bookings", body, Idempotency_Key="a1")
    booking = Booking.objects.get()
    move(position=position_of(booking), steps=[Step(to=State.MANUAL_REVIEW, reason="staff")], at=NOW)
    again = web.post("bookings", body, Idempotency_Key="a1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["Location"] == first.headers["Location"]
    assert Booking.objects.count() == 1


def test_the_kept_answer_shows_nothing_of_the_guest(web: Caller) -> None:
    web.post("bookings", wish(notes="near the window", guest_phone="0123"), Idempotency_Key="a1")
    kept = str(ApiAnswer.objects.values().get())
    for value in ("Ada Guest", "ada@example.org", "0123", "near the window"):
        assert value not in kept


@pytest.mark.parametrize("change", [{"party_size": 3}, {"guest_name": "Eve"}, {"notes": "?"}])
def test_another_body_under_the_same_key_is_a_conflict(web: Caller, change: dict[str, Any]) -> None:
    web.post("bookings", wish(), Idempotency_Key="a1")
    problem = refused(web.post("bookings", wish(**change), Idempotency_Key="a1"), 409, "Idempotency-Key")
    assert problem["type"].endswith("idempotency-conflict")
    assert Booking.objects.count() == 1


def test_a_refused_request_leaves_its_key_free(web: Caller) -> None:
    refused(web.post("bookings", wish(party_size=99), Idempotency_Key="a1"), 422, "party_size")
    assert web.post("bookings", wish(), Idempotency_Key="a1").status_code == 201


def test_a_token_for_other_restaurants_gets_nothing_by_a_key_of_its_channel(web: Caller) -> None:
    body = wish()
    assert web.post("bookings", body, Idempotency_Key="a1").status_code == 201
    elsewhere = Caller(secret=issue(serving_restaurant(2)).secret)
    refused(elsewhere.post("bookings", body, Idempotency_Key="a1"), 404)


def test_channels_do_not_share_keys(web: Caller, restaurant: Any) -> None:
    phone = Caller(secret=issue(restaurant, channel="phone").secret)
    assert web.post("bookings", wish(), Idempotency_Key="a1").status_code == 201
    assert phone.post("bookings", wish(party_size=4), Idempotency_Key="a1").status_code == 201


@pytest.mark.parametrize("key", ["", "two words", "x" * 201, "schlüssel"])
def test_a_key_that_is_none_is_refused(web: Caller, key: str) -> None:
    refused(web.post("bookings", wish(), Idempotency_Key=key), 400, "Idempotency-Key")


def at_once(times: int, work: Callable[[], Any]) -> list[Any]:
    """Run `work` in as many threads at the same moment, each with a connection of its own."""
    barrier = Barrier(times)

    def one(_: int) -> Any:
        barrier.wait()
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_fifty_equal_requests_at_once_make_one_booking_and_are_answered_the_same(committed_db: None) -> None:
    secret = issue(serving_restaurant(2, slug="anchor")).secret
    body = wish()
    answers = at_once(50, lambda: Caller(secret=secret).post("bookings", body, Idempotency_Key="a1"))
    assert Booking.objects.count() == 1
    assert {answer.status_code for answer in answers} == {201}
    assert len({(answer.content, answer.headers["Location"]) for answer in answers}) == 1
