"""Letters: whatever guests and restaurants are called, headers and recipients are ours."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from django.core.exceptions import ValidationError
from django.core.mail.message import sanitize_address
from django.core.validators import validate_email
from hypothesis import given
from hypothesis import strategies as st

from bookings.models import Booking, MailKind, OutboxMessage, Restaurant
from bookings.outbox.letter import LetterError, write_letter

HEADERS = {
    "Content-Type",
    "MIME-Version",
    "Content-Transfer-Encoding",
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
    return OutboxMessage(booking=booking, kind=kind, revision=6, message_id="<confirmation.1.6@test>")


@pytest.mark.parametrize("kind", MailKind.values)
@given(guest=names, restaurant=names)
def test_names_change_neither_headers_nor_recipients(kind: str, guest: str, restaurant: str) -> None:
    letter = write_letter(message(kind=kind, guest=guest, restaurant=restaurant))
    read = message_from_bytes(letter.message().as_bytes(), policy=policy.default)
    assert set(read.keys()) == HEADERS
    assert letter.recipients() == ["ada@example.org"]
    assert "B-7KQ4M2" in str(read.get_content())


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
