"""Reads the flags from the database: the version cheaply and often, all values in one statement."""

import time
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from assignments.engine.flags import DEFAULT_PARALLEL, FlagSet, Override, Rule
from assignments.flags.pins import Pins, pins
from assignments.flags.snapshot import Snapshot

# One statement sees one state of the database, so values never belong to another version than the
# one they are labelled with.
READ = """
    SELECT s.version, s.changed_at, s.killed, s.shadow, s.max_parallel,
           c.label, c.percentage, c.restaurants,
           o.flags, o.restaurants, o.percentages, o.expiries,
           (SELECT max(version) FROM assignment_flag_changes WHERE flag = 'kill' AND to_value = 'true'),
           clock_timestamp()
    FROM (VALUES (1)) one (id)
    LEFT JOIN assignment_flags s ON s.id = one.id
    LEFT JOIN assignment_flag_cohorts c ON c.id = s.cohort_id
    CROSS JOIN (
        SELECT array_agg(flag) AS flags, array_agg(restaurant_id) AS restaurants,
               array_agg(percentage) AS percentages, array_agg(expires_at) AS expiries
        FROM assignment_flag_overrides) o
"""

READ_VERSION = """
    SELECT s.version, s.changed_at, clock_timestamp()
    FROM (VALUES (1)) one (id) LEFT JOIN assignment_flags s ON s.id = one.id
"""


class Row(NamedTuple):
    """The one row of READ. A database without flags has no version: all columns but the clock are null."""

    version: int | None
    changed_at: datetime | None
    killed: bool | None
    shadow: bool | None
    max_parallel: int | None
    label: str | None
    percentage: Any
    members: list[int] | None
    override_flags: list[str] | None
    override_restaurants: list[int] | None
    override_percentages: list[Any] | None
    override_expiries: list[datetime | None] | None
    last_kill: int | None
    now: datetime


class Version(NamedTuple):
    """The version in force; `confirmed` as in Snapshot."""

    version: int
    changed_at: datetime | None
    confirmed: float
    confirmed_at: datetime


def read() -> Snapshot:
    """All flags as they are now, with this process's pins. Raises django.db.Error."""
    asked = time.monotonic()
    row = Row(*_fetch(READ))
    return Snapshot(
        version=row.version or 0,
        changed_at=row.changed_at,
        flags=_flags(row, pins()),
        cohort=row.label,
        confirmed=asked,
        confirmed_at=row.now,
        last_kill=row.last_kill or 0,
    )


def read_version() -> Version:
    """The version in force now. Raises django.db.Error."""
    asked = time.monotonic()
    version, changed_at, now = _fetch(READ_VERSION)
    return Version(version=version or 0, changed_at=changed_at, confirmed=asked, confirmed_at=now)


def share_of(percentage: Any) -> int:
    """A percentage with two decimals in buckets of 0.01 %."""
    return int(percentage * 100)


def _fetch(sql: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row: tuple[Any, ...] = cursor.fetchone()
    return row


def _flags(row: Row, pinned: Pins) -> FlagSet:
    return FlagSet(
        killed=bool(row.killed),
        v3=Rule(
            pin=pinned.v3,
            overrides=_overrides(row, "v3"),
            everyone=row.percentage == 100,
            members=frozenset(row.members or ()),
        ),
        shadow=Rule(pin=pinned.shadow, overrides=_overrides(row, "shadow"), everyone=bool(row.shadow)),
        max_parallel=pinned.max_parallel or row.max_parallel or DEFAULT_PARALLEL,
    )


def _overrides(row: Row, flag: str) -> dict[int, Override]:
    return {
        restaurant: Override(share=share_of(percentage), expires_at=expires_at)
        for of, restaurant, percentage, expires_at in zip(
            row.override_flags or (),
            row.override_restaurants or (),
            row.override_percentages or (),
            row.override_expiries or (),
            strict=True,
        )
        if of == flag
    }
