"""Ends of a case: the party is seated, planned again or turned down. Each one transaction, each checked anew.

What is applied is what was shown: the fixes are found again, and one that is no longer among them is a
conflict, told with what there is now. Mails wait for the undo window (`assignments.review.undo`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from assignments.models import NowFit, Resolution, ResolutionKind, ReviewCase
from assignments.review.claims import CaseError, locked_and_owned
from assignments.review.fixes import Fix, FixKind, fixes_for
from assignments.review.records import log, tell
from assignments.seats import why_not_here
from bookings import state_machine
from bookings.allocations import AllocationLostError, be_alone, hold, hold_after_moves
from bookings.intake import ASSIGN_TASK
from bookings.models import Booking, BookingStatus, MailKind
from bookings.outbox.news import STANDING, tell_guest
from bookings.outbox.promise import void_pending
from bookings.queue.tasks import enqueue
from bookings.standing import lock_as_seen, new_cycle
from bookings.state_machine import StaleBookingError, Step
from bookings.states import State
from bookings.wishes import Wish, wish_of

#: How long a resolution can be taken back; mails about it wait as long.
UNDO_WINDOW = timedelta(seconds=10)

#: Why people decided: the reason code of their transitions.
BY_STAFF = "staff"


class ConflictError(Exception):
    """What was shown no longer holds. Nothing was saved; `fixes` are those there are now."""

    def __init__(self, message: str, *, fixes: Sequence[Fix] = ()) -> None:
        super().__init__(message)
        self.fixes = tuple(fixes)


class OverrideRefusedError(CaseError):
    """An override without the right to it, or without a reason."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Choice:
    """A fix somebody chose, on the booking as it was seen; `rank` is its place among those offered."""

    seen: Booking
    fix: Fix
    user: User
    now: datetime
    rank: int | None = None
    override_reason: str = ""


def apply_fix(*, case_id: int, key: str, user: User, now: datetime, override_reason: str = "") -> Resolution:
    """Seat the party as the fix with this key says, and confirm it.

    Raises ConflictError with the present fixes if the key is not among them or a table is taken at the
    last moment, CaseClosedError and NotClaimedError, OverrideRefusedError; then nothing is changed.
    """
    seen = Booking.objects.select_related("restaurant").get(review_cases=case_id)
    fixes = fixes_for(booking=seen, now=now)
    found = [(rank, fix) for rank, fix in enumerate(fixes, start=1) if fix.key == key]
    if not found:
        _check_still_ours(case_id, user)
        raise ConflictError("That way is no longer open: the floor changed while you decided.", fixes=fixes)
    rank, fix = found[0]
    _check_override(fix, user, override_reason)
    choice = _Choice(
        seen=seen, fix=fix, rank=rank, user=user, now=now, override_reason=override_reason.strip()
    )
    return _seated_or_told(case_id, choice)


def seat_at(*, case_id: int, tables: Sequence[int], user: User, now: datetime) -> Resolution:
    """Seat the party as the guest wished at tables somebody chose by eye, and confirm it.

    Raises ConflictError, which says what stands against these tables, CaseClosedError and NotClaimedError;
    then nothing is changed.
    """
    seen = Booking.objects.select_related("restaurant").get(review_cases=case_id)
    chosen = tuple(sorted(set(tables)))
    obstacle = why_not_here(booking=seen, tables=chosen, now=now)
    if obstacle:
        _check_still_ours(case_id, user)
        raise ConflictError(f"{seen.reference} cannot sit there. {obstacle}.")
    fix = Fix(
        kind=FixKind.SEAT,
        wish=wish_of(seen),
        tables=chosen,
        strategy="staff",
        cost=0.0,
        sentence="as the guest wished, at tables chosen on the floor",
    )
    return _seated_or_told(case_id, _Choice(seen=seen, fix=fix, user=user, now=now))


def requeue(*, case_id: int, user: User, now: datetime) -> Resolution:
    """Have the coordinator plan the booking again, with a new cycle of attempts."""
    with transaction.atomic():
        case, booking = _locked(case_id, user)
        position = state_machine.move(
            position=state_machine.position_of(booking),
            steps=[Step(to=State.ASSIGNMENT_PENDING, metadata={"cause": "requeued"})],
            at=now,
            actor_id=user.pk,
            changes=new_cycle(booking, now),
        )
        NowFit.objects.filter(booking=booking).delete()
        enqueue(ASSIGN_TASK, booking.pk, "requeued")
        return _ended(
            case, user, now, kind=ResolutionKind.REQUEUED, sentence="Planned again", version=position.version
        )


