"""Writes the letter of an outbox row from the booking as it is at sending: text, HTML, appointment."""

import unicodedata
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import sanitize_address
from django.core.validators import validate_email
from django.template.loader import render_to_string

from bookings.models import OutboxMessage
from bookings.outbox.invitation import METHODS, write_invitation


class LetterError(ValueError):
    """A mail that cannot be written from its booking. Trying again cannot help."""


def write_letter(message: OutboxMessage) -> EmailMultiAlternatives:
    """The mail to send. Times are the restaurant's, answers go to the restaurant if it has an address.

    Raises LetterError if the guest left no address or one that no mail can go to.
    """
    booking = message.booking
    _check_address(booking.guest_email)
    words = _words(message)
    contact = booking.restaurant.contact_email
    letter = EmailMultiAlternatives(
        subject=_on_one_line(render_to_string(f"mail/{message.kind}_subject.txt", words)),
        body=render_to_string(f"mail/{message.kind}.txt", words),
        to=[booking.guest_email],
        reply_to=[contact] if contact else None,
        # Answering machines leave mails alone that say so (RFC 3834).
        headers={"Message-ID": message.current_message_id, "Auto-Submitted": "auto-generated"},
    )
    letter.attach_alternative(render_to_string(f"mail/{message.kind}.html", words), "text/html")
    _attach_appointment(letter, message, words["restaurant_name"])
    return letter


def addressed(letter: EmailMultiAlternatives) -> EmailMultiAlternatives:
    """The letter with the recipient this environment allows: the guest, or who reads all of them."""
    if settings.MAIL_MODE == "redirect":
        letter.to = [settings.MAIL_REDIRECT_TO]
    return letter


def _words(message: OutboxMessage) -> dict[str, Any]:
    booking, restaurant = message.booking, message.booking.restaurant
    return {
        "booking": booking,
        # On one line: a name is no place for somebody's own paragraphs.
        "guest": _on_one_line(booking.guest_name),
        "restaurant_name": _on_one_line(restaurant.name),
        "timezone": restaurant.timezone,
        # Naive on purpose: templates would turn an aware time into the server's zone.
        "start": booking.start_at.astimezone(restaurant.tzinfo).replace(tzinfo=None),
        "end": booking.end_at.astimezone(restaurant.tzinfo).replace(tzinfo=None),
    }


def _attach_appointment(letter: EmailMultiAlternatives, message: OutboxMessage, restaurant_name: str) -> None:
    """As a part that mail programs act on, and as a file for those that do not."""
    method = METHODS.get(message.kind)
    if method is None:
        return
    invitation = write_invitation(
        booking=message.booking,
        method=method,
        sequence=message.revision,
        restaurant_name=restaurant_name,
        at=message.created_at,
    )
    letter.attach_alternative(invitation, f"text/calendar; method={method}")
    letter.attach("booking.ics", invitation.encode(), "application/ics")


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
    """Without line ends and other control characters, which mails and calendars cannot hold."""
    shown = "".join(" " if unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} else sign for sign in text)
    return " ".join(shown.split())
