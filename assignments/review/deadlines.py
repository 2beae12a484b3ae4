"""Deadlines of cases: the earlier of the review target and the last moment at which a mail still helps."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import DateTimeField, ExpressionWrapper, F
from django.db.models.functions import Least

#: A case is to be ended within this time.
TARGET = timedelta(minutes=30)

#: Nearer to its seating than this a guest is called, not written to.
LEAD = timedelta(minutes=60)

#: A deadline this near is due soon.
SOON = timedelta(minutes=10)

#: The deadline of a `ReviewCase`, for ordering and filtering.
DUE_AT = ExpressionWrapper(
    Least(F("opened_at") + TARGET, F("booking__start_at") - LEAD), output_field=DateTimeField()
)


class Band(StrEnum):
    """How pressing a case is, the most pressing first."""

    CALL = "call"
    OVER = "over"
    SOON = "soon"
    OK = "ok"
    SNOOZED = "snoozed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadline:
    at: datetime
    band: Band


def deadline(
    *, opened_at: datetime, start_at: datetime, now: datetime, snoozed_until: datetime | None = None
) -> Deadline:
    """When the case is due, and how pressing that is."""
    due = min(opened_at + TARGET, start_at - LEAD)
    return Deadline(at=due, band=_band(due, start_at, now, snoozed_until))


def _band(due: datetime, start_at: datetime, now: datetime, snoozed_until: datetime | None) -> Band:
    if snoozed_until and snoozed_until > now:
        return Band.SNOOZED
    if start_at - now <= LEAD:
        return Band.CALL
    if due <= now:
        return Band.OVER
    return Band.SOON if due - now <= SOON else Band.OK