def reject(*, case_id: int, user: User, now: datetime) -> Resolution:
    """Turn the party down; the guest is told after the undo window."""
    with transaction.atomic():
        case, booking = _locked(case_id, user)
        void_pending(booking_id=booking.pk, kinds=STANDING, now=now)
        position = state_machine.move(
            position=state_machine.position_of(booking),
            steps=[Step(to=State.CANCELLED, reason=BY_STAFF, metadata={"cause": "rejected"})],
            at=now,
            actor_id=user.pk,
            changes={"status": BookingStatus.CANCELLED, "next_attempt_at": None},
        )
        NowFit.objects.filter(booking=booking).delete()
        tell_guest(booking_id=booking.pk, kind=MailKind.DECLINED, delay=UNDO_WINDOW)
        return _ended(
            case, user, now, kind=ResolutionKind.REJECTED, sentence="Turned down", version=position.version
        )


def _seated_or_told(case_id: int, choice: _Choice) -> Resolution:
    try:
        return _seat(case_id, choice)
    except (AllocationLostError, StaleBookingError):
        _check_still_ours(case_id, choice.user)
        fresh = Booking.objects.select_related("restaurant").get(pk=choice.seen.pk)
        raise ConflictError(
            "Somebody was faster: a table of this plan was taken, or the booking changed.",
            fixes=fixes_for(booking=fresh, now=choice.now),
        ) from None


def _seat(case_id: int, choice: _Choice) -> Resolution:
    fix, now = choice.fix, choice.now
    with transaction.atomic():
        # Tables, booking, case: the order in which everybody locks.
        be_alone(choice.seen.restaurant_id)
        booking = lock_as_seen(choice.seen)
        case = locked_and_owned(case_id=case_id, user=choice.user)
        before = _columns_that_differ(wish_of(booking), fix.wish)
        revision = booking.revision + bool(before)
        position = state_machine.move(
            position=state_machine.position_of(booking),
            steps=[
                Step(to=State.ASSIGNED, metadata={"strategy": fix.strategy, "fix": fix.kind.value}),
                Step(to=State.CONFIRMED),
            ],
            at=now,
            actor_id=choice.user.pk,
            changes={
                **fix.wish.columns(),
                "revision": revision,
                "status": BookingStatus.CONFIRMED,
                "assignment_strategy": fix.strategy,
                "next_attempt_at": None,
            },
        )
        _take_tables(_as_planned(booking, choice), choice)
        NowFit.objects.filter(booking=booking).delete()
        void_pending(booking_id=booking.pk, kinds=STANDING, now=now)
        tell_guest(booking_id=booking.pk, kind=MailKind.CONFIRMATION, delay=UNDO_WINDOW)
        return _ended(
            case,
            choice.user,
            now,
            kind=ResolutionKind.SEATED,
            sentence=fix.sentence,
            version=position.version,
            fix=fix.kind.value,
            rank=choice.rank,
            override_reason=choice.override_reason,
            before=before,
            moves=[[m.booking_id, list(m.from_tables), list(m.to_tables)] for m in fix.moves],
        )


def _as_planned(booking: Booking, choice: _Choice) -> Booking:
    """The booking as it is written now, in the floor plan in which its tables were found."""
    written = Booking.objects.get(pk=booking.pk)
    written.restaurant = choice.seen.restaurant
    return written


def _take_tables(booking: Booking, choice: _Choice) -> None:
    fix, now = choice.fix, choice.now
    if not fix.moves:
        hold(booking=booking, tables=fix.tables, now=now)
        return
    hold_after_moves(
        booking=booking, tables=fix.tables, moves=fix.moves, cause="review", now=now, actor_id=choice.user.pk
    )


def _ended(
    case: ReviewCase, user: User, now: datetime, *, kind: ResolutionKind, sentence: str, **details: Any
) -> Resolution:
    tell(case, "case.resolved", now=now, action=kind.value, reason=details.get("fix"))
    log(case, actor_id=user.pk, message=f"Review: {kind.label.lower()} ({sentence}).")
    return Resolution.objects.create(case=case, actor=user, kind=kind, sentence=sentence, **details)


def _locked(case_id: int, user: User) -> tuple[ReviewCase, Booking]:
    """The case and its booking, both locked: the booking first, as everybody does."""
    booking = Booking.objects.select_for_update(of=("self",)).get(review_cases=case_id)
    return locked_and_owned(case_id=case_id, user=user), booking


def _check_still_ours(case_id: int, user: User) -> None:
    """Tell of a closed or lost case rather than of a floor that changed, since that is why."""
    with transaction.atomic():
        locked_and_owned(case_id=case_id, user=user)


def _check_override(fix: Fix, user: User, reason: str) -> None:
    if fix.kind is not FixKind.OVERRIDE:
        return
    if not user.has_perm("assignments.override_review"):
        raise OverrideRefusedError("Seating against the rules of the house needs the right to override.")
    if not reason.strip():
        raise OverrideRefusedError("Say why the rules of the house do not count here.")


def _columns_that_differ(now: Wish, then: Wish) -> dict[str, Any]:
    """The columns a fix changes, as they are now, in JSON's types."""
    present, wanted = now.columns(), then.columns()
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in present.items()
        if value != wanted[name]
    }
