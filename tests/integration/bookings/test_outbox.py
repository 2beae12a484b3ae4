"""Outbox: each promised mail goes out once, over real SMTP, whatever the server answers."""

import logging
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from email.message import EmailMessage as Message
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import IntegrityError, connection, connections, transaction
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from bookings.models import Booking, MailKind, MailStatus, OutboxMessage, Restaurant
from bookings.outbox import delivery
from bookings.outbox.maildir import open_mailbox
from bookings.outbox.promise import UNDO_WINDOW, promise, promise_to_guest, void_pending, withdraw
from bookings.queue import BEHIND
from config.environment import SMTP_BACKEND
from observability.models import Event
from tests.factories import NOW, dinner, receive, serving_restaurant
from tests.integration.bookings.postbox import Postbox, free_port, open_postbox


@pytest.fixture
def postbox(settings: Any) -> Iterator[Postbox]:
    with open_postbox() as box:
        settings.EMAIL_BACKEND = SMTP_BACKEND
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_TIMEOUT = 5
        settings.DEFAULT_FROM_EMAIL = "Bookings <bookings@restaurants.example>"
        yield box


def promised(*, delay: timedelta = timedelta(0), **wishes: Any) -> OutboxMessage:
    """A promised confirmation of a confirmed booking."""
    booking = receive(serving_restaurant(4, name="Bistro"), **wishes)
    confirm(booking)
    promise(booking_id=booking.pk, kind=MailKind.CONFIRMATION, revision=6, delay=delay)
    return OutboxMessage.objects.get(booking=booking)


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


def database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def age(message: OutboxMessage, **fields: Any) -> None:
    OutboxMessage.objects.filter(pk=message.pk).update(**fields)


def is_about(moment: datetime, delay: timedelta) -> bool:
    """Whether a moment lies `delay` or up to a quarter more ahead, the test's own seconds aside."""
    return timedelta(seconds=-5) < moment - database_now() - delay <= delay / 4


# Promises -----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_promise_is_a_row_and_a_task_that_names_it() -> None:
    message = promised()
    assert (message.status, message.attempts) == (MailStatus.PENDING, 0)
    assert message.message_id == f"<confirmation.{message.booking_id}.6@table-assignment>"
    [(_, args, lock)] = tasks()
    assert args == (message.pk,)
    assert lock >= message.due_at


@pytest.mark.django_db
def test_a_second_promise_for_the_same_revision_is_refused() -> None:
    message = promised()
    with pytest.raises(IntegrityError, match="outbox_"), transaction.atomic():
        promise(booking_id=message.booking_id, kind=MailKind.CONFIRMATION, revision=6)
    promise(booking_id=message.booking_id, kind=MailKind.RECEIVED, revision=6)
    promise(booking_id=message.booking_id, kind=MailKind.CONFIRMATION, revision=7)
    assert OutboxMessage.objects.count() == 3


@pytest.mark.django_db
def test_a_promise_shares_the_fate_of_its_transaction() -> None:
    with transaction.atomic():
        promised()
        transaction.set_rollback(True)
    assert OutboxMessage.objects.count() == 0
    assert tasks() == []


@pytest.mark.django_db
def test_a_mail_is_not_sent_before_it_is_due(postbox: Postbox) -> None:
    message = promised(delay=timedelta(seconds=10))
    [(_, _, lock)] = tasks()
    assert is_about(message.due_at, timedelta(seconds=10))
    assert lock >= message.due_at
    delivery.send(message.pk)
    message.refresh_from_db()
    assert (message.status, message.attempts, postbox.letters) == (MailStatus.PENDING, 0, [])


