"""The flags page: every restaurant's path and why, what a change would do, history and kill switch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from assignments.flags import store
from assignments.flags.errors import FlagError
from assignments.flags.foresight import Foreseen, foresee
from assignments.flags.proposals import may_decide
from assignments.flags.wanted import Wanted
from assignments.models import FlagChange, FlagState
from config.console.flag_rights import CHANGE, check
from config.console.flags.effect import pinned_here, reach
from config.console.flags.history import lines_of, waiting_proposals
from config.console.flags.kill_switch import kill_switch, on_v3, underway
from config.console.flags.rows import House, HouseFilters, houses, rows_of
from config.console.flags.wanted_form import HOURS, WantedForm
from config.console.flags.what_if import what_if
from config.console.flags.words import change_words, utc
from config.console.review.rights import person

PAGE_SIZE = 50
LAST_CHANGES = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What somebody is about to do: a change, the reason typed for it, and why it was not made."""

    wanted: Wanted | None = None
    reason: str = ""
    refusal: str = ""
    since: Sequence[FlagChange] = ()


@require_safe
def flags(request: HttpRequest) -> HttpResponse:
    """The page; with a change in the address, what it would do. Costs the same for any number of rows."""
    check(request)
    return flags_page(request, asked_in(request.GET, timezone.now()))


def asked_in(given: Any, now: datetime) -> Asked:
    """The change that an address or a form tells; none where it names none."""
    if not given.get("do"):
        return Asked()
    form = WantedForm(given, now=now)
    reason = str(given.get("reason", "")).replace("\x00", "")
    if form.is_valid():
        return Asked(wanted=form.wanted, reason=reason)
    errors = " ".join(str(error) for listed in form.errors.values() for error in listed)
    return Asked(refusal=f"That is no change of flags: {errors}", reason=reason)


def flags_page(request: HttpRequest, asked: Asked, *, status: int = 200) -> HttpResponse:
    """Draw it. A conflict comes with what changed since, and keeps what was typed."""
    now, user = timezone.now(), person(request)
    asked, foreseen = _foreseen(asked)
    snapshot = foreseen.snapshot if foreseen else store.read()
    found = houses(snapshot, foreseen.after if foreseen else snapshot.flags, snapshot.now)
    filters = HouseFilters(request.GET, houses=found)
    wanted_ids = set(filters.qs.values_list("pk", flat=True))
    page = Paginator([house for house in found if house.pk in wanted_ids], PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    state = FlagState.objects.select_related("cohort").first() or FlagState(version=0)
    cohort = f"{float(state.cohort.percentage):g} % cohort" if state.cohort else "In the cohort"
    names = {house.pk: house.name for house in found}
    running = underway()
    context = {
        **admin.site.each_context(request),
        "title": "Flags",
        "state": state,
        "snapshot": snapshot,
        "rows": rows_of(list(page.object_list), cohort),
        "page": page,
        "filters": filters,
        "query": _query(request),
        "counts": _counts(found),
        "all": len(found),
        "chosen": _chosen(request, found),
        "what_if": what_if(asked.wanted, foreseen, found, running) if asked.wanted and foreseen else None,
        "asked": asked,
        "since": [(change.version, change_words(change), change.author) for change in asked.since],
        "lines": lines_of(FlagChange.objects.all(), LAST_CHANGES),
        "waiting": waiting_proposals(names, user_id=user.pk),
        "reach": reach(now),
        "switch": kill_switch(request, snapshot, [house.now for house in found], running),
        "pinned": dict(pinned_here()),
        "limits": range(1, 11),
        "hours": HOURS,
        "cohort_percentage": f"{float(state.cohort.percentage):g}" if state.cohort else "0",
        "may_change": user.has_perm(CHANGE),
        "may_decide": may_decide(user),
        "changed_at": utc(state.changed_at) if state.version else "",
    }
    return TemplateResponse(request, "flags/page.html", context, status=status)


def _foreseen(asked: Asked) -> tuple[Asked, Foreseen | None]:
    """What the change would do; a change that no flag can have is told as such."""
    if asked.wanted is None:
        return asked, None
    try:
        return asked, foresee(asked.wanted)
    except FlagError as refusal:
        told = str(refusal) if asked.refusal in ("", str(refusal)) else f"{asked.refusal} {refusal}"
        return replace(asked, wanted=None, refusal=told), None


def _counts(found: Sequence[House]) -> dict[str, int]:
    shares = [house.now for house in found]
    return {
        "v3": on_v3(shares),
        "shadow": sum(house.path == "shadow" for house in found),
        "legacy": sum(house.path == "legacy" for house in found),
    }


def _chosen(request: HttpRequest, found: Sequence[House]) -> House | None:
    """The restaurant whose override is about to be set."""
    wanted = request.GET.get("r", "")
    return next((house for house in found if str(house.pk) == wanted), None)


def _query(request: HttpRequest) -> str:
    """The address without its page."""
    return urlencode([(name, value) for name, value in request.GET.items() if value and name != "page"])
