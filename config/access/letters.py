"""Mails to people who work here about their own accounts, so that they see what was not them.

Sent in every MAIL_MODE, as alerts are: that one is about guests.
"""

import logging

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from observability.notices import NotTakenError, mail

logger = logging.getLogger(__name__)

_NOT_YOU = "If you did not ask for this, tell a colleague who manages sign-ins at once."


def send(address: str, subject: str, *paragraphs: str) -> None:
    """Have the mail server take a mail. Raises observability.notices.NotTakenError."""
    message = EmailMessage(
        subject=f"[{settings.ENVIRONMENT}] {subject}",
        body="\n\n".join([*paragraphs, _NOT_YOU]) + "\n",
        to=[address],
        headers={"Auto-Submitted": "auto-generated"},
    )
    mail(message)


def tell(user: User, what: str, *, by: User | None = None, address: str = "") -> None:
    """Tell somebody what became of their account, once it is committed; `address` instead of theirs.

    A mail that is not taken undoes nothing: the event and the audit have it as well.
    """
    to = address or user.email
    if not to:
        return
    author = f" by {by.get_username()}" if by is not None and by.pk != user.pk else ""
    told = f"{what}{author}, at {timezone.now():%Y-%m-%d %H:%M} UTC. The account is {user.get_username()}."

    def deliver() -> None:
        try:
            send(to, "Your account was changed", told)
        except NotTakenError as error:
            logger.warning("user %s is not told of a change of their account: %s", user.pk, error)

    transaction.on_commit(deliver)
