"""Cohorts: a percentage of the restaurants, frozen under a label when it is first used."""

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from assignments.engine.flags import BUCKETS, RESTAURANT_SALT, Frozen, draw_cohort
from assignments.flags.errors import BadValueError
from assignments.flags.store import share_of
from assignments.models import Cohort, FlagState
from bookings.models import Restaurant

LABEL = re.compile(r"[a-z0-9][a-z0-9_.-]{0,59}")


def preview_cohort(*, percentage: Decimal | int) -> frozenset[int]:
    """The restaurants `set_cohort` would freeze under a new label now; empty for 0 %."""
    wanted = checked_percentage(percentage)
    if not wanted:
        return frozenset()
    return draw_cohort(
        restaurants=Restaurant.objects.values_list("pk", flat=True),
        share=share_of(wanted),
        frozen=[
            Frozen(share=share_of(frozen.percentage), members=frozenset(frozen.restaurants))
            for frozen in Cohort.objects.filter(salt=RESTAURANT_SALT)
        ],
    )


def checked_percentage(value: Decimal | int | str) -> Decimal:
    """A percentage from 0 to 100 with two decimals at most. Raises BadValueError."""
    try:
        percentage = Decimal(value)
    except InvalidOperation:
        raise BadValueError(f"{value!r} is no percentage: give a number from 0 to 100") from None
    if not percentage.is_finite() or not 0 <= percentage <= 100:
        raise BadValueError(f"{value} % is refused: give 0 to 100")
    if share_of(percentage) != percentage * BUCKETS / 100:
        raise BadValueError(f"{value} % is finer than one bucket: give two decimals at most")
    return percentage


def cohort_of(percentage: Decimal, label: str | None, state: FlagState) -> Cohort:
    """The cohort frozen under this label, or a new one; without a label, one named after the version.

    Raises BadValueError for a label that is none or is frozen at another percentage, and where nobody would
    be in a cohort of less than 100 %.
    """
    if label is None:
        return _refreshed(percentage, state)
    if not LABEL.fullmatch(label):
        raise BadValueError(
            f"{label!r} is no label: use small letters, digits, dot, dash and underscore, 60 at most"
        )
    frozen = Cohort.objects.filter(label=label).first()
    if frozen is None:
        return _freeze(percentage, label, sorted(preview_cohort(percentage=percentage)))
    if frozen.percentage != percentage:
        raise BadValueError(
            f"the cohort {label!r} is frozen at {float(frozen.percentage):g} %, not {float(percentage):g} %: "
            "take another label"
        )
    return frozen


def _refreshed(percentage: Decimal, state: FlagState) -> Cohort:
    """The cohort in force if nobody would join it, else a new one."""
    members = sorted(preview_cohort(percentage=percentage))
    present = state.cohort
    if present is not None and present.percentage == percentage and present.restaurants == members:
        return present
    return _freeze(percentage, f"v{state.version + 1}", members)


def _freeze(percentage: Decimal, label: str, members: Sequence[int]) -> Cohort:
    if not members and share_of(percentage) < BUCKETS:
        raise BadValueError(
            f"{float(percentage):g} % of no restaurant is nobody: add restaurants first, "
            "or give 100 for all to come"
        )
    return Cohort.objects.create(
        label=label, percentage=percentage, salt=RESTAURANT_SALT, restaurants=list(members)
    )
