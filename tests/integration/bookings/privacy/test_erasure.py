"""A guest who asks to be forgotten is gone from every table and file; others and the figures stay."""

import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User

from assignments.models import CaseNote
from bookings.cancellation import cancel
from bookings.models import (
    Booking,
    BookingStatus,
    GuestErasure,
    ImportReject,
    ImportRun,
    ImportStatus,
    MailStatus,
)
from bookings.outbox.maildir import open_mailbox
from bookings.privacy.data_map import GUEST_DATA
from bookings.privacy.guests import StillComingError, UnknownGuestError, erase_guest, export_guest, look
from bookings.privacy.identity import ERASED, GuestError, guest_of
from observability.models import Event
from tests.factories import NOW, receive
from tests.integration.bookings.privacy.planted import (
    AFTER,
    EMAIL,
    GUEST,
    NAME,
    PHONE,
    places_for_words,
    planted_in_files,
    planted_in_tables,
)


def erase(actor: User, **given: Any) -> dict[str, int]:
    request = {"guest": GUEST, "actor_id": actor.pk, "now": AFTER, **given}
    return dict(erase_guest(**request).counts)


@pytest.mark.usefixtures("booking")
def test_a_guest_is_gone_from_every_table_and_file(
    actor: User, django_capture_on_commit_callbacks: Any
) -> None:
    before = planted_in_tables()
    assert before == {*places_for_words(), "import_runs.content"}
    assert planted_in_files()
    with django_capture_on_commit_callbacks(execute=True):
        counts = erase(actor)
    assert planted_in_tables() == set()
    assert planted_in_files() == []
    assert counts["bookings"] == 1
    assert counts["letters in the local mailbox"] == 1
    assert counts["uploaded files"] == 2
    assert set(counts) == {
        *(held.name for held in GUEST_DATA.values()), "uploaded files", "letters in the local mailbox",
        "sessions",
    } - {"change wishes"}  # fmt: skip


def test_bookings_stay_as_figures_and_others_stay_as_they_are(booking: Booking, actor: User) -> None:
    other = receive(
        booking.restaurant, guest_name=NAME, guest_email="an" + EMAIL, guest_phone="+44 7700 900737"
    )
    erase(actor)
    booking.refresh_from_db()
    assert (booking.guest_name, booking.guest_email, booking.guest_phone, booking.notes) == ("", "", "", "")
    assert booking.party_size == 2
    other.refresh_from_db()
    assert other.guest_name == NAME
    assert ImportReject.objects.filter(cells=["Somebody", "else@example.org"]).count() == 2
    assert len(open_mailbox()) == 2  # Files go once the transaction has held.
    assert CaseNote.objects.get().text == ERASED


def test_mails_not_sent_yet_are_taken_back(booking: Booking, actor: User) -> None:
    assert booking.mails.get().status == MailStatus.PENDING
    erase(actor)
    assert booking.mails.get().status == MailStatus.VOID


def test_imports_that_need_the_file_end(booking: Booking, actor: User) -> None:
    erase(actor)
    assert not ImportRun.objects.filter(content__isnull=False).exists()
    assert set(ImportRun.objects.values_list("status", flat=True)) == {ImportStatus.FAILED}


def test_the_record_proves_it_without_naming_the_guest(booking: Booking, actor: User) -> None:
    erase(actor)
    record = GuestErasure.objects.get()
    assert record.actor == actor
    assert record.proofs == guest_of(email=EMAIL, phone=PHONE).proofs
    assert not {*record.proofs} & {*guest_of(email="somebody@else.example", phone="123456").proofs}
    event = Event.objects.get(event_type="booking.guest_erased")
    assert event.booking_id == booking.pk
    assert event.context == {"erasure": record.pk, "actor": actor.pk}
    assert LogEntry.objects.filter(object_repr=str(record), user=actor).count() == 1


@pytest.mark.usefixtures("booking")
def test_erasing_twice_changes_nothing(actor: User, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        erase(actor)
    assert erase(actor) == {}
    assert GuestErasure.objects.count() == 1
    assert look(guest=GUEST, now=AFTER).erased_at == AFTER


def test_a_reference_means_that_booking_alone(booking: Booking, actor: User) -> None:
    other = receive(booking.restaurant, guest_name="Bo", guest_email=EMAIL)
    erase(actor, guest=guest_of(reference=booking.reference.lower()))
    other.refresh_from_db()
    assert other.guest_email == EMAIL
    assert Booking.objects.get(pk=booking.pk).guest_email == ""
    assert erase(actor, guest=guest_of(reference=booking.reference)) == {}


@pytest.mark.parametrize("phone", ["0044 7700 900736", "+44(7700)900-736", "447700900736"])
@pytest.mark.usefixtures("booking")
def test_a_number_is_compared_by_its_digits(phone: str, actor: User) -> None:
    assert erase(actor, guest=guest_of(phone=phone))["bookings"] == 1


def test_a_guest_who_still_comes_is_kept_until_told_otherwise(booking: Booking, actor: User) -> None:
    with pytest.raises(StillComingError, match=booking.reference):
        erase(actor, now=NOW)
    assert "bookings.guest_name" in planted_in_tables()
    assert erase(actor, now=NOW, also_coming=True)["bookings"] == 1
    assert Booking.objects.get().status != BookingStatus.CANCELLED


def test_a_cancelled_booking_ahead_is_erased(booking: Booking, actor: User) -> None:
    cancel(booking_id=booking.pk, now=NOW)
    assert erase(actor, now=NOW)["bookings"] == 1


@pytest.mark.usefixtures("booking")
def test_a_failure_leaves_everything_as_it_was(
    actor: User, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    before = planted_in_tables()
    monkeypatch.setattr("bookings.privacy.guests.events.record", _fail)
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(OSError, match="disk"):
        erase(actor)
    assert planted_in_tables() == before
    assert planted_in_files()


def _fail(*_: Any) -> None:
    raise OSError("disk full")


def test_whom_nobody_knows_is_told_so(actor: User) -> None:
    with pytest.raises(UnknownGuestError, match="Check the spelling"):
        erase(actor)
    assert not GuestErasure.objects.exists()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "Name the guest"),
        ({"email": "ada"}, "ada is no e-mail address"),
        ({"phone": "12 34"}, "12 34 is no phone number"),
        ({"phone": "none"}, "none is no phone number"),
    ],
)
def test_what_names_nobody_is_refused(given: dict[str, str], why: str) -> None:
    with pytest.raises(GuestError, match=why):
        guest_of(**given)


def test_an_export_has_all_that_erasing_would_take(booking: Booking, actor: User) -> None:
    text = export_guest(guest=GUEST, actor_id=actor.pk, now=AFTER)
    told = json.loads(text)
    assert set(told) >= {held.name for held in GUEST_DATA.values()} - {"change wishes"}
    (row,) = told["bookings"]
    assert (row["guest_name"], row["guest_phone"], row["reference"]) == (NAME, PHONE, booking.reference)
    assert told["uploaded files"] == [f"{NAME},{EMAIL}"] * 2
    assert "Dear Quirinia" in told["letters in the local mailbox"][0]
    assert "else@example.org" not in text
    assert Event.objects.get(event_type="guest.exported").context == {"bookings": 1, "actor": actor.pk}
    assert LogEntry.objects.filter(object_repr="guest export").count() == 1
