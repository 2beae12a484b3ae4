"""The local mailbox as the console reads it: a page of letters at a time, never as HTML.

A mailbox may hold thousands of mails. The folder is listed without opening a file, and only the
letters of the page asked for are read, each up to a limit.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default as modern
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest

from bookings.outbox.maildir import open_mailbox
from observability.scope import scope_of

BACKEND = "bookings.outbox.maildir.MaildirBackend"
PERMISSION = "bookings.view_outboxmessage"

#: Enough for the headers of our letters; a list never reads more of one.
HEADER_BYTES = 16_384
#: More of one letter is not shown.
LETTER_BYTES = 1_048_576


@dataclass(frozen=True, kw_only=True, slots=True)
class Slip:
    """A mail in the folder, not opened yet."""

    key: str
    path: Path
    delivered_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """A mail's headers, decoded. The text is empty unless it was asked for."""

    key: str
    delivered_at: datetime
    message_id: str
    subject: str
    sender: str
    recipient: str
    headers: tuple[tuple[str, str], ...] = ()
    text: str = ""
    is_html_source: bool = False
    is_cut: bool = False


def mail_stays_local() -> bool:
    """Whether mails go to the mailbox at all; deployments send them."""
    return bool(settings.EMAIL_BACKEND == BACKEND)


def may_read_mailbox(request: HttpRequest) -> bool:
    """Letters lie in files and belong to all restaurants alike."""
    return mail_stays_local() and request.user.has_perm(PERMISSION) and scope_of(request).is_everything


def slips() -> list[Slip]:
    """All mails, newest first, by the time they were delivered."""
    open_mailbox()
    folder = Path(settings.MAILBOX_DIR)
    found = [slip for part in ("new", "cur") for slip in _slips_in(folder / part)]
    return sorted(found, key=lambda slip: (slip.delivered_at, slip.key), reverse=True)


def peek(some: Sequence[Slip]) -> list[Letter]:
    """Headers of these mails; one that has been taken away meanwhile is left out."""
    return [letter for slip in some if (letter := _open(slip, limit=HEADER_BYTES, whole=False))]


def read(key: str) -> Letter | None:
    """The mail of that key with its text; None if there is none."""
    # Compared, never joined to a path: the key comes from an address somebody may have written.
    slip = next((slip for slip in slips() if slip.key == key), None)
    return _open(slip, limit=LETTER_BYTES, whole=True) if slip else None


def _slips_in(folder: Path) -> Iterator[Slip]:
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                modified = entry.stat(follow_symlinks=False).st_mtime
            except FileNotFoundError:
                continue
            if entry.is_file(follow_symlinks=False):
                yield Slip(
                    # What follows the colon are flags, which change.
                    key=entry.name.partition(":")[0],
                    path=Path(entry.path),
                    delivered_at=datetime.fromtimestamp(modified, tz=UTC),
                )


def _open(slip: Slip, *, limit: int, whole: bool) -> Letter | None:
    try:
        with slip.path.open("rb") as file:
            source = file.read(limit + 1)
    except FileNotFoundError:
        return None
    message = BytesParser(EmailMessage, policy=modern).parsebytes(source[:limit], headersonly=not whole)
    text, is_html_source = _text(message) if whole else ("", False)
    return Letter(
        key=slip.key,
        delivered_at=slip.delivered_at,
        message_id=_header(message, "Message-ID"),
        subject=_header(message, "Subject"),
        sender=_header(message, "From"),
        recipient=_header(message, "To"),
        headers=tuple((name, str(value)) for name, value in message.items()) if whole else (),
        text=text,
        is_html_source=is_html_source,
        is_cut=len(source) > limit and whole,
    )


def _header(message: EmailMessage, name: str) -> str:
    return str(message.get(name, "")).strip()


def _text(message: EmailMessage) -> tuple[str, bool]:
    """The plain text, else the source of the HTML, and whether it is the latter."""
    body = message.get_body(preferencelist=("plain", "html"))
    if body is None:
        return "", False
    return str(body.get_content()), body.get_content_subtype() == "html"
