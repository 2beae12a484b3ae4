"""Claims: who works on a case. A claim is a lease by the database's clock, kept up while its page is open.

Every step is one guarded statement: two people can both ask, one gets it.
"""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from assignments.models import CasePresence, ReviewCase
from assignments.review.queue import Filters, open_cases, shown
from assignments.review.records import log, tell
from observability.scope import Scope

#: How long a claim lasts without being kept up.
LEASE = timedelta(minutes=5)

#: Who was not seen for this long has left the page.
PRESENT = timedelta(seconds=30)


class CaseError(ValueError):
    """An action that the case's state forbids; the message says why, and what can be done."""


class CaseClosedError(CaseError):
    """The case is closed."""


class NotClaimedError(CaseError):
    """Somebody else works on the case, or the claim has run out."""


def claim(*, case_id: int, user: User, now: datetime) -> ReviewCase:
    """Claim a case nobody has, or keep one's own. Raises CaseClosedError and NotClaimedError."""
    with transaction.atomic():
        if not _lease(free_for(user).filter(pk=case_id), user):
            raise _why_not(case_id)
        case = _read(case_id)
        tell(case, "case.claimed", now=now, action="claim")
    return case


def keep(*, case_id: int, user: User) -> bool:
    """Prolong one's own claim; False if it is no longer one's own."""
    return _lease(ReviewCase.objects.filter(pk=case_id, owner=user, closed_at__isnull=True), user)


def release(*, case_id: int, user: User, now: datetime) -> None:
    """Give up one's own claim; without one nothing happens."""
    with transaction.atomic():
        mine = ReviewCase.objects.filter(pk=case_id, owner=user, closed_at__isnull=True)
        if mine.update(owner=None, claimed_until=None):
            tell(_read(case_id), "case.released", now=now, action="release")


def take_over(*, case_id: int, user: User, now: datetime) -> ReviewCase:
    """Claim a case somebody else works on; that person's next step is refused. Raises CaseClosedError."""
    with transaction.atomic():
        before = (
            ReviewCase.objects.select_for_update(of=("self",))
            .select_related("booking", "owner")
            .get(pk=case_id)
        )
        if not _lease(ReviewCase.objects.filter(pk=case_id, closed_at__isnull=True), user):
            raise _why_not(case_id)
        case = _read(case_id)
        if before.owner_id not in (None, user.pk):
            tell(case, "case.taken_over", now=now, action="take_over")
            log(case, actor_id=user.pk, message=f"Took over the case from {before.owner}.")
    return case


def claim_next(*, user: User, scope: Scope, now: datetime) -> ReviewCase | None:
    """Claim the first of the queue that nobody works on, or None. Two who ask at once get two cases."""
    with transaction.atomic():
        unclaimed = shown(open_cases(scope=scope), Filters(view="unclaimed"), user=user)
        waiting = unclaimed.select_for_update(of=("self",), skip_locked=True)
        case = waiting.first()
        return None if case is None else claim(case_id=case.pk, user=user, now=now)


def be_present(*, case_id: int, user: User) -> list[User]:
    """Note that this person works on the case's page; return who else does."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO review_presence (case_id, user_id, since, seen_at) VALUES (%s, %s, now(), now())
            ON CONFLICT (case_id, user_id) DO UPDATE SET seen_at = now(),
                since = CASE WHEN review_presence.seen_at < now() - make_interval(secs => %s)
                             THEN now() ELSE review_presence.since END
            """,
            [case_id, user.pk, PRESENT.total_seconds()],
        )
    return others_present(case_id=case_id, user=user)


def others_present(*, case_id: int, user: User) -> list[User]:
    """Who else is on the case's page; whoever asks leaves no trace."""
    others = CasePresence.objects.filter(case_id=case_id, seen_at__gt=Now() - PRESENT).exclude(user=user)
    return [row.user for row in others.select_related("user").order_by("since")]


def locked_and_owned(*, case_id: int, user: User) -> ReviewCase:
    """The case, locked in the current transaction and claimed by this person.

    Raises CaseClosedError and NotClaimedError. Lock tables and booking before.
    """
    owned = ReviewCase.objects.filter(owner=user, claimed_until__gt=Now(), closed_at__isnull=True)
    case = (
        owned.select_for_update(of=("self",)).select_related("booking__restaurant").filter(pk=case_id).first()
    )
    if case is None:
        raise _why_not(case_id)
    return case


def free_for(user: User) -> QuerySet[ReviewCase]:
    """Open cases that nobody works on, and one's own."""
    free = Q(owner__isnull=True) | Q(owner=user) | Q(claimed_until__lte=Now())
    return ReviewCase.objects.filter(free, closed_at__isnull=True)


def _lease(cases: QuerySet[ReviewCase], user: User) -> bool:
    return bool(cases.update(owner=user, claimed_until=Now() + LEASE))


def _read(case_id: int) -> ReviewCase:
    return ReviewCase.objects.select_related("booking__restaurant", "owner").get(pk=case_id)


def _why_not(case_id: int) -> CaseError:
    case = _read(case_id)
    if case.closed_at is not None:
        by = f" by {case.closed_by}" if case.closed_by else ""
        became = case.get_closed_to_display().lower()
        return CaseClosedError(f"{case.booking.reference} is no longer in review: it became {became}{by}.")
    if case.owner is None:
        return NotClaimedError(f"Your claim on {case.booking.reference} has run out; claim it again.")
    return NotClaimedError(
        f"{case.owner} works on {case.booking.reference} at present; ask, or take the case over."
    )
