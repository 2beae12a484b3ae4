"""Mails as the tests of the outbox need them: promised, aged, and what became of them."""

from datetime import datetime, timedelta
from email.message import EmailMessage as Message
from typing import Any

from django_q.models import OrmQ
from django_q.signing import SignedPackage

from bookings.models import Booking, MailKind, OutboxMessage
from bookings.outbox.news import tell_guest
from observability.database_clock import database_now
from observability.models import Event
from tests.factories import receive, serving_restaurant


def promised(*, delay: timedelta = timedelta(0), **wishes: Any) -> OutboxMessage:
    """A promised confirmation of a confirmed booking."""
    booking = receive(serving_restaurant(4, name="Bistro"), **wishes)
    confirm(booking)
    promise(booking, MailKind.CONFIRMATION, revision=6, delay=delay)
    return OutboxMessage.objects.get(booking=booking)


def promise(booking: Booking, kind: MailKind, *, revision: int, delay: timedelta = timedelta(0)) -> None:
    """Promise a mail about the booking at a revision."""
    Booking.objects.filter(pk=booking.pk).update(revision=revision)
    tell_guest(booking_id=booking.pk, kind=kind, delay=delay)


def confirm(booking: Booking) -> None:
    """Set a booking to confirmed, version 6; a letter looks at the row alone."""
    Booking.objects.filter(pk=booking.pk).update(
        status="confirmed", assignment_state="confirmed", assignment_state_version=6
    )


def told() -> list[tuple[str, str]]:
    """Type and severity of the mail events so far."""
    return list(Event.objects.filter(source="outbox").order_by("id").values_list("event_type", "severity"))


def tasks() -> list[tuple[str, tuple[int, ...], datetime]]:
    """Function, arguments and time of the mail tasks in the queue."""
    rows = [(SignedPackage.loads(row.payload), row.lock) for row in OrmQ.objects.order_by("id")]
    return [
        (task["func"], task["args"], lock)
        for task, lock in rows
        if task["func"] == "bookings.tasks.send_mail"
    ]


def text_of(letter: Message) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def age(message: OutboxMessage, **fields: Any) -> None:
    OutboxMessage.objects.filter(pk=message.pk).update(**fields)


def is_about(moment: datetime, delay: timedelta) -> bool:
    """Whether a moment lies `delay` or up to a quarter more ahead, the test's own seconds aside."""
    return timedelta(seconds=-5) < moment - database_now() - delay <= delay / 4
