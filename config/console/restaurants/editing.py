"""Edits the plan and calendar of a restaurant: a form, what its change would do to bookings, then the change.

Saving always does the whole edit, in one transaction, and then asks: is the row still as its person saw it,
and are the consequences those that were confirmed? Otherwise all of it is taken back and the page tells what
it would have done. So nobody confirms one thing and gets another, and nothing is overwritten unseen.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.views.decorators.http import require_http_methods

from bookings.allocations import be_alone
from bookings.floor_plan_edits import FloorPlanEditError
from bookings.models import Adjacency, Restaurant, Table
from bookings.withdrawals import WithdrawalError
from config.console.elapsed import elapsed
from config.console.restaurants.consequences import MOST, Consequences, lines
from config.console.restaurants.described import (
    Difference,
    Words,
    differences,
    last_editor,
    opened,
    sealed,
)
from config.console.restaurants.drawing import ZonePlan, drawn
from config.console.restaurants.kinds import Edit, Kind
from config.console.restaurants.plan_form import PlanForm
from config.console.restaurants.rights import restaurant_in_scope
from config.console.review.rights import person
from observability.scope import scope_of

#: What a form can ask for, with the flag of the log of changes.
_FLAGS = {"save": CHANGE, "remove": DELETION, "return": CHANGE}

_CLASH = "Somebody saved something that stands against this meanwhile. Nothing was saved; look again."


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What is edited: a row that stands, or with `row` None one that is added."""

    kind: Kind
    restaurant: Restaurant
    row: Any = None

    @property
    def pk(self) -> int | None:
        return self.row.pk if self.row else None

    def form(self, data: Any = None) -> PlanForm:
        row = self.row or self.kind.model()
        return self.kind.form_for(self.pk)(data, instance=row, restaurant=self.restaurant)

    def words(self) -> Words:
        return self.kind.words(self.row) if self.row else {}


class _NotSavedError(Exception):
    """Takes the edit back; what the page then shows."""

    def __init__(
        self,
        *,
        form: PlanForm,
        conflict: list[Difference] | None = None,
        consequences: Consequences | None = None,
        refusal: str = "",
    ) -> None:
        super().__init__(refusal)
        self.form = form
        self.conflict = conflict
        self.consequences = consequences
        self.refusal = refusal


@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, restaurant_id: int, *, kind: Kind) -> HttpResponse:
    """A new row of the restaurant."""
    _may(request, kind.right("add"))
    return _answer(request, Desk(kind=kind, restaurant=restaurant_in_scope(request, restaurant_id)))


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int, *, kind: Kind) -> HttpResponse:
    """A row that stands; found by its id within the restaurants of who asks."""
    _may(request, kind.right("change"))
    rows = scope_of(request).narrow(kind.rows(), "restaurant")
    row: Any = get_object_or_404(rows, pk=pk)
    return _answer(request, Desk(kind=kind, restaurant=row.restaurant, row=row))


def _may(request: HttpRequest, right: str) -> None:
    if not request.user.has_perm(right):
        raise PermissionDenied


def _answer(request: HttpRequest, desk: Desk) -> HttpResponse:
    if request.method != "POST":
        return _page(request, desk, desk.form())
    action = request.POST.get("do", "save")
    if action == "remove":
        _may(request, desk.kind.right(desk.kind.remove_by))
    try:
        told = _carry_out(request, desk, action)
    except _NotSavedError as why:
        return _page(request, desk, why.form, why=why)
    messages.success(request, told)
    return HttpResponseRedirect(
        reverse("admin:restaurant", args=[desk.restaurant.pk]) + f"#{desk.kind.anchor}"
    )


def _carry_out(request: HttpRequest, desk: Desk, action: str) -> str:
    """Do it, all of it or nothing; what was done in words. Raises _NotSavedError."""
    form = desk.form(request.POST)
    try:
        with transaction.atomic():
            be_alone(desk.restaurant.pk)
            desk = _locked(desk)
            form = desk.form(request.POST)
            _refuse_unseen(request, desk, form)
            if action == "save" and not form.is_valid():
                raise _NotSavedError(form=form)
            done = _do(request, desk, form, action)
            if done.key != request.POST.get("sure", ""):
                raise _NotSavedError(form=form, consequences=done)
            return _logged(request, desk, form, action, done)
    except (FloorPlanEditError, WithdrawalError) as refusal:
        raise _refused(form, refusal) from refusal
    except IntegrityError as clash:
        raise _NotSavedError(form=form, refusal=_CLASH) from clash


def _locked(desk: Desk) -> Desk:
    """The row as it stands, held until the transaction ends; gone meanwhile is not found."""
    if desk.row is None:
        return desk
    rows = desk.kind.rows().select_for_update(of=("self",))
    row: Any = get_object_or_404(rows, pk=desk.row.pk)
    return Desk(kind=desk.kind, restaurant=row.restaurant, row=row)


def _refuse_unseen(request: HttpRequest, desk: Desk, form: PlanForm) -> None:
    if desk.row is None:
        return
    changed = differences(opened(request.POST.get("seen", "")).words, desk.words())
    if changed:
        raise _NotSavedError(form=form, conflict=changed)


