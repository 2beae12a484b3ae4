"""How many commits a booking costs: each is a disk write the whole house waits for."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from assignments.coordinator import process_booking
from tests.factories import receive, serving_restaurant


def test_the_direct_path_takes_one_commit_at_intake_and_two_in_the_run(committed_db: None) -> None:
    restaurant = serving_restaurant(2)
    with CaptureQueriesContext(connection) as intake:
        booking = receive(restaurant)
    with CaptureQueriesContext(connection) as run:
        process_booking(booking_id=booking.pk, trigger="test")

    assert commits(intake) == 1
    assert commits(run) == 2
    assert writes_outside_transactions(run) == []


def commits(queries: CaptureQueriesContext) -> int:
    return sum(query["sql"] == "COMMIT" for query in queries)


def writes_outside_transactions(queries: CaptureQueriesContext) -> list[str]:
    inside, found = False, []
    for query in queries:
        if query["sql"] in {"BEGIN", "COMMIT", "ROLLBACK"}:
            inside = query["sql"] == "BEGIN"
        elif not inside and not query["sql"].lstrip().upper().startswith("SELECT"):
            found.append(query["sql"])
    return found