# Sending ------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_mail_is_sent_once_and_says_so(postbox: Postbox) -> None:
    message = promised(guest_name="Ada Guest")
    delivery.send(message.pk)
    delivery.send(message.pk)
    message.refresh_from_db()
    assert (message.status, message.attempts, message.last_error) == (MailStatus.SENT, 1, "")
    assert message.sent_at is not None
    assert told() == [("mail.sent", "info")]
    [letter] = postbox.letters
    assert letter["Message-ID"] == message.message_id
    assert letter["To"] == "ada@example.org"
    assert letter["From"] == "Bookings <bookings@restaurants.example>"
    assert letter["Subject"] == "Your table at Bistro, 5 March at 19:00"
    assert postbox.envelopes == [("bookings@restaurants.example", ["ada@example.org"])]
    assert message.booking.reference in text_of(letter)


@pytest.mark.django_db
def test_the_event_of_a_mail_names_ids_and_kind_only(postbox: Postbox) -> None:
    message = promised()
    delivery.send(message.pk)
    event = Event.objects.get(source="outbox")
    assert event.context == {"kind": "confirmation", "attempt": 1}
    assert (event.booking_id, event.restaurant_id) == (message.booking_id, message.booking.restaurant_id)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "status", "subject"),
    [
        ("received", "pending", "We have your request for Bistro, 5 March at 19:00"),
        ("confirmation", "confirmed", "Your table at Bistro, 5 March at 19:00"),
        ("changed", "confirmed", "Your booking was changed: Bistro, 5 March at 19:00"),
        ("cancelled", "cancelled", "Your booking is cancelled: Bistro, 5 March at 19:00"),
        ("declined", "cancelled", "No table for your request: Bistro, 5 March at 19:00"),
    ],
)
def test_each_kind_of_letter_can_be_sent(postbox: Postbox, kind: str, status: str, subject: str) -> None:
    booking = promised().booking
    Booking.objects.filter(pk=booking.pk).update(status=status)
    promise(booking_id=booking.pk, kind=MailKind(kind), revision=7)
    message = OutboxMessage.objects.get(revision=7)
    delivery.send(message.pk)
    [letter] = postbox.letters
    assert letter["Subject"] == subject
    assert letter["Message-ID"] == f"<{kind}.{booking.pk}.7@table-assignment>"


# Mails that no longer hold ------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "status", "state"),
    [
        ("confirmation", "cancelled", "cancelled"),
        ("confirmation", "no_show", "confirmed"),
        ("confirmation", "confirmed", "assignment_pending"),
        ("confirmation", "pending", "manual_review"),
        ("received", "confirmed", "confirmed"),
        ("changed", "cancelled", "cancelled"),
        ("cancelled", "pending", "manual_review"),
        ("declined", "pending", "manual_review"),
    ],
)
def test_a_mail_that_no_longer_holds_is_void_and_not_sent(
    postbox: Postbox, kind: str, status: str, state: str
) -> None:
    message = promised()
    age(message, kind=kind)
    Booking.objects.filter(pk=message.booking_id).update(status=status, assignment_state=state)
    delivery.send(message.pk)
    message.refresh_from_db()
    assert (message.status, message.attempts, postbox.letters) == (MailStatus.VOID, 0, [])
    assert message.last_error.startswith("the booking")
    assert told() == [("mail.void", "info")]


@pytest.mark.django_db
def test_a_mail_that_a_later_one_follows_is_not_sent_beside_it(postbox: Postbox) -> None:
    first = promised()
    promise(booking_id=first.booking_id, kind=MailKind.CHANGED, revision=7)
    for message in OutboxMessage.objects.order_by("pk"):
        delivery.send(message.pk)
    assert list(OutboxMessage.objects.order_by("pk").values_list("status", flat=True)) == ["void", "sent"]
    assert len(postbox.letters) == 1


@pytest.mark.django_db
def test_a_mail_is_sent_after_a_later_one_was_taken_back(postbox: Postbox) -> None:
    first = promised()
    promise(booking_id=first.booking_id, kind=MailKind.CHANGED, revision=7)
    assert withdraw(booking_id=first.booking_id, kind=MailKind.CHANGED, revision=7, now=NOW)
    delivery.send(first.pk)
    assert len(postbox.letters) == 1


