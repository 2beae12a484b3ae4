"""How many commits and statements a booking costs: each commit is a disk write the whole house waits for."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assignments.coordinator import process_booking
from bookings.models import WebhookDelivery
from bookings.states import State
from bookings.webhooks import hook
from tests.factories import receive, serving_restaurant
from tests.integration.bookings.webhooks.conftest import endpoint_at

#: The booking, the claim (which commits by itself), the facts, and the finish in its transaction, which first
#: sees that nobody is exchanging or withdrawing tables.
RUN = ["SELECT", "WITH", "SELECT", "BEGIN", "SELECT", "WITH", "COMMIT"]


def test_the_direct_path_takes_one_commit_at_intake_and_two_in_the_run(committed_db: None) -> None:
    restaurant = serving_restaurant(2, 2)
    process_booking(booking_id=receive(restaurant).pk, trigger="test")  # makes slots, reads the floor plan
    with CaptureQueriesContext(connection) as intake:
        booking = receive(restaurant)
    with CaptureQueriesContext(connection) as run:
        process_booking(booking_id=booking.pk, trigger="test")

    assert commits(intake) == 1
    assert verbs(run) == RUN
    booking.refresh_from_db()
    assert booking.assignment_state == "confirmed"


def test_an_endpoint_that_wants_to_hear_of_it_is_told_in_the_commit_of_the_run(
    committed_db: None, request: pytest.FixtureRequest
) -> None:
    restaurant = serving_restaurant(2, 2)
    process_booking(booking_id=receive(restaurant).pk, trigger="test")
    booking = receive(restaurant)
    endpoint_at("https://channel.example/hook", channel=booking.channel, events=["booking.confirmed"])
    hook.forget()
    request.addfinalizer(hook.forget)
    hook.is_wanted(State.CONFIRMED)
    with CaptureQueriesContext(connection) as run:
        process_booking(booking_id=booking.pk, trigger="test")
    assert verbs(run) == [*RUN[:-1], "INSERT", "COMMIT"]
    assert WebhookDelivery.objects.get().booking_id == booking.pk


def verbs(queries: CaptureQueriesContext) -> list[str]:
    return [query["sql"].split()[0].upper() for query in queries]


def commits(queries: CaptureQueriesContext) -> int:
    return verbs(queries).count("COMMIT")


def writes_outside_transactions(queries: CaptureQueriesContext) -> list[str]:
    inside, found = False, []
    for query in queries:
        if query["sql"] in {"BEGIN", "COMMIT", "ROLLBACK"}:
            inside = query["sql"] == "BEGIN"
        elif not inside and not query["sql"].lstrip().upper().startswith("SELECT"):
            found.append(query["sql"])
    return found
