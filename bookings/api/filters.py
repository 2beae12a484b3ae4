"""Filters of the list of bookings. A query parameter nobody knows is refused, not passed over."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework.request import Request

from bookings.api.fields import OFFSET_MOMENT_PATTERN, read_moment
from bookings.api.problems import FieldError, Kind, problem
from bookings.models import Booking, BookingStatus
from bookings.models.booking import STATE_CHOICES

PAGING = ("cursor", "limit")

#: Most parameters looked at.
MOST_NAMED = 20


class _MomentField(forms.CharField):
    def clean(self, value: Any) -> datetime | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            # A plus sign that was not escaped arrives as a blank.
            moment = read_moment(text.replace(" ", "+"))
        except ValueError as error:
            raise _invalid(str(error)) from error
        if moment.utcoffset() is None:
            raise _invalid(f"{text} has no offset, and restaurants differ in theirs; write {text}Z for UTC")
        return moment


def _invalid(why: str) -> forms.ValidationError:
    """The text as a parameter: django-filter formats messages, and this one quotes what was sent."""
    return forms.ValidationError("%(why)s", code="invalid", params={"why": why})


@extend_schema_field({"type": "string", "pattern": OFFSET_MOMENT_PATTERN, "example": "2027-03-05T19:00:00Z"})
class MomentFilter(filters.Filter):  # type: ignore[misc]
    """A moment with an offset."""

    field_class = _MomentField


class BookingFilters(filters.FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by; everything given must hold."""

    restaurant = filters.CharFilter(method="of_restaurant", help_text="Short name of one of the token's.")
    status = filters.ChoiceFilter(choices=BookingStatus.choices)
    assignment_state = filters.ChoiceFilter(choices=STATE_CHOICES)
    channel = filters.CharFilter(max_length=40)
    start_from = MomentFilter(field_name="start_at", lookup_expr="gte", help_text="Starts then or later.")
    start_before = MomentFilter(field_name="start_at", lookup_expr="lt", help_text="Starts earlier.")
    created_from = MomentFilter(field_name="created_at", lookup_expr="gte")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Booking
        fields: list[str] = []

    def of_restaurant(self, bookings: QuerySet[Booking], _name: str, slug: str) -> QuerySet[Booking]:
        return bookings.filter(restaurant__slug=slug)


def check_parameters(request: Request, known: Sequence[str], repeatable: Sequence[str]) -> None:
    """Raise Problem naming the query parameters that would go unnoticed: unknown, empty or given twice."""
    errors = []
    for name, value in list(request.query_params.items())[:MOST_NAMED]:
        if name not in known:
            message = f"there is no such parameter; known: {', '.join(known) or 'none'}"
            errors.append(FieldError(field=name[:60], message=message, code="unknown"))
        elif name not in repeatable and len(request.query_params.getlist(name)) > 1:
            errors.append(FieldError(field=name, message="it is given twice; give it once", code="invalid"))
        elif not str(value).strip():
            errors.append(FieldError(field=name, message="it is empty; leave it out", code="invalid"))
    if errors:
        raise problem(Kind.INVALID, "; ".join(f"{one.field}: {one.message}" for one in errors), *errors)
