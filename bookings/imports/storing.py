"""Checks and saves the bookings of an import, many with few statements, each row once."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import IntegrityError, connection, transaction

from bookings import intake, state_machine
from bookings.imports.arrivals import Arrivals
from bookings.imports.bulk import insert_all
from bookings.imports.drafts import Draft, check_coming, check_past
from bookings.imports.errors import RowError
from bookings.imports.references import References
from bookings.models import Booking, BookingStatus
from bookings.queue.tasks import enqueue_all

#: Imports save one after the other: what one finds missing, no other adds meanwhile.
_ADVISORY_LOCK = 0x494D504F  # "IMPO"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """What became of a batch. `refused` gives the places of drafts that broke a rule."""

    imported: int
    already_there: int
    renamed: int
    refused: tuple[tuple[int, RowError], ...]


class Store:
    """Takes batches of drafts in: coming ones by the intake's rules with history and task, or past ones."""

    def __init__(self, *, arrivals: Arrivals, as_history: bool, dry_run: bool, now: datetime) -> None:
        self._arrivals = arrivals
        self._as_history = as_history
        self._dry_run = dry_run
        self._now = now

    def take_in(self, drafts: Sequence[Draft]) -> Stored:
        """Check and save them in one transaction; those that are there already stay as they are.

        A dry run checks and saves nothing.
        """
        for _ in range(intake.REFERENCE_TRIES - 1):
            try:
                return self._take_in(drafts)
            except IntegrityError:
                self._arrivals.forget()  # A channel took one of the references meanwhile: draw others.
        return self._take_in(drafts)

    @transaction.atomic
    def _take_in(self, drafts: Sequence[Draft]) -> Stored:
        if not self._dry_run:
            _wait_for_other_imports()
        there = _keys_there(drafts)
        references = References(drafts)
        bookings: list[Booking] = []
        refused: list[tuple[int, RowError]] = []
        for place, draft in enumerate(drafts):
            if draft.import_key in there or references.names_one_of(draft):
                continue
            try:
                bookings.append(self._checked(references, draft))
            except RowError as error:
                refused.append((place, error))
        if not self._dry_run:
            self._save(bookings)
        return Stored(
            imported=len(bookings),
            already_there=len(drafts) - len(bookings) - len(refused),
            renamed=references.renamed,
            refused=tuple(refused),
        )

    def _checked(self, references: References, draft: Draft) -> Booking:
        check = check_past if self._as_history else check_coming
        start, end = check(draft, self._now)
        if draft.house.terms.pace and not self._as_history:
            self._arrivals.accept(draft.request.restaurant.pk, start, draft.request.party_size)
        reference, notes = references.named(draft)
        booking = intake.unsaved(
            request=replace(draft.request, notes=notes),
            reference=reference,
            start=start,
            end=end,
            now=self._now,
        )
        booking.import_key = draft.import_key
        return _past(booking, draft, self._now) if self._as_history else booking

    def _save(self, bookings: Sequence[Booking]) -> None:
        insert_all(bookings)
        if not self._as_history:
            state_machine.begin_all(bookings=bookings, at=self._now)
            enqueue_all(intake.ASSIGN_TASK, ((booking.pk, "intake") for booking in bookings))
        self._arrivals.forget()


def _wait_for_other_imports() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])


def _keys_there(drafts: Sequence[Draft]) -> set[uuid.UUID | None]:
    keys = [draft.import_key for draft in drafts]
    return set(Booking.objects.filter(import_key__in=keys).values_list("import_key", flat=True))


def _past(booking: Booking, draft: Draft, now: datetime) -> Booking:
    """Imported history: never assigned, and received when it was."""
    booking.assignment_state = None
    booking.assignment_state_version = 0
    booking.status = draft.status or BookingStatus.COMPLETED
    booking.created_at = booking.updated_at = draft.received_at or min(booking.start_at, now)
    return booking