def _do(request: HttpRequest, desk: Desk, form: PlanForm, action: str) -> Consequences:
    now, user = timezone.now(), person(request)
    order = Edit(restaurant=desk.restaurant, row=desk.row, form=form, now=now, actor_id=user.pk)
    use_case = {"save": desk.kind.save, "remove": desk.kind.remove, "return": desk.kind.give_back}.get(action)
    if use_case is None or (action != "save" and desk.row is None):
        raise _NotSavedError(form=form, refusal=f"{action!r} is nothing that can be done here.")
    done = use_case(order)
    return Consequences(touched=done.touched, asks=True) if action == "remove" else done


def _logged(request: HttpRequest, desk: Desk, form: PlanForm, action: str, done: Consequences) -> str:
    """Add to the log of changes; the same in words."""
    row = desk.row or form.instance
    is_new = desk.row is None
    verb = {"remove": desk.kind.removed, "return": "back in service"}.get(
        action, "added" if is_new else "changed"
    )
    fields = ", ".join(str(form.fields[name].label).lower() for name in form.changed_data)
    of = f": {fields}" if verb == "changed" and fields else ""
    touched = f" {done.summary()}." if done.touched else ""
    LogEntry.objects.create(
        user=person(request),
        content_type=ContentType.objects.get_for_model(desk.kind.model),
        object_id=str(row.pk or desk.pk),
        object_repr=str(row)[:200],
        action_flag=ADDITION if is_new else _FLAGS[action],
        change_message=f"Floor plan: {verb}{of}.{touched}",
    )
    return f"{desk.kind.noun} {name_of(desk.kind, row)} {verb}.{touched}"


def _refused(form: PlanForm, refusal: FloorPlanEditError | WithdrawalError) -> _NotSavedError:
    """What a use case refuses stands at its field, if the form has it."""
    field = {"start": "start_at", "end": "end_at"}.get(refusal.field, refusal.field)
    message = refusal.message[:1].upper() + refusal.message[1:].rstrip(".") + "."
    if form.is_bound and form.is_valid() and field in form.fields:
        form.add_error(field, message)
        return _NotSavedError(form=form)
    return _NotSavedError(form=form, refusal=message)


def _page(
    request: HttpRequest, desk: Desk, form: PlanForm, *, why: _NotSavedError | None = None
) -> HttpResponse:
    kind, conflict, action = desk.kind, why.conflict if why else None, request.POST.get("do", "save")
    standing = _standing(desk)
    if action != "save":
        # Its buttons need no fields, so that there may be none to keep.
        form = standing.form()
    consequences = why.consequences if why else None
    now = timezone.now()
    since = opened(request.POST.get("seen", "")).at
    editor = last_editor(desk.row, since=since) if conflict else None
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _title(desk),
        "kind": kind,
        "restaurant": desk.restaurant,
        "row": desk.row,
        "form": form,
        "seen": sealed(standing.words(), now),
        "action": action,
        "refusal": why.refusal if why else "",
        "conflict": conflict,
        "editor": editor,
        "editor_ago": elapsed(now - editor.at) if editor else "",
        "consequences": consequences,
        "lines": lines(consequences.touched, desk.restaurant) if consequences else (),
        "more": max(0, len(consequences.touched) - MOST) if consequences else 0,
        "words": standing.words(),
        "rooms": _rooms(standing),
        "may_remove": _may_remove(request, desk),
        "may_give_back": kind.give_back is not None and desk.row is not None and not desk.row.active,
    }
    return TemplateResponse(request, "restaurants/edit.html", context, status=409 if conflict else 200)


def _standing(desk: Desk) -> Desk:
    """The row as it stands now: a form may have written its own values into the one at hand."""
    if desk.row is None:
        return desk
    row: Any = get_object_or_404(desk.kind.rows(), pk=desk.row.pk)
    return Desk(kind=desk.kind, restaurant=desk.restaurant, row=row)


def _rooms(desk: Desk) -> list[ZonePlan]:
    """The zone of the table that is edited, with it marked (two queries)."""
    if not isinstance(desk.row, Table):
        return []
    tables = list(Table.objects.filter(zone=desk.row.zone))
    pairs = Adjacency.objects.filter(restaurant=desk.restaurant).values_list("table_low_id", "table_high_id")
    return drawn([desk.row.zone], tables, pairs, marked={desk.row.pk: "chosen"})


def _may_remove(request: HttpRequest, desk: Desk) -> bool:
    kind = desk.kind
    if desk.row is None or kind.remove is None or not request.user.has_perm(kind.right(kind.remove_by)):
        return False
    return bool(getattr(desk.row, "active", True))


def _title(desk: Desk) -> str:
    kind = desk.kind
    return f"Add a {kind.noun}" if desk.row is None else capfirst(f"{kind.noun} {name_of(kind, desk.row)}")


def name_of(kind: Kind, row: Any) -> str:
    """What people call the row."""
    if kind.slug == "block":
        return f"of table {row.table}"
    return "" if kind.slug == "pacing" else str(row)
