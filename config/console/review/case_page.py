"""One case: why it waits, the fixes, and who works on it. Opening it claims it."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from assignments.models import ReviewCase
from assignments.review import claims
from assignments.review.claims import CaseError
from assignments.review.deadlines import LEAD
from assignments.review.fixes import Fix, fixes_for
from assignments.review.queue import Filters, open_cases, shown
from config.console.local_time import local_time
from config.console.review.fix_text import FixLine, line, names_for
from config.console.review.rights import SEE, TAKE_OVER, WORK, case_in_scope, others_at, person
from config.console.review.rows import due_of, needs_of, owner_of
from config.console.review.toast import toast
from config.console.review.why import explanation
from observability.scope import Scope, scope_of


@require_safe
@permission_required(SEE, raise_exception=True)
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """The case's page. Who may work on it claims it by opening it, unless somebody else has it."""
    found = case_in_scope(request, case_id)
    user, now = person(request), timezone.now()
    if found.closed_at is None and user.has_perm(WORK) and owner_of(found, user, now) is None:
        found = _claimed(found, user, now)
    return case_page(request, found, now=now)


def case_page(
    request: HttpRequest,
    found: ReviewCase,
    *,
    now: datetime,
    conflict: str = "",
    fixes: Sequence[Fix] | None = None,
    note: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page as it stands; with a `conflict` what was not done and why, the note kept."""
    user, scope = person(request), scope_of(request)
    is_open = found.closed_at is None
    ours = owner_of(found, user, now)
    before, after, left = _neighbours(found, scope, user)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": f"Case {found.booking.reference}",
        "case": found,
        "booking": found.booking,
        "evening": f"{found.booking.start_at.astimezone(found.booking.restaurant.tzinfo):%Y-%m-%d}",
        "seating": local_time(found.booking.start_at, found.booking.restaurant),
        "opened": local_time(found.opened_at, found.booking.restaurant),
        "due": due_of(found, now),
        "needs": needs_of(found.booking),
        "turn": round((found.booking.end_at - found.booking.start_at).total_seconds() / 60),
        "why": explanation(found, now),
        "fixes": _lines(found, fixes, now) if is_open else [],
        "notes": [
            (written, local_time(written.created_at, found.booking.restaurant))
            for written in found.notes.select_related("author")
        ],
        "owner": ours,
        "is_mine": ours is not None and ours.is_me,
        "viewers": others_at(found.pk, user) if is_open else [],
        "may_work": user.has_perm(WORK),
        "may_take_over": user.has_perm(TAKE_OVER),
        "latest_snooze": local_time(found.booking.start_at - LEAD, found.booking.restaurant),
        "can_snooze": found.booking.start_at - LEAD > now,
        "before": before,
        "after": after,
        "left": left,
        "conflict": conflict,
        "note": note,
        "toast": toast(request, now=now),
    }
    return TemplateResponse(request, "review/case.html", context, status=status)


def next_case(scope: Scope, user: User, *, but: int) -> ReviewCase | None:
    """The first case of the queue that nobody else works on."""
    rows = shown(open_cases(scope=scope), Filters(), user=user)
    free = rows.filter(pk__in=claims.free_for(user).values("pk")).exclude(pk=but)
    return free.first()


def _claimed(found: ReviewCase, user: User, now: datetime) -> ReviewCase:
    with suppress(CaseError):  # somebody was faster: the page says who
        claims.claim(case_id=found.pk, user=user, now=now)
    found.refresh_from_db(fields=["owner", "claimed_until", "closed_at", "closed_to", "closed_by"])
    return found


def _lines(found: ReviewCase, fixes: Sequence[Fix] | None, now: datetime) -> list[FixLine]:
    present = fixes_for(booking=found.booking, now=now) if fixes is None else fixes
    shapes = [{**fix.as_json(), "key": fix.key} for fix in present]
    names = names_for([found.booking], shapes)
    return [line(shape, found.booking, names) for shape in shapes]


def _neighbours(found: ReviewCase, scope: Scope, user: User) -> tuple[int | None, int | None, int]:
    """The cases before and after this one in the queue, and how many are open besides it."""
    order = list(shown(open_cases(scope=scope), Filters(), user=user).values_list("pk", flat=True))
    if found.pk not in order:
        return None, (order[0] if order else None), len(order)
    place = order.index(found.pk)
    before = order[place - 1] if place else None
    after = order[place + 1] if place + 1 < len(order) else None
    return before, after, len(order) - 1
