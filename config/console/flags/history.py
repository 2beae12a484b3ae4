"""The log of changes as people read it, with who approved and what can be rolled back."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from assignments.flags.wanted import wanted_of
from assignments.models import FlagChange, FlagDecision, FlagProposal
from config.console.flag_rights import CHANGE, check
from config.console.flags.words import change_words, utc, wanted_words

PAGE_SIZE = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A change; `is_covered` where a later one of the same flag stands above it."""

    version: int
    iso: str
    when: str
    what: str
    author: str
    approver: str
    reason: str
    tone: str
    is_covered: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A proposal that nobody has decided yet."""

    pk: int
    what: str
    reason: str
    proposer: str
    is_mine: bool
    when: str
    moved: int


@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """All changes, newest first, by version: pages stay where they are while changes are added."""
    check(request)
    before = request.GET.get("before", "")
    rows = FlagChange.objects.all()
    if before.isdecimal() and len(before) < 10:
        rows = rows.filter(version__lt=int(before))
    lines = lines_of(rows, PAGE_SIZE + 1)
    context = {
        **admin.site.each_context(request),
        "title": "Changes of flags",
        "lines": lines[:PAGE_SIZE],
        "older": lines[PAGE_SIZE - 1].version if len(lines) > PAGE_SIZE else None,
        "is_first": not before,
        "version": FlagChange.objects.order_by("-version").values_list("version", flat=True).first() or 0,
        "may_change": request.user.has_perm(CHANGE),
    }
    return TemplateResponse(request, "flags/history.html", context)


def lines_of(rows: QuerySet[FlagChange], most: int) -> list[Line]:
    """The newest of `rows` (two queries)."""
    changes = list(
        rows.select_related("restaurant")
        .annotate(is_covered=Exists(_later_of_the_same()))
        .order_by("-version")[:most]
    )
    decisions = FlagDecision.objects.filter(version__in=[change.version for change in changes])
    approvers = dict(decisions.values_list("version", "actor__username"))
    return [
        Line(
            version=change.version,
            iso=change.created_at.isoformat(timespec="seconds"),
            when=utc(change.created_at),
            what=change_words(change),
            author=change.author,
            approver=approvers.get(change.version) or "",
            reason=change.reason,
            tone="is-critical" if change.flag == "kill" and change.to_value else "is-person",
            is_covered=change.is_covered,
        )
        for change in changes
    ]


def waiting_proposals(names: Mapping[int, str], *, user_id: int) -> list[Waiting]:
    """One query."""
    rows = FlagProposal.objects.filter(decision=None).select_related("proposer")
    return [
        Waiting(
            pk=row.pk,
            what=wanted_words(wanted_of(row.wanted), names),
            reason=row.reason,
            proposer=row.proposer.get_username(),
            is_mine=row.proposer_id == user_id,
            when=utc(row.created_at),
            moved=len(row.effect),
        )
        for row in rows
    ]


def _later_of_the_same() -> QuerySet[FlagChange]:
    """Changes above one of the outer query: of the same flag, of the same restaurant or of all alike."""
    rows = FlagChange.objects.alias(place=Coalesce("restaurant_id", 0))
    return rows.filter(
        place=Coalesce(OuterRef("restaurant_id"), 0), flag=OuterRef("flag"), version__gt=OuterRef("version")
    )
