"""Guests of bookings of long ago are forgotten by workers, some at a time; others are left alone."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from assignments.models import ReviewCase
from assignments.review.claims import CaseError
from assignments.review.waiting import note
from assignments.upkeep import round_of_upkeep
from bookings.change_request import BookingChange
from bookings.change_rules import asked_of
from bookings.changes import ChangeError, change
from bookings.models import Booking, BookingStatus, GuestErasure, MailStatus, OutboxMessage
from bookings.privacy import retention
from bookings.privacy.data_map import GUEST_DATA
from bookings.privacy.identity import ERASED
from bookings.states import State
from observability.models import Event
from tests.factories import NOW, dinner, receive
from tests.integration.bookings.privacy.planted import (
    EMAIL,
    NAME,
    NOTES,
    PHONE,
    places_for_words,
    planted_in_tables,
)
from tests.rights import acting_as

DAYS = 30
#: The first midnight UTC that is more than DAYS after the evening of NOW.
DUE = NOW.replace(hour=0) + timedelta(days=DAYS + 1)

#: What age does not reach: days of their own, the log of actions, words that belong to no booking.
BEYOND = {
    "api_answers.body", "api_answers.key", "closures.reason", "django_admin_log.change_message",
    "django_admin_log.object_repr", "import_rejects.cells", "import_rejects.reason", "import_runs.columns",
    "import_runs.content", "import_runs.filename", "import_runs.mapping", "import_runs.problem",
    "review_queue_views.name", "review_queue_views.query", "table_blocks.reason",
}  # fmt: skip


@pytest.fixture(autouse=True)
def days(settings: object) -> None:
    settings.GUEST_RETENTION_DAYS = DAYS  # type: ignore[attr-defined]


def forget(now: datetime = DUE) -> int:
    """As workers do it, with their rights."""
    with acting_as("worker"):
        return retention.forget(now=now)


def known(**wanted: object) -> set[int]:
    """Bookings whose guest is known still."""
    return set(Booking.objects.filter(**wanted).exclude(guest_name="").values_list("pk", flat=True))


def test_a_guest_of_long_ago_is_gone_from_all_that_belongs_to_the_booking(booking: Booking) -> None:
    assert planted_in_tables() == {*places_for_words(), "import_runs.content"}
    assert forget() == 1
    assert planted_in_tables() == BEYOND
    booking.refresh_from_db()
    assert (booking.guest_name, booking.request_digest, booking.party_size) == ("", "", 2)
    assert booking.guest_forgotten_at == DUE
    assert ReviewCase.objects.get().notes.get().text == ERASED


def test_tables_about_bookings_are_reached_but_for_two() -> None:
    about = {held.name for held in GUEST_DATA.values() if held.theirs}
    left_out = {GUEST_DATA[model].name for model in retention.NOT_BY_AGE}
    assert about - left_out == {
        "mails", "webhook deliveries", "change wishes", "notes on reviews", "reviews",
        "outcomes of reviews", "bookings",
    }  # fmt: skip


def test_the_same_guest_stays_in_newer_bookings_and_bookings_to_come(booking: Booking) -> None:
    guest: dict[str, Any] = {"guest_name": NAME, "guest_email": EMAIL, "guest_phone": PHONE, "notes": NOTES}
    later = [receive(booking.restaurant, start=dinner(day=day), **guest) for day in (1, DAYS + 10)]
    for each in later:
        OutboxMessage.objects.create(
            booking=each, kind="confirmation", revision=1, message_id=f"<{each.pk}@y>"
        )
    assert forget() == 1
    assert known(guest_email=EMAIL, guest_phone=PHONE, notes=NOTES) == {each.pk for each in later}
    assert {each.mails.get().status for each in later} == {MailStatus.PENDING}


def test_a_name_is_taken_out_of_words_about_its_own_booking_alone(booking: Booking) -> None:
    receive(booking.restaurant, start=dinner(20), guest_name="Seat")
    resolution = ReviewCase.objects.get().resolution
    assert forget() == 2
    resolution.refresh_from_db()
    assert resolution.sentence == f"Seat {ERASED}"


def test_an_evening_is_over_for_the_days_at_midnight(booking: Booking) -> None:
    assert forget(DUE - timedelta(seconds=1)) == 0
    assert known() == {booking.pk}
    assert forget(DUE) == 1


@pytest.mark.parametrize("status", BookingStatus.values)
def test_whatever_became_of_the_booking(booking: Booking, status: str) -> None:
    Booking.objects.filter(pk=booking.pk).update(status=status)
    assert forget() == 1
    assert not known()


def test_mails_not_sent_yet_are_taken_back(booking: Booking) -> None:
    forget()
    assert booking.mails.get().status == MailStatus.VOID


def test_a_booking_in_review_waits_for_its_people(booking: Booking) -> None:
    Booking.objects.filter(pk=booking.pk).update(assignment_state=State.MANUAL_REVIEW)
    assert forget() == 0
    Booking.objects.filter(pk=booking.pk).update(assignment_state=State.CONFIRMED)
    assert forget() == 1


def test_each_round_tells_a_number_and_a_second_one_changes_nothing(booking: Booking) -> None:
    forget()
    rows = list(Booking.objects.values())
    assert forget(DUE + timedelta(days=1)) == 0
    assert list(Booking.objects.values()) == rows
    told = Event.objects.get(event_type="guests.forgotten")
    assert (told.booking_id, told.context) == (None, {"bookings": 1, "days": DAYS})
    assert not GuestErasure.objects.exists()


def test_rounds_are_small_and_take_the_oldest_first(
    booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    newer = [receive(booking.restaurant, start=dinner(day=day), guest_name="Bo") for day in (2, 1)]
    late = DUE + timedelta(days=5)
    assert forget(late) == 2
    assert known() == {newer[0].pk}
    assert [forget(late), forget(late)] == [1, 0]


@pytest.mark.usefixtures("booking")
def test_a_failure_leaves_everything_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    before = planted_in_tables()

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("bookings.privacy.retention.events.record", fail)
    with pytest.raises(OSError, match="disk"):
        forget()
    assert planted_in_tables() == before
    assert not Booking.objects.filter(guest_forgotten_at__isnull=False).exists()


def test_what_is_due_is_found_by_an_index(actor: User) -> None:
    with CaptureQueriesContext(connection) as asked:
        forget()
    (statement,) = [each["sql"] for each in asked if 'FROM "bookings"' in each["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {statement}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "bookings_guest_kept" in plan
    assert "Sort" not in plan


def test_unset_guests_stay_and_nothing_is_asked(booking: Booking, settings: object) -> None:
    settings.GUEST_RETENTION_DAYS = None  # type: ignore[attr-defined]
    with CaptureQueriesContext(connection) as asked:
        assert forget(DUE + timedelta(days=10_000)) == 0
    assert not asked.captured_queries
    assert known() == {booking.pk}


@pytest.mark.parametrize("status", [BookingStatus.CONFIRMED, BookingStatus.CHECKED_IN])
def test_a_change_does_not_bring_the_guest_back(booking: Booking, status: str) -> None:
    Booking.objects.filter(pk=booking.pk).update(status=status)
    forget()
    with pytest.raises(ChangeError, match="its guest forgotten"):
        change(booking_id=booking.pk, wish=BookingChange(guest_name=NAME), now=DUE)
    assert not known()


def test_a_change_that_looked_before_does_not_bring_the_guest_back(
    booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_then_forget(*given: Any, **more: Any) -> Any:
        forget()
        return asked_of(*given, **more)

    monkeypatch.setattr("bookings.changes.asked_of", look_then_forget)
    with pytest.raises(ChangeError, match="its guest forgotten"):
        change(booking_id=booking.pk, wish=BookingChange(guest_name="Ada Again"), now=DUE)
    assert not known()


@pytest.mark.parametrize("status", [BookingStatus.CONFIRMED, BookingStatus.COMPLETED])
def test_a_form_that_was_open_over_night_does_not_bring_the_guest_back(
    booking: Booking, status: str, admin_client: Client
) -> None:
    Booking.objects.filter(pk=booking.pk).update(status=status)
    shown = admin_client.get(f"/bookings/booking/{booking.pk}/change/").context["adminform"].form.initial
    forget()
    answer = admin_client.post(f"/bookings/booking/{booking.pk}/change/", {**shown, "locked": "on"})
    assert b"not entered again" in answer.content
    assert not known()
    assert admin_client.post(f"/bookings/booking/{booking.pk}/change/", {"locked": "on"}).status_code == 302


def test_nothing_is_noted_about_a_guest_who_is_forgotten(booking: Booking, actor: User) -> None:
    forget()
    with pytest.raises(CaseError, match="its guest forgotten"):
        note(case_id=ReviewCase.objects.get().pk, user=actor, text=f"{NAME} called", now=DUE)


def test_the_same_request_again_finds_the_booking_without_its_guest(booking: Booking) -> None:
    forget()
    again = receive(booking.restaurant, guest_name=NAME, channel="web", idempotency_key=f"order-{EMAIL}-2")
    assert again.pk != booking.pk
    Booking.objects.filter(pk=booking.pk).update(idempotency_key="order-1")
    found = receive(booking.restaurant, guest_name=NAME, channel="web", idempotency_key="order-1")
    assert (found.pk, found.guest_name) == (booking.pk, "")


def test_upkeep_does_it(booking: Booking) -> None:
    Booking.objects.update(start_at=NOW - timedelta(days=9000), end_at=NOW - timedelta(days=8999))
    round_of_upkeep()
    assert not known()