@pytest.mark.django_db
def test_pending_mails_of_the_named_kinds_are_taken_back(postbox: Postbox) -> None:
    first = promised()
    promise(booking_id=first.booking_id, kind=MailKind.RECEIVED, revision=5)
    promise(booking_id=first.booking_id, kind=MailKind.CHANGED, revision=7)
    other = promised()
    taken = void_pending(
        booking_id=first.booking_id, kinds=(MailKind.CONFIRMATION, MailKind.CHANGED), now=NOW
    )
    assert taken == 2
    assert set(OutboxMessage.objects.filter(status="void").values_list("kind", flat=True)) == {
        "confirmation",
        "changed",
    }
    other.refresh_from_db()
    assert other.status == MailStatus.PENDING
    assert told() == [("mail.void", "info")] * 2
    delivery.send(first.pk)
    assert postbox.letters == []


@pytest.mark.django_db
def test_taking_back_shares_the_fate_of_its_transaction() -> None:
    message = promised()
    with transaction.atomic():
        void_pending(booking_id=message.booking_id, kinds=(MailKind.CONFIRMATION,), now=NOW)
        transaction.set_rollback(True)
    message.refresh_from_db()
    assert (message.status, told()) == (MailStatus.PENDING, [])


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["inflight", "sent", "unknown", "dead"])
def test_what_a_sender_has_taken_is_not_taken_back(status: str) -> None:
    message = promised()
    age(message, status=status, claimed_at=NOW, sent_at=NOW)
    assert not withdraw(booking_id=message.booking_id, kind=MailKind.CONFIRMATION, revision=6, now=NOW)
    message.refresh_from_db()
    assert message.status == status


@pytest.mark.django_db
def test_within_the_undo_window_a_mail_waits_and_can_be_withdrawn(postbox: Postbox) -> None:
    booking = receive(serving_restaurant(4))
    confirm(booking)
    promise_to_guest(booking=booking, kind=MailKind.CONFIRMATION, revision=6, delay=UNDO_WINDOW)
    message = OutboxMessage.objects.get()
    delivery.send(message.pk)
    assert withdraw(booking_id=booking.pk, kind=MailKind.CONFIRMATION, revision=6, now=NOW)
    age(message, due_at=NOW - timedelta(days=1000))
    delivery.send(message.pk)
    assert postbox.letters == []


def test_eight_senders_of_one_mail_send_it_once(committed_db: None, postbox: Postbox) -> None:
    message = promised()
    together = threading.Barrier(8)

    def send() -> None:
        try:
            together.wait(timeout=10)
            delivery.send(message.pk)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=8) as senders:
        for sent in [senders.submit(send) for _ in range(8)]:
            sent.result()

    message.refresh_from_db()
    assert (message.status, message.attempts) == (MailStatus.SENT, 1)
    assert len(postbox.letters) == 1


def test_a_mail_is_claimed_in_the_database_before_a_line_is_opened(committed_db: None, settings: Any) -> None:
    """Otherwise a process that dies while sending would leave a row that is sent again."""
    settings.EMAIL_BACKEND = f"{__name__}.Onlooker"
    message = promised()
    delivery.send(message.pk)
    assert Onlooker.seen == [MailStatus.INFLIGHT]


class Onlooker(BaseEmailBackend):
    """Takes mails, and looks from another session how the database stands meanwhile."""

    seen: list[str] = []

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        def look() -> list[str]:
            try:
                return list(OutboxMessage.objects.values_list("status", flat=True))
            finally:
                connections.close_all()

        with ThreadPoolExecutor(max_workers=1) as elsewhere:
            Onlooker.seen = elsewhere.submit(look).result()
        return len(email_messages)


# Refusals -----------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "answers",
    [{"recipient": "550 no such user"}, {"recipient": "553 not here"}, {"data": "554 looks like spam"}],
)
def test_a_mail_refused_for_good_is_dead(postbox: Postbox, answers: dict[str, str]) -> None:
    vars(postbox).update(answers)
    message = promised()
    delivery.send(message.pk)
    message.refresh_from_db()
    assert message.status == MailStatus.DEAD
    assert message.last_error in {"SMTPRecipientsRefused", "SMTPDataError"}
    assert told() == [("mail.dead", "error")]
    assert len(tasks()) == 1  # the promise's own


