"""A run that decides its booking takes its own task off the queue, in the commit that decides."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection, transaction
from django_q.brokers import get_broker
from django_q.models import OrmQ
from django_q.signals import post_execute_in_worker, pre_execute
from django_q.signing import SignedPackage
from django_redis import get_redis_connection

from assignments.coordinator import Confirmed, ManualReview, process_booking
from assignments.edge import Edge
from bookings.intake import ASSIGN_TASK
from bookings.models import Booking, OutboxMessage
from bookings.queue.at_hand import acknowledging, acknowledging_values
from tests.factories import NOW, receive, serving_restaurant

pytestmark = pytest.mark.django_db

EDGE = Edge(clock=lambda: NOW, jitter=lambda: 0.0)


@pytest.fixture(autouse=True)
def closed_circuit() -> Iterator[None]:
    yield
    get_redis_connection().delete(caches["default"].make_key("breaker:assignment"))


class InWorker:
    """The task handed out next, worked on as django-q2's worker does."""

    def __init__(self) -> None:
        [(self.row, payload)] = get_broker().dequeue()
        self.task: dict[str, Any] = SignedPackage.loads(payload) | {"ack_id": self.row}

    def does(self, work: Callable[[], object]) -> object:
        """Do it; `task` is afterwards what the monitor gets."""
        pre_execute.send(sender="test", func=None, task=self.task)
        try:
            return work()
        finally:
            self.task |= {"success": True, "result": None}
            post_execute_in_worker.send(sender="test", func=None, task=self.task)

    @property
    def waits(self) -> bool:
        """Whether the queue still has it."""
        return bool(OrmQ.objects.filter(pk=self.row).exists())


def assign(booking: Booking) -> object:
    return process_booking(booking_id=booking.pk, trigger="test", edge=EDGE)


def test_the_commit_that_confirms_a_booking_takes_its_task_off_the_queue() -> None:
    booking = receive(serving_restaurant(2))
    worker = InWorker()
    assert worker.task["func"] == ASSIGN_TASK
    assert isinstance(worker.does(lambda: assign(booking)), Confirmed)
    assert not worker.waits
    assert worker.task["ack_id"] is None
    mail = OutboxMessage.objects.get(booking=booking)
    assert [SignedPackage.loads(row.payload)["args"] for row in OrmQ.objects.all()] == [(mail.pk,)]


def test_a_booking_handed_to_people_leaves_its_task_to_the_monitor() -> None:
    booking = receive(serving_restaurant(2), party_size=9)
    worker = InWorker()
    assert isinstance(worker.does(lambda: assign(booking)), ManualReview)
    assert worker.waits
    assert worker.task["ack_id"] == worker.row


def test_a_task_stays_where_its_commit_comes_to_nothing() -> None:
    booking = receive(serving_restaurant(2))
    worker = InWorker()

    def fails() -> None:
        with transaction.atomic():
            _acknowledge(of=booking.pk)
            assert not worker.waits
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        worker.does(fails)
    assert worker.waits
    assert worker.task["ack_id"] == worker.row


def test_a_task_stays_where_what_it_was_there_for_did_not_happen() -> None:
    receive(serving_restaurant(2))
    worker = InWorker()
    worker.does(lambda: _acknowledge(of=0))
    assert worker.waits


def test_outside_of_a_worker_no_task_is_taken_off() -> None:
    booking = receive(serving_restaurant(2))
    _acknowledge(of=booking.pk)
    assert OrmQ.objects.count() == 1


def _acknowledge(*, of: int) -> None:
    """The statement, after a CTE that has a row if there is a booking of that id."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH done AS (SELECT FROM bookings WHERE id = %(of)s) {acknowledging(after='done')}",
            {"of": of, **acknowledging_values()},
        )
