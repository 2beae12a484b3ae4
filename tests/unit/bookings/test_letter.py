"""Letters: whatever guests and restaurants are called, headers and recipients are ours."""

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import sanitize_address
from django.core.validators import validate_email
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar, Event

from bookings.models import Booking, MailKind, OutboxMessage, Restaurant
from bookings.outbox.letter import LetterError, addressed, write_letter

HEADERS = {
    "Content-Type",
    "MIME-Version",
    "Auto-Submitted",
    "Subject",
    "From",
    "To",
    "Date",
    "Message-ID",
}

#: What a text column can hold.
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=120)


def message(
    *,
    kind: str = MailKind.CONFIRMATION,
    guest: str = "Ada Guest",
    address: str = "ada@example.org",
    restaurant: str = "Bistro",
    timezone: str = "Europe/London",
) -> OutboxMessage:
    """An outbox row with its booking, none of them saved."""
    booking = Booking(
        restaurant=Restaurant(name=restaurant, timezone=timezone),
        reference="B-7KQ4M2",
        party_size=2,
        start_at=datetime(2027, 10, 31, 0, 30, tzinfo=UTC),
        end_at=datetime(2027, 10, 31, 1, 45, tzinfo=UTC),
        guest_name=guest,
        guest_email=address,
    )
    return OutboxMessage(
        booking=booking,
        kind=kind,
        revision=6,
        message_id="<confirmation.1.6@test>",
        created_at=datetime(2027, 10, 1, tzinfo=UTC),
    )


def read(letter: EmailMultiAlternatives) -> EmailMessage:
    """The letter as a mail program reads it."""
    return message_from_bytes(letter.message().as_bytes(), policy=policy.default)


def parts(letter: EmailMultiAlternatives) -> dict[str, str]:
    """Text of each part by content type."""
    found = {}
    for part in read(letter).walk():
        if not part.is_multipart():
            content = part.get_content()
            found[part.get_content_type()] = content.decode() if isinstance(content, bytes) else content
    return found


def appointment(letter: EmailMultiAlternatives) -> tuple[str, Event]:
    """Method and event of the calendar part."""
    calendar = Calendar.from_ical(parts(letter)["text/calendar"])
    assert isinstance(calendar, Calendar)
    [event] = calendar.events
    return str(calendar["METHOD"]), event


@pytest.mark.parametrize("kind", MailKind.values)
@given(guest=names, restaurant=names, notes=names)
def test_names_and_notes_change_neither_headers_nor_recipients(
    kind: str, guest: str, restaurant: str, notes: str
) -> None:
    row = message(kind=kind, guest=guest, restaurant=restaurant)
    row.booking.notes = notes
    letter = write_letter(row)
    assert set(read(letter).keys()) == HEADERS
    assert letter.recipients() == ["ada@example.org"]
    found = parts(letter)
    assert {"text/plain", "text/html"} <= set(found)
    assert all("B-7KQ4M2" in text for text in found.values())


@pytest.mark.parametrize("kind", MailKind.values)
@given(guest=names, restaurant=names)
def test_names_add_no_markup_to_the_html(kind: str, guest: str, restaurant: str) -> None:
    written = parts(write_letter(message(kind=kind, guest=guest, restaurant=restaurant)))["text/html"]
    plain = parts(write_letter(message(kind=kind, guest="x", restaurant="x")))["text/html"]
    assert re.findall("<[^>]*>", written) == re.findall("<[^>]*>", plain)


@given(restaurant=names)
def test_names_add_no_property_to_the_appointment(restaurant: str) -> None:
    _, event = appointment(write_letter(message(restaurant=restaurant)))
    _, plain = appointment(write_letter(message(restaurant="x")))
    assert sorted(event.keys()) == sorted(plain.keys())
    assert "\n" not in str(event["LOCATION"])


@pytest.mark.parametrize(
    ("kind", "method", "status"),
    [
        ("confirmation", "REQUEST", "CONFIRMED"),
        ("changed", "REQUEST", "CONFIRMED"),
        ("cancelled", "CANCEL", "CANCELLED"),
        ("declined", "CANCEL", "CANCELLED"),
    ],
)
def test_the_appointment_says_what_a_calendar_has_to_do(kind: str, method: str, status: str) -> None:
    letter = write_letter(message(kind=kind))
    told, event = appointment(letter)
    assert (told, event["STATUS"]) == (method, status)
    assert (event["UID"], event["SEQUENCE"]) == ("B-7KQ4M2@table-assignment", 6)
    assert event.start == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert event.end == datetime(2027, 10, 31, 1, 45, tzinfo=UTC)
    assert str(event["ATTENDEE"]) == "mailto:ada@example.org"
    [part] = [p for p in read(letter).walk() if p.get_content_type() == "text/calendar"]
    assert part.get_param("method") == method
    [file] = read(letter).iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == ("booking.ics", "application/ics")


def test_a_request_that_is_only_received_is_no_appointment() -> None:
    assert set(parts(write_letter(message(kind="received")))) == {"text/plain", "text/html"}


def test_answers_go_to_the_restaurant_if_it_has_an_address() -> None:
    row = message()
    assert read(write_letter(row))["Reply-To"] is None
    row.booking.restaurant.contact_email = "hello@bistro.example"
    assert read(write_letter(row))["Reply-To"] == "hello@bistro.example"


def test_a_letter_sent_again_is_told_apart_by_its_message_id() -> None:
    row = message()
    row.resends = 2
    assert read(write_letter(row))["Message-ID"] == "<confirmation.1.6.r2@test>"


def test_a_redirected_letter_goes_to_nobody_else(settings: Any) -> None:
    settings.MAIL_MODE, settings.MAIL_REDIRECT_TO = "redirect", "testers@example.org"
    letter = addressed(write_letter(message()))
    assert letter.recipients() == ["testers@example.org"]
    assert read(letter)["To"] == "testers@example.org"


@given(address=st.emails() | names)
def test_an_address_is_written_to_or_refused_before_sending(address: str) -> None:
    try:
        letter = write_letter(message(address=address))
    except LetterError:
        assert not is_address(address)
    else:
        letter.message()
        assert sanitize_address(letter.recipients()[0], "utf-8")


def is_address(address: str) -> bool:
    try:
        validate_email(address)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("timezone", "when"),
    [
        # Both ends lie in the hour that London's clocks show twice.
        ("Europe/London", "Sunday 31 October 2027, 01:30 to 01:45"),
        ("America/New_York", "Saturday 30 October 2027, 20:30 to 21:45"),
        ("Asia/Kathmandu", "Sunday 31 October 2027, 06:15 to 07:30"),
    ],
)
def test_times_are_those_of_the_restaurants_clock(timezone: str, when: str) -> None:
    assert f"{when} (local time, {timezone})" in str(write_letter(message(timezone=timezone)).body)


def test_a_guest_without_a_name_is_greeted_as_guest() -> None:
    assert str(write_letter(message(guest="")).body).startswith("Dear guest,")


def test_names_are_not_escaped_as_if_they_stood_in_a_page() -> None:
    letter = write_letter(message(guest="Zoë O'Neil & Co", restaurant="Fish & <Chips>"))
    assert "Dear Zoë O'Neil & Co," in str(letter.body)
    assert letter.subject == "Your table at Fish & <Chips>, 31 October at 01:30"
