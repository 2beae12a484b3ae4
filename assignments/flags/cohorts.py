"""Cohorts: a percentage of the restaurants, frozen under a label when it is first used."""

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from itertools import chain, count

from assignments.engine.flags import BUCKETS, RESTAURANT_SALT, Frozen, draw_cohort
from assignments.flags.errors import BadValueError
from assignments.flags.store import share_of
from assignments.models import Cohort, FlagState
from bookings.models import Restaurant

LABEL = re.compile(r"[a-z0-9][a-z0-9_.-]{0,59}")

#: What cohorts are called that nobody named: after the version they came with.
_UNNAMED = re.compile(r"v[0-9]+")

_HUNDREDTH = Decimal("0.01")


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
    rounded = percentage.quantize(_HUNDREDTH)
    if rounded != percentage:
        raise BadValueError(f"{value} % is finer than one bucket: give two decimals at most")
    return abs(rounded)


def cohort_of(percentage: Decimal, label: str | None, state: FlagState) -> Cohort:
    """The cohort frozen under this label, or a new one; without a label, one named after the version.

    Raises BadValueError as `frozen_cohort` does, and where nobody would be in a cohort of less than 100 %.
    """
    if label is None:
        return _refreshed(percentage, state)
    frozen = frozen_cohort(label, percentage=percentage)
    return frozen or _freeze(percentage, label, sorted(preview_cohort(percentage=percentage)))


def frozen_cohort(label: str, *, percentage: Decimal) -> Cohort | None:
    """The cohort frozen under this label, None if one may be.

    Raises BadValueError for a label that is none, is frozen at another percentage, or is new and of the form
    of those that cohorts get without one.
    """
    if not LABEL.fullmatch(label):
        raise BadValueError(
            f"{label!r} is no label: use small letters, digits, dot, dash and underscore, 60 at most"
        )
    frozen = Cohort.objects.filter(label=label).first()
    if frozen is None and _UNNAMED.fullmatch(label):
        raise BadValueError(f"{label!r} is what a cohort without a label may be called: take another label")
    if frozen is not None and frozen.percentage != percentage:
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
    return _freeze(percentage, _free_label(state.version + 1), members)


def _free_label(version: int) -> str:
    """After the version; one that somebody gave away before such labels were refused gets an addition."""
    label = f"v{version}"
    taken = set(Cohort.objects.filter(label__startswith=label).values_list("label", flat=True))
    others = (f"{label}.{number}" for number in count(2))
    return next(free for free in chain([label], others) if free not in taken)


def _freeze(percentage: Decimal, label: str, members: Sequence[int]) -> Cohort:
    if not members and share_of(percentage) < BUCKETS:
        raise BadValueError(
            f"{float(percentage):g} % of no restaurant is nobody: add restaurants first, "
            "or give 100 for all to come"
        )
    return Cohort.objects.create(
        label=label, percentage=percentage, salt=RESTAURANT_SALT, restaurants=list(members)
    )
