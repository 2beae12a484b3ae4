"""More restaurants from a template: the same kind of house, but not twice the same one.

A rehearsal needs tens of restaurants. A variant differs where houses differ: its name and city, a few tables
fewer, attributes elsewhere, a little faster or slower, another opening hour, another limit for large parties.
Every variant is checked like a template.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import time
from itertools import count
from math import ceil
from random import Random
from unicodedata import normalize

from bookings.demand.floor_plans import DINNER
from bookings.demand.layout import Attribute, Layout, LayoutError, Pacing, Table
from bookings.demand.seatings import seatings_by_party

TIMEZONES = (
    "America/New_York",
    "Europe/Athens",
    "Europe/Berlin",
    "Europe/Brussels",
    "Europe/Lisbon",
    "Europe/London",
    "Europe/Madrid",
    "Europe/Stockholm",
)
MOST_TABLES_DROPPED = 0.15
ATTRIBUTE_CHANGES = 0.1
DINNER_STARTS = (time(17), time(17, 30), time(18))


def variant(template: Layout, rng: Random, name: str) -> Layout:
    """A restaurant of that name like the template. Names must differ: the slug is made from the name.

    Raises LayoutError for a name without a letter or digit.
    """
    tables = tuple(_redecorated(table, rng) for table in _remaining(template, rng))
    numbers = {table.number for table in tables}
    seats = sum(table.capacity for table in tables)
    faster_or_slower = rng.choice((-15, 0, 0, 15))
    dinner_start = rng.choice(DINNER_STARTS)
    layout = replace(
        template,
        slug=slug_of(name),
        name=name,
        timezone=rng.choice(TIMEZONES),
        tables=tables,
        adjacencies=tuple(pair for pair in template.adjacencies if numbers.issuperset(pair)),
        services=tuple(
            replace(service, start=dinner_start) if service.name == DINNER else service
            for service in template.services
        ),
        turn_times=tuple(
            replace(band, minutes=band.minutes + faster_or_slower) for band in template.turn_times
        ),
        buffer_minutes=rng.choice((5, 5, 10)),
        pacing=Pacing(
            minutes=template.pacing.minutes, covers=ceil(template.pacing.covers * seats / template.seats)
        ),
    )
    limit = template.max_party_auto + rng.choice((-2, 0, 0, 2))
    return replace(layout, max_party_auto=min(limit, _largest_party(layout)))


def slug_of(name: str) -> str:
    """Lower-case ASCII words joined by hyphens."""
    plain = normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = "-".join(re.findall(r"[a-z0-9]+", plain))
    if not slug:
        message = f"{name!r} gives no slug; use a name with a letter from a to z or a digit"
        raise LayoutError(message)
    return slug


def _remaining(template: Layout, rng: Random) -> Iterator[Table]:
    """The tables but for a few; those of named combinations stay."""
    named = {number for combination in template.combinations for number in combination.tables}
    spare = [table.number for table in template.tables if table.number not in named]
    most = int(len(template.tables) * MOST_TABLES_DROPPED)
    dropped = set(rng.sample(spare, rng.randint(0, min(most, len(spare)))))
    return (table for table in template.tables if table.number not in dropped)


def _largest_party(layout: Layout) -> int:
    """The size up to which there is a seating for every party."""
    seated = seatings_by_party(layout)
    return next(size for size in count(1) if size + 1 not in seated)


def _redecorated(table: Table, rng: Random) -> Table:
    """Now and then one attribute comes or goes."""
    if rng.random() >= ATTRIBUTE_CHANGES:
        return table
    turned = rng.choice(tuple(Attribute))
    kept = [attribute for attribute in Attribute if (attribute in table.attributes) != (attribute == turned)]
    return replace(table, attributes=tuple(kept))
