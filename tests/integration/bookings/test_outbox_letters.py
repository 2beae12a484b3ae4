"""Outbox: what letters say, and environments in which none reaches a guest."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.mail import EmailMessage

from bookings.models import MailKind, MailStatus, OutboxMessage, Restaurant
from bookings.outbox import delivery
from bookings.outbox.maildir import open_mailbox
from tests.factories import dinner, receive, serving_restaurant
from tests.integration.bookings.mailing import confirm, promise, promised, text_of, told
from tests.integration.bookings.postbox import Postbox

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
    promise(booking, MailKind.CONFIRMATION, revision=6)
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