@pytest.mark.django_db
@pytest.mark.parametrize(
    "answers",
    [
        {"recipient": "450 greylisted, come back later"},
        {"recipient": "452 mailbox full"},
        {"data": "451 local error"},
        {"sender": "451 try again"},
        {"sender": "550 you may not send as this"},
    ],
)
def test_a_mail_refused_for_now_is_tried_again_later_and_then_sent(
    postbox: Postbox, answers: dict[str, str]
) -> None:
    vars(postbox).update(answers)
    message = promised()
    delivery.send(message.pk)
    message.refresh_from_db()
    assert (message.status, message.attempts) == (MailStatus.PENDING, 1)
    assert is_about(message.due_at, delivery.RETRY_DELAYS[0])
    func, args, lock = tasks()[-1]
    assert (func, args, len(tasks())) == ("bookings.tasks.send_mail", (message.pk,), 2)
    assert message.due_at <= lock < message.due_at + timedelta(seconds=5)
    assert told() == [("mail.retry", "warning")]

    vars(postbox).update(sender="250 ok", recipient="250 ok", data="250 taken")
    delivery.send(message.pk)
    assert postbox.letters == []  # not due yet
    age(message, due_at=database_now())
    delivery.send(message.pk)
    message.refresh_from_db()
    assert (message.status, message.attempts, len(postbox.letters)) == (MailStatus.SENT, 2, 1)


@pytest.mark.django_db
def test_a_server_that_is_not_there_is_tried_again(postbox: Postbox, settings: Any) -> None:
    settings.EMAIL_PORT = free_port()
    message = promised()
    delivery.send(message.pk)
    message.refresh_from_db()
    assert (message.status, message.last_error) == (MailStatus.PENDING, "ConnectionRefusedError")
    assert len(tasks()) == 2


@pytest.mark.django_db
@pytest.mark.parametrize("moment", ["sender", "recipient"])
def test_a_line_that_breaks_before_the_text_lost_no_mail_and_is_tried_again(
    postbox: Postbox, moment: Any
) -> None:
    postbox.hang_up = moment
    message = promised()
    delivery.send(message.pk)
    message.refresh_from_db()
    assert (message.status, message.attempts, postbox.letters) == (MailStatus.PENDING, 1, [])

    postbox.hang_up = ""
    age(message, due_at=database_now())
    delivery.send(message.pk)
    message.refresh_from_db()
    assert (message.status, len(postbox.letters)) == (MailStatus.SENT, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("attempts", range(len(delivery.RETRY_DELAYS)))
def test_the_wait_grows_with_each_attempt(postbox: Postbox, attempts: int) -> None:
    postbox.data = "451 local error"
    message = promised()
    age(message, attempts=attempts)
    delivery.send(message.pk)
    message.refresh_from_db()
    assert message.status == MailStatus.PENDING
    assert is_about(message.due_at, delivery.RETRY_DELAYS[attempts])
    assert sorted(delivery.RETRY_DELAYS) == list(delivery.RETRY_DELAYS)


@pytest.mark.django_db
def test_a_mail_refused_for_now_too_often_is_dead(postbox: Postbox) -> None:
    postbox.data = "451 local error"
    message = promised()
    age(message, attempts=len(delivery.RETRY_DELAYS))
    delivery.send(message.pk)
    message.refresh_from_db()
    assert message.status == MailStatus.DEAD
    assert len(tasks()) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["", " ", "ada", "a@example.org\nBcc: b@example.org", "a@b.org, c@d.org"])
def test_an_address_no_mail_can_go_to_is_dead_at_once(postbox: Postbox, address: str) -> None:
    message = promised()
    Booking.objects.filter(pk=message.booking_id).update(guest_email=address)
    delivery.send(message.pk)
    message.refresh_from_db()
    assert message.status == MailStatus.DEAD
    assert message.last_error.startswith("the booking")
    assert "b.org" not in message.last_error
    assert postbox.letters == []


