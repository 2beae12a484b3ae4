"""Writes the letter of an outbox row from the booking as it is at sending."""

from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.mail.message import sanitize_address
from django.core.validators import validate_email
from django.template.loader import render_to_string

from bookings.models import OutboxMessage


class LetterError(ValueError):
    """A mail that cannot be written from its booking. Trying again cannot help."""


def write_letter(message: OutboxMessage) -> EmailMessage:
    """The mail to send. Times are the restaurant's.

    Raises LetterError if the guest left no address or one that no mail can go to.
    """
    booking = message.booking
    _check_address(booking.guest_email)
    restaurant = booking.restaurant
    context = {
        "booking": booking,
        # On one line: a name is no place for somebody's own paragraphs.
        "guest": _on_one_line(booking.guest_name),
        "restaurant_name": _on_one_line(restaurant.name),
        "timezone": restaurant.timezone,
        # Naive on purpose: templates would turn an aware time into the server's zone.
        "start": booking.start_at.astimezone(restaurant.tzinfo).replace(tzinfo=None),
        "end": booking.end_at.astimezone(restaurant.tzinfo).replace(tzinfo=None),
    }
    return EmailMessage(
        subject=_on_one_line(render_to_string(f"mail/{message.kind}_subject.txt", context)),
        body=render_to_string(f"mail/{message.kind}.txt", context),
        to=[booking.guest_email],
        headers={"Message-ID": message.message_id},
    )


def _check_address(address: str) -> None:
    """Refuse what Django would refuse while sending, when nobody could tell whether it was sent."""
    if not address:
        raise LetterError("the booking has no e-mail address")
    try:
        validate_email(address)
        sanitize_address(address, "utf-8")
    except (ValidationError, ValueError):
        raise LetterError("the booking's e-mail address is none") from None


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
