"""Guests' data that stands in no column of text: uploads, letters of the local mailbox, sessions."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path

from django.conf import settings
from django.contrib.sessions.models import Session

from bookings.models import ImportRun, ImportStatus, OutboxMessage, original_message_id
from bookings.outbox.maildir import open_mailbox
from bookings.privacy.data_map import Theirs
from bookings.privacy.identity import Guest, mention_of, without_mention

#: Why an import that was given up says it ended.
UPLOAD_ERASED = "Its file named a guest whose data was erased. What was imported stays; correct the file."


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A kept file that names the guest, and the lines that do."""

    run_id: int
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """A letter of the local mailbox to the guest."""

    key: str
    text: str


def uploads_of(guest: Guest, theirs: Theirs) -> list[Upload]:
    """Kept files with the guest's address, number or booking."""
    pattern = mention_of(emails=[guest.email], phones=[guest.phone], names=theirs.references)
    kept = ImportRun.objects.filter(content__isnull=False).values_list("pk", "content")
    found = [(pk, _lines(bytes(content or b""), pattern)) for pk, content in kept.iterator(chunk_size=1)]
    return [Upload(run_id=pk, lines=lines) for pk, lines in found if lines]


def forget_upload(run_id: int, *, now: datetime) -> None:
    """Drop the file, whole: bytes read so far are counted in it. An import that needs it ends."""
    run = ImportRun.objects.select_for_update().defer("content").get(pk=run_id)
    ended = run.finished_at or now
    ImportRun.objects.filter(pk=run_id).update(
        status=ImportStatus.FAILED, content=None, problem=UPLOAD_ERASED, finished_at=ended
    )


def letters_of(guest: Guest, theirs: Theirs) -> list[Letter]:
    """Letters about the guest's bookings or with the guest's address or number in them."""
    if not Path(settings.MAILBOX_DIR).is_dir():
        return []
    ids = set(OutboxMessage.objects.filter(booking_id__in=theirs.ids).values_list("message_id", flat=True))
    pattern = mention_of(emails=[guest.email], phones=[guest.phone])
    return [letter for letter, about in _letters() if about in ids or _quotes(letter.text, pattern)]


def burn_letters(letters: list[Letter]) -> None:
    """Remove the letters; one that is gone already is fine."""
    box = open_mailbox()
    for letter in letters:
        with suppress(KeyError):
            box.remove(letter.key)


def sessions_of(guest: Guest) -> list[str]:
    """Keys of sessions that carry the guest's address or number, in a message to show, say."""
    pattern = mention_of(emails=[guest.email], phones=[guest.phone])
    if pattern is None:
        return []
    return [
        session.session_key
        for session in Session.objects.iterator()
        if without_mention(data := session.get_decoded(), pattern) != data
    ]


def end_sessions(keys: list[str]) -> None:
    """End them, in table and cache; their people sign in again."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for key in keys:
        store(key).delete()


def _letters() -> Iterator[tuple[Letter, str]]:
    """Each letter as text with the Message-ID it was promised under."""
    for key, message in open_mailbox().iteritems():
        parts = [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]
        bodies = [part.decode("utf-8", "replace") for part in parts if isinstance(part, bytes)]
        headers = [f"{name}: {value}" for name, value in message.items()]
        yield (
            Letter(key=key, text="\n".join([*headers, "", *bodies])),
            original_message_id(str(message["Message-ID"] or "")),
        )


def _lines(content: bytes, pattern: re.Pattern[str] | None) -> tuple[str, ...]:
    """Lines that quote the guest; bytes of other encodings do not hide an address or a number."""
    text = content.replace(b"\0", b"").decode("utf-8", "replace")
    return tuple(line for line in text.splitlines() if _quotes(line, pattern))


def _quotes(text: str, pattern: re.Pattern[str] | None) -> bool:
    return pattern is not None and pattern.search(text) is not None
