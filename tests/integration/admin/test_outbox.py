"""Mails in the console: what waits for people comes first, what they decide is done once."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ

from bookings.models import Booking, MailStatus, OutboxMessage
from bookings.outbox import delivery
from observability.models import Event
from tests.integration.admin.addresses import list_of, page_of
from tests.integration.admin.booking_rows import mail, seated_booking
from tests.integration.admin.conftest import logged_in

pytestmark = pytest.mark.django_db


def mail_of(status: str, **fields: Any) -> OutboxMessage:
    """The confirmation of a confirmed booking, in this status."""
    message = mail(seated_booking())
    Booking.objects.filter(pk=message.booking_id).update(assignment_state="confirmed")
    times = {"sent_at": timezone.now(), "claimed_at": timezone.now()}
    OutboxMessage.objects.filter(pk=message.pk).update(status=status, **times, **fields)
    message.refresh_from_db()
    return message


def person(*permissions: str) -> Client:
    user = User.objects.create(username=f"person-{User.objects.count()}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return logged_in(user)


@pytest.fixture
def decider(db: None) -> Client:
    return person("view_outboxmessage", "view_booking", "resend_mail", "every_restaurant")


def step_of(message: OutboxMessage, step: str) -> str:
    return page_of(message).replace("change", step)


def send_again(client: Client, message: OutboxMessage, seen: str | int = 0) -> str:
    """Send the mail again; what the page then says."""
    answer = client.post(step_of(message, "resend"), {"seen": seen}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


# The list -----------------------------------------------------------------------------------------


def test_the_list_counts_mails_by_status_with_those_for_people_first(viewer: Client) -> None:
    for status in ("sent", "sent", "dead", "unknown", "pending", "inflight"):
        mail_of(status)
    page = viewer.get(list_of(OutboxMessage))
    figures = {figure["status"]: figure["count"] for figure in page.context["figures"]}
    assert list(figures)[:2] == ["unknown", "dead"]
    assert figures == {"unknown": 1, "dead": 1, "pending": 2, "sent": 2, "void": 0, "suppressed": 0}
    on_the_way = viewer.get(list_of(OutboxMessage), {"status__in": "pending,inflight"})
    assert len(on_the_way.context["cl"].result_list) == 2
    assert [row["mail"].status for row in page.context["for_people"]] == ["unknown", "dead"]
    assert "Waiting for a decision" in page.content.decode()


def test_a_filtered_list_shows_what_was_asked_for(viewer: Client) -> None:
    unknown, sent = mail_of("unknown"), mail_of("sent")
    asked: dict[str, Any] = {
        "booking__restaurant__id__exact": sent.booking.restaurant_id,
        "kind__exact": "confirmation",
    }
    page = viewer.get(list_of(OutboxMessage), asked)
    assert list(page.context["cl"].result_list) == [sent]
    assert page.context["for_people"] == []
    page = viewer.get(list_of(OutboxMessage), {"status__exact": "unknown"})
    assert list(page.context["cl"].result_list) == [unknown]


def test_the_list_asks_as_often_for_one_undecided_mail_as_for_ten(viewer: Client) -> None:
    def queries() -> int:
        viewer.get(list_of(OutboxMessage))
        with CaptureQueriesContext(connection) as asked:
            viewer.get(list_of(OutboxMessage))
        return len(asked)

    mail_of("unknown")
    one = queries()
    for _ in range(9):
        mail_of("unknown")
    assert queries() == one


# Reading ------------------------------------------------------------------------------------------


def test_the_letter_is_shown_as_written_and_never_as_a_page(viewer: Client) -> None:
    message = mail_of("sent")
    Booking.objects.update(guest_name="<img src=x onerror=alert(1)>")
    html = viewer.get(step_of(message, "letter")).content.decode()
    assert "ada@example.org" in html
    assert "Dear &lt;img src=x" in html
    assert "<img" not in html
    assert "BEGIN:VCALENDAR" in html


def test_a_letter_that_cannot_be_written_says_why(viewer: Client) -> None:
    message = mail_of("dead")
    Booking.objects.update(guest_email="")
    assert "the booking has no e-mail address" in viewer.get(step_of(message, "letter")).content.decode()


@pytest.mark.parametrize("missing", ["view_outboxmessage", "view_booking"])
def test_reading_a_letter_needs_both_permissions(missing: str) -> None:
    client = person(*({"view_outboxmessage", "view_booking", "every_restaurant"} - {missing}))
    assert client.get(step_of(mail_of("sent"), "letter")).status_code == 403


def test_mails_of_other_restaurants_are_neither_counted_nor_found() -> None:
    scoped = person("view_outboxmessage", "view_booking", "resend_mail")
    message = mail_of("unknown")
    page = scoped.get(list_of(OutboxMessage))
    assert {figure["count"] for figure in page.context["figures"]} == {0}
    assert page.context["for_people"] == []
    assert message.booking.restaurant.name not in page.content.decode()
    for step in ("letter", "resend", "delivered"):
        assert scoped.get(step_of(message, step)).status_code == 404
        assert scoped.post(step_of(message, step), {"seen": 0}).status_code in (404, 405)


def test_a_mail_that_is_not_there_is_not_found(decider: Client) -> None:
    message = mail_of("unknown")
    message.pk += 1
    for step in ("letter", "resend", "delivered"):
        assert decider.get(step_of(message, step)).status_code == 404


# Deciding -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["resend", "delivered"])
def test_deciding_needs_the_permission_and_a_post(step: str, viewer: Client, decider: Client) -> None:
    message = mail_of("unknown")
    assert viewer.get(step_of(message, step)).status_code == 403
    assert viewer.post(step_of(message, step), {"seen": 0}).status_code == 403
    assert decider.get(step_of(message, step)).status_code == 200
    message.refresh_from_db()
    assert (message.status, message.resends) == (MailStatus.UNKNOWN, 0)
    assert step_of(message, step) in decider.get(page_of(message)).content.decode()
    assert step_of(message, step) not in viewer.get(page_of(message)).content.decode()


@pytest.mark.parametrize("status", ["unknown", "dead", "suppressed", "sent"])
def test_a_mail_is_sent_again_once_under_an_id_of_its_own(
    status: str, decider: Client, mailoutbox: list[Any]
) -> None:
    message = mail_of(status, attempts=6, last_error="SMTPDataError")
    assert "Sent again by hand" in send_again(decider, message)
    assert "somebody else had it sent again" in send_again(decider, message)
    message.refresh_from_db()
    assert (message.status, message.attempts, message.resends) == (MailStatus.PENDING, 0, 1)

    delivery.send(message.pk)
    delivery.send(message.pk)
    [letter] = mailoutbox
    assert letter.extra_headers["Message-ID"] == message.message_id.replace("@", ".r1@")
    event = Event.objects.get(event_type="mail.resent")
    assert event.context == {"kind": "confirmation", "attempt": 6}
    assert LogEntry.objects.get().get_change_message() == "Sent again by hand."


@pytest.mark.parametrize("seen", ["", "x", "-1", "1", "9" * 30])
def test_a_form_that_saw_something_else_sends_nothing(seen: str, decider: Client) -> None:
    message = mail_of("unknown")
    tasks = OrmQ.objects.count()
    assert "Nothing was done" in send_again(decider, message, seen)
    assert (OrmQ.objects.count(), LogEntry.objects.count()) == (tasks, 0)


@pytest.mark.parametrize("status", ["pending", "inflight", "void"])
def test_a_mail_on_its_way_or_void_is_not_sent_again(status: str, decider: Client) -> None:
    message = mail_of(status)
    assert "cannot be sent again" in decider.get(step_of(message, "resend")).content.decode()
    assert "Nothing was done" in send_again(decider, message)


def test_a_mail_that_no_longer_holds_is_not_sent_again(decider: Client) -> None:
    message = mail_of("unknown")
    Booking.objects.update(status="cancelled")
    assert "no longer holds: the booking is cancelled" in send_again(decider, message)
    message.refresh_from_db()
    assert message.status == MailStatus.UNKNOWN


def test_a_person_can_say_that_an_unknown_mail_arrived(decider: Client) -> None:
    message = mail_of("unknown")
    answer = decider.post(step_of(message, "delivered"), follow=True)
    assert "Marked as delivered" in answer.content.decode()
    message.refresh_from_db()
    assert message.status == MailStatus.SENT
    assert Event.objects.filter(event_type="mail.delivered").count() == 1
    assert "Nothing was done" in decider.post(step_of(message, "delivered"), follow=True).content.decode()
    assert LogEntry.objects.count() == 1
