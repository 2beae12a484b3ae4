"""Outbox: what a server refuses is tried again or dead, and what nobody knows is never sent again."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from smtplib import SMTPDataError
from typing import Any, ClassVar

import pytest
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone
from django_q.models import OrmQ

from bookings.models import Booking, MailStatus, OutboxMessage
from bookings.outbox import delivery
from bookings.outbox.by_hand import resend
from bookings.queue.tasks import BEHIND
from observability.database_clock import database_now
from tests.integration.bookings.mailing import (
    age,
    is_about,
    promised,
    tasks,
    told,
)
from tests.integration.bookings.postbox import Postbox, free_port

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
@pytest.mark.parametrize(
    "error",
    [None, SMTPDataError(451, b"try again"), SMTPDataError(550, b"no")],
    ids=["taken", "refused for now", "refused for good"],
)
def test_a_sender_that_comes_back_does_not_settle_what_another_is_sending(
    settings: Any, monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    """Given up as unknown, sent again by a person, and claimed by another sender, who is at it."""
    settings.EMAIL_BACKEND = f"{__name__}.SentByAnother"
    monkeypatch.setattr(SentByAnother, "error", error)
    message = promised()
    delivery.send(message.pk)
    message.refresh_from_db()
    assert (message.status, message.resends, message.attempts) == (MailStatus.INFLIGHT, 1, 1)
    assert told() == [("mail.unknown", "error"), ("mail.resent", "info")]
    assert len(tasks()) == 2  # the promise's own and the person's


class SentByAnother(BaseEmailBackend):
    """Takes so long over a mail that another sender has it meanwhile; then raises `error`, or takes it."""

    error: ClassVar[Exception | None] = None

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        OutboxMessage.objects.update(claimed_at=database_now() - delivery.STALE_AFTER)
        assert delivery.mark_stale() == 1
        again = resend(message_id=OutboxMessage.objects.get().pk, seen_resends=0, now=timezone.now())
        age(again, status=MailStatus.INFLIGHT, attempts=1, claimed_at=database_now())
        if self.error is not None:
            raise self.error
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