# What nobody knows --------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "answers", [{"hang_up": "text"}, {"hang_up": "accepted"}, {"data": "good grief"}, {"data": "251 perhaps"}]
)
def test_a_mail_whose_answer_is_missing_or_unclear_is_unknown_and_never_sent_again(
    postbox: Postbox, answers: dict[str, Any]
) -> None:
    vars(postbox).update(answers)
    message = promised()
    delivery.send(message.pk)
    message.refresh_from_db()
    assert message.status == MailStatus.UNKNOWN
    assert told() == [("mail.unknown", "error")]
    taken = len(postbox.letters)
    assert taken == (answers.get("hang_up") == "accepted")

    vars(postbox).update(hang_up="", data="250 taken")
    age(message, due_at=database_now() - timedelta(hours=1), claimed_at=database_now() - timedelta(hours=1))
    delivery.send(message.pk)
    assert (delivery.mark_stale(), delivery.requeue_overdue()) == (0, 0)
    message.refresh_from_db()
    assert (message.status, message.attempts, len(postbox.letters)) == (MailStatus.UNKNOWN, 1, taken)
    assert len(tasks()) == 1


@pytest.mark.django_db
def test_a_mail_whose_sender_is_gone_becomes_unknown(postbox: Postbox) -> None:
    gone, at_work = promised(), promised()
    for message, claimed in ((gone, delivery.STALE_AFTER), (at_work, delivery.STALE_AFTER / 2)):
        age(message, status=MailStatus.INFLIGHT, attempts=1, claimed_at=database_now() - claimed)
    assert delivery.mark_stale() == 1
    assert dict(OutboxMessage.objects.values_list("pk", "status")) == {
        gone.pk: MailStatus.UNKNOWN,
        at_work.pk: MailStatus.INFLIGHT,
    }
    assert told() == [("mail.unknown", "error")]
    delivery.send(gone.pk)
    assert postbox.letters == []


