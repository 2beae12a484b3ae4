"""A file mailbox: mails of the local environment land in a Maildir that the console lists."""

import mailbox
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


def open_mailbox() -> mailbox.Maildir:
    """The local mailbox, made on first use. Maildir delivers atomically, from any process."""
    folder = Path(settings.MAILBOX_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Not left to Maildir: it fails when two workers send their first mail at the same moment.
    for part in ("tmp", "new", "cur"):
        (folder / part).mkdir(mode=0o700, exist_ok=True)
    return mailbox.Maildir(folder, create=False)


class MaildirBackend(BaseEmailBackend):
    """Django mail backend that delivers to the local mailbox."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        box = open_mailbox()
        for message in email_messages:
            box.add(message.message().as_bytes())
        return len(email_messages)
