"""A guest asks what is known about them, or to be forgotten.

Bookings stay, as figures without a person: what happened at the tables is the house's own history. Tables
that can only be added to hold no guest's data (see `data_map`), so nothing has to be taken out of them.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from bookings.models import Booking, BookingStatus, GuestErasure, MailKind
from bookings.outbox.promise import void_pending
from bookings.privacy import files
from bookings.privacy.data_map import Theirs
from bookings.privacy.identity import Guest, GuestError
from bookings.privacy.rows import Row, replace, rows_of, theirs_of
from observability import events

_COMING = (BookingStatus.PENDING, BookingStatus.CONFIRMED, BookingStatus.CHECKED_IN)


class UnknownGuestError(GuestError):
    """Nothing here belongs to whom the request names."""


class StillComingError(GuestError):
    """The guest has a table to come to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """All that is here about a guest. `erased_at` is when the guest was erased last, if ever."""

    bookings: tuple[Booking, ...]
    rows: tuple[Row, ...]
    uploads: tuple[files.Upload, ...]
    letters: tuple[files.Letter, ...]
    sessions: tuple[str, ...]
    coming: tuple[Booking, ...]
    erased_at: datetime | None

    @property
    def counts(self) -> dict[str, int]:
        """What erasing changes, by what people call the place; places without any are left out."""
        counts = Counter(row.place for row in self.rows if row.after)
        counts["uploaded files"] = len(self.uploads)
        counts["letters in the local mailbox"] = len(self.letters)
        counts["sessions"] = len(self.sessions)
        return {place: count for place, count in counts.items() if count}


@dataclass(frozen=True, kw_only=True, slots=True)
class Erased:
    """What was erased, by place; nothing and no `erasure` where it had been done before."""

    erasure: GuestErasure | None
    counts: Mapping[str, int]


def look(*, guest: Guest, now: datetime) -> Found:
    """All that is here about the guest; changes nothing. Raises UnknownGuestError."""
    return _found(guest, theirs_of(guest), now)


def export_guest(*, guest: Guest, actor_id: int, now: datetime) -> str:
    """What is known about the guest as JSON, to be handed to them. Raises UnknownGuestError.

    That it was handed out is recorded, the guest is not.
    """
    found = look(guest=guest, now=now)
    with transaction.atomic():
        _log(actor_id, f"Exported a guest's data: {len(found.bookings)} bookings.", None)
        _tell("guest.exported", at=now, context={"bookings": len(found.bookings), "actor": actor_id})
    return json.dumps(_exported(found, now), cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)


def erase_guest(*, guest: Guest, actor_id: int, now: datetime, also_coming: bool = False) -> Erased:
    """Take the guest out of every table and file, all or nothing; done twice it changes nothing.

    `also_coming` erases guests who still have a table to come to: it stays theirs, but nobody knows whose.
    Raises UnknownGuestError and, without it, StillComingError.
    """
    with transaction.atomic():
        theirs = theirs_of(guest)
        # Nobody assigns, changes or mails them meanwhile.
        list(Booking.objects.filter(pk__in=theirs.ids).order_by("pk").select_for_update().values_list("pk"))
        found = _found(guest, theirs, now)
        if not found.counts:
            return Erased(erasure=None, counts={})
        if found.coming and not also_coming:
            raise StillComingError(_still_coming(found.coming))
        _carry_out(found, now)
        erasure = _recorded(guest, found, actor_id, now)
    return Erased(erasure=erasure, counts=found.counts)


def _found(guest: Guest, theirs: Theirs, now: datetime) -> Found:
    bookings = tuple(
        Booking.objects.select_related("restaurant").filter(pk__in=theirs.ids).order_by("start_at", "pk")
    )
    last = (
        GuestErasure.objects.filter(proofs__overlap=[*guest.proofs, *guest.proofs_of_before])
        .order_by("-created_at")
        .first()
    )
    found = Found(
        bookings=bookings,
        rows=tuple(rows_of(guest, theirs)),
        uploads=tuple(files.uploads_of(guest, theirs)),
        letters=tuple(files.letters_of(guest, theirs)),
        sessions=tuple(files.sessions_of(guest)),
        coming=tuple(each for each in bookings if each.status in _COMING and each.end_at > now),
        erased_at=last.created_at if last else None,
    )
    if not found.bookings and not found.counts and found.erased_at is None:
        raise UnknownGuestError(
            "Nothing here belongs to this guest. Check the spelling; try the number with and without its "
            "country, or the reference of a booking."
        )
    return found


def _still_coming(coming: tuple[Booking, ...]) -> str:
    references = ", ".join(each.reference for each in coming)
    return (
        f"The guest still has a table to come to: {references}. Cancel it first, or choose to erase bookings "
        "to come as well: the table stays held, and nobody will know for whom."
    )


def _carry_out(found: Found, now: datetime) -> None:
    for booking in found.bookings:
        # Without an address they would come back as mails that failed.
        void_pending(booking_id=booking.pk, kinds=list(MailKind), now=now)
    for row in found.rows:
        if row.after:
            replace(row)
    for upload in found.uploads:
        files.forget_upload(upload.run_id, now=now)
    # What no rollback brings back goes last. A crash in between leaves it to be erased again.
    transaction.on_commit(partial(files.end_sessions, list(found.sessions)))
    if found.letters:
        transaction.on_commit(partial(files.burn_letters, list(found.letters)))


def _recorded(guest: Guest, found: Found, actor_id: int, now: datetime) -> GuestErasure:
    erasure = GuestErasure.objects.create(
        actor_id=actor_id, proofs=guest.proofs, rows=found.counts, created_at=now
    )
    _log(actor_id, f"Erased a guest's data: {len(found.bookings)} bookings.", erasure)
    events.record(
        [
            events.Record(
                source=events.BOOKINGS,
                event_type="booking.guest_erased",
                at=now,
                restaurant_id=booking.restaurant_id,
                booking_id=booking.pk,
                context={"erasure": erasure.pk, "actor": actor_id},
            )
            for booking in found.bookings
        ]
    )
    return erasure


def _tell(event_type: str, *, at: datetime, context: Mapping[str, Any]) -> None:
    events.record([events.Record(source=events.BOOKINGS, event_type=event_type, at=at, context=context)])


def _log(actor_id: int, message: str, erasure: GuestErasure | None) -> None:
    LogEntry.objects.create(
        user_id=actor_id,
        content_type=ContentType.objects.get_for_model(GuestErasure),
        object_id=str(erasure.pk) if erasure else None,
        object_repr=str(erasure) if erasure else "guest export",
        action_flag=ADDITION,
        change_message=message,
    )


def _exported(found: Found, now: datetime) -> dict[str, Any]:
    places: dict[str, list[Mapping[str, Any]]] = {}
    for row in found.rows:
        places.setdefault(row.place, []).append(row.before)
    return {
        "exported_at": now,
        **places,
        "uploaded files": [line for upload in found.uploads for line in upload.lines],
        "letters in the local mailbox": [letter.text for letter in found.letters],
    }