@pytest.mark.django_db
def test_a_sender_that_comes_back_after_it_was_given_up_changes_nothing(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.GivenUp"
    message = promised()
    with caplog.at_level(logging.WARNING):
        delivery.send(message.pk)
    message.refresh_from_db()
    assert message.status == MailStatus.UNKNOWN
    assert told() == [("mail.unknown", "error")]
    assert f"mail {message.pk} was settled by someone else" in caplog.text


class GivenUp(BaseEmailBackend):
    """Takes so long over a mail that its sender is given up meanwhile."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        OutboxMessage.objects.update(claimed_at=database_now() - delivery.STALE_AFTER)
        assert delivery.mark_stale() == 1
        return len(email_messages)


@pytest.mark.django_db
def test_a_mail_whose_task_was_lost_is_enqueued_again_but_not_twice(postbox: Postbox) -> None:
    lost, waiting = promised(), promised(delay=timedelta(minutes=5))
    age(lost, due_at=database_now() - delivery.STALE_AFTER)
    OrmQ.objects.all().delete()
    assert delivery.requeue_overdue() == 1
    assert [args for _, args, _ in tasks()] == [(lost.pk,)]
    assert delivery.requeue_overdue() == 0
    delivery.send(lost.pk)
    delivery.send(waiting.pk)
    assert len(postbox.letters) == 1


@pytest.mark.django_db
def test_a_queue_that_is_behind_is_not_made_longer() -> None:
    waiting = promised()
    age(waiting, due_at=database_now() - delivery.STALE_AFTER)
    OrmQ.objects.update(lock=database_now() - BEHIND * 2)
    length = OrmQ.objects.count()
    assert (delivery.requeue_overdue(), OrmQ.objects.count()) == (0, length)
    # Taken by workers: what still has no task is lost.
    OrmQ.objects.update(lock=database_now() + timedelta(minutes=1))
    assert delivery.requeue_overdue() == 1


# Environments that write to no guest ---------------------------------------------------------------


@pytest.mark.django_db
def test_a_suppressed_mail_is_not_sent_and_stays_visible(postbox: Postbox, settings: Any) -> None:
    settings.MAIL_MODE = "suppress"
    message = promised()
    delivery.send(message.pk)
    message.refresh_from_db()
    assert (message.status, message.attempts, postbox.letters) == (MailStatus.SUPPRESSED, 0, [])
    assert told() == [("mail.suppressed", "info")]


@pytest.mark.django_db
def test_a_redirected_mail_reaches_the_named_address_and_no_guest(postbox: Postbox, settings: Any) -> None:
    settings.MAIL_MODE, settings.MAIL_REDIRECT_TO = "redirect", "testers@example.org"
    delivery.send(promised().pk)
    assert [recipients for _, recipients in postbox.envelopes] == [["testers@example.org"]]


# Order --------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_mail_waits_while_an_earlier_one_of_its_booking_is_being_sent(postbox: Postbox) -> None:
    first = promised()
    age(first, status="inflight", claimed_at=database_now())
    Booking.objects.update(status="cancelled")
    promise(booking_id=first.booking_id, kind=MailKind.CANCELLED, revision=7)
    second = OutboxMessage.objects.get(revision=7)
    delivery.send(second.pk)
    second.refresh_from_db()
    assert (second.status, postbox.letters) == (MailStatus.PENDING, [])
    assert [args for _, args, _ in tasks()].count((second.pk,)) == 2

    age(first, status="sent", sent_at=database_now())
    age(second, due_at=database_now())
    delivery.send(second.pk)
    assert len(postbox.letters) == 1


# Texts --------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_names_cannot_add_a_header_or_a_recipient(postbox: Postbox) -> None:
    evil = "Ada\r\nBcc: evil@example.org\r\n\r\nBuy now"
    message = promised(guest_name=evil)
    Restaurant.objects.update(name=evil)
    delivery.send(message.pk)
    [letter] = postbox.letters
    assert letter["Bcc"] is None
    assert postbox.envelopes[0][1] == ["ada@example.org"]
    assert letter["Subject"] == "Your table at Ada Bcc: evil@example.org Buy now, 5 March at 19:00"
    assert "Dear Ada Bcc: evil@example.org Buy now," in text_of(letter)


@pytest.mark.django_db
def test_a_letter_gives_the_restaurants_local_time(postbox: Postbox) -> None:
    booking = receive(
        serving_restaurant(4, timezone="America/New_York", name="Diner"), start=dinner(23, 30), party_size=4
    )
    confirm(booking)
    promise(booking_id=booking.pk, kind=MailKind.CONFIRMATION, revision=6)
    delivery.send(OutboxMessage.objects.get().pk)
    text = text_of(postbox.letters[0])
    assert "Friday 5 March 2027, 18:30 to 20:00 (local time, America/New_York)" in text
    assert "Guests     4" in text


# The local mailbox --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_local_mailbox_takes_mails_and_lists_them(settings: Any) -> None:
    settings.EMAIL_BACKEND = "bookings.outbox.maildir.MaildirBackend"
    assert len(open_mailbox()) == 0
    message = promised()
    delivery.send(message.pk)
    message.refresh_from_db()
    assert message.status == MailStatus.SENT
    [letter] = open_mailbox()
    assert letter["Message-ID"] == message.message_id
    assert letter["To"] == "ada@example.org"
    assert settings.MAILBOX_DIR.stat().st_mode & 0o077 == 0


def test_first_mails_of_several_workers_at_once_all_arrive(settings: Any) -> None:
    settings.EMAIL_BACKEND = "bookings.outbox.maildir.MaildirBackend"
    together = threading.Barrier(8)

    def deliver(number: int) -> int:
        together.wait(timeout=10)
        return EmailMessage(subject=f"{number}", to=["ada@example.org"]).send()

    with ThreadPoolExecutor(max_workers=8) as workers:
        assert sum(workers.map(deliver, range(8))) == 8
    assert sorted(letter["Subject"] for letter in open_mailbox()) == [str(number) for number in range(8)]
