"""What people do with a case without ending it: put it aside for a while, and write notes."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from assignments.models import CaseNote, ReviewCase
from assignments.review.claims import CaseError, locked_and_owned
from assignments.review.deadlines import LEAD
from assignments.review.records import log, tell
from bookings.models import Booking

LONGEST_NOTE = 2_000
LONGEST_REASON = 200


def snooze(*, case_id: int, user: User, until: datetime, reason: str, now: datetime) -> ReviewCase:
    """Put a case aside until then and give up the claim. Raises CaseError for a bad time or reason.

    It never sleeps into the time before its seating in which the guest would have to be called.
    """
    with transaction.atomic():
        Booking.objects.select_for_update(of=("self",)).get(review_cases=case_id)
        case = locked_and_owned(case_id=case_id, user=user)
        _check_time(case, until, now)
        case.snoozed_until, case.snooze_reason = until, _checked(reason, LONGEST_REASON, "a reason")
        case.owner, case.claimed_until = None, None
        case.save(update_fields=["snoozed_until", "snooze_reason", "owner", "claimed_until"])
        tell(case, "case.snoozed", now=now, action="snooze")
        log(case, actor_id=user.pk, message=f"Review: put aside until {until:%Y-%m-%d %H:%M} UTC.")
    return case


def wake(*, case_id: int, user: User, now: datetime) -> None:
    """End a snooze early; a case that does not sleep is left as it is."""
    with transaction.atomic():
        asleep = ReviewCase.objects.filter(pk=case_id, closed_at__isnull=True, snoozed_until__isnull=False)
        if asleep.update(snoozed_until=None, snooze_reason=""):
            case = ReviewCase.objects.select_related("booking").get(pk=case_id)
            tell(case, "case.woken", now=now, action="wake")
            log(case, actor_id=user.pk, message="Review: taken up again.")


def note(*, case_id: int, user: User, text: str, now: datetime) -> CaseNote:
    """Add a note, whoever has the case. Raises CaseError for a text that is empty or too long."""
    words = _checked(text, LONGEST_NOTE, "a note")
    with transaction.atomic():
        booking = Booking.objects.select_for_update(of=("self",), no_key=True).get(review_cases=case_id)
        if booking.guest_forgotten_at is not None:
            raise CaseError(f"{booking.reference} is long over and its guest forgotten: no notes any more.")
        case = ReviewCase.objects.select_related("booking").get(pk=case_id)
        written = CaseNote.objects.create(case=case, author=user, text=words, created_at=now)
        tell(case, "case.noted", now=now, action="note")
    return written


def _check_time(case: ReviewCase, until: datetime, now: datetime) -> None:
    latest = case.booking.start_at - LEAD
    if until <= now:
        raise CaseError(f"{until:%H:%M} UTC has passed; choose a later time.")
    if until > latest:
        minutes = LEAD.seconds // 60
        raise CaseError(
            f"{case.booking.reference} must be settled {minutes} minutes before its seating; "
            f"put it aside until {latest:%Y-%m-%d %H:%M} UTC at the latest."
        )


def _checked(text: str, longest: int, what: str) -> str:
    words = text.replace("\x00", "").strip()
    if not words:
        raise CaseError(f"Write {what}.")
    if len(words) > longest:
        raise CaseError(f"{len(words)} characters are too many for {what}; write at most {longest}.")
    return words
