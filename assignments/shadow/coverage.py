"""How much of what was decided in shadow mode was compared, and in which classes it fell."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from assignments.engine.compare import Comparison
from observability.named_sql import ask

#: A booking is eligible from the summary event of its shadow-mode run on: that is never rewritten,
#: while the booking may be changed and take another path. It counts once, however often it re-enters.
_QUERY = """
    WITH eligible AS (
        SELECT DISTINCT booking_id FROM observability_events
        WHERE source = 'auto_assign' AND event_type = 'auto_assign.summary'
          AND context->>'path' = 'shadow'
          AND created_at >= %(since)s AND created_at < %(until)s
          AND (%(restaurants)s::bigint[] IS NULL OR restaurant_id = ANY(%(restaurants)s)))
    SELECT c.class, c.noise_class, count(*)
    FROM eligible e LEFT JOIN shadow_comparisons c USING (booking_id)
    GROUP BY 1, 2
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """Bookings decided in shadow mode, how many are compared, and the counts by class.

    `waiting` have no row yet. A skipped booking has a row and is not compared.
    """

    eligible: int
    waiting: int
    classes: Mapping[Comparison, int]
    noise: Mapping[Comparison, int]

    @property
    def compared(self) -> int:
        return self.eligible - self.waiting - self.classes.get(Comparison.SKIPPED, 0)

    @property
    def ratio(self) -> float | None:
        """Compared per eligible booking, 0 to 1; None while there are none."""
        return self.compared / self.eligible if self.eligible else None


def coverage(*, since: datetime, until: datetime, restaurant_ids: Collection[int] | None = None) -> Coverage:
    """The coverage of runs decided in [since, until), of all restaurants or of those named (one query)."""
    restaurants = None if restaurant_ids is None else sorted(restaurant_ids)
    with connection.cursor() as cursor:
        cursor.execute(_QUERY, {"since": since, "until": until, "restaurants": restaurants})
        rows = cursor.fetchall()
    return Coverage(
        eligible=sum(count for _, _, count in rows),
        waiting=sum(count for found, _, count in rows if found is None),
        classes=_by_class((found, count) for found, _, count in rows),
        noise=_by_class((noise, count) for _, noise, count in rows),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class RestaurantCoverage:
    """One restaurant's runs in shadow mode: compared or not yet, and what both paths made of them."""

    restaurant_id: int
    eligible: int
    compared: int
    waiting: int
    failed: int
    unclassified: int
    pairs: int
    only_legacy: int
    only_v3: int


_QUERY_BY_RESTAURANT = """
    WITH eligible AS (
        SELECT DISTINCT booking_id, restaurant_id FROM observability_events
        WHERE source = 'auto_assign' AND event_type = 'auto_assign.summary'
          AND context->>'path' = 'shadow'
          AND created_at >= %(since)s AND created_at < %(until)s)
    SELECT e.restaurant_id, count(*) AS eligible,
           count(c.class) FILTER (WHERE c.class <> 'skipped') AS compared,
           count(*) FILTER (WHERE c.class IS NULL) AS waiting,
           count(*) FILTER (WHERE c.class = 'candidate_error') AS failed,
           count(*) FILTER (WHERE NOT c.class = ANY(%(known)s)) AS unclassified,
           count(*) FILTER (WHERE c.legacy_outcome IS NOT NULL AND c.v3_outcome IS NOT NULL) AS pairs,
           count(*) FILTER (WHERE c.legacy_outcome = 'confirmed' AND c.v3_outcome = 'manual_review')
               AS only_legacy,
           count(*) FILTER (WHERE c.legacy_outcome = 'manual_review' AND c.v3_outcome = 'confirmed')
               AS only_v3
    FROM eligible e LEFT JOIN shadow_comparisons c USING (booking_id)
    GROUP BY 1
"""


def by_restaurant(*, since: datetime, until: datetime) -> list[RestaurantCoverage]:
    """The same of runs decided in [since, until), restaurant by restaurant (one query)."""
    known = [item.value for item in Comparison]
    rows = ask(_QUERY_BY_RESTAURANT, {"since": since, "until": until, "known": known})
    return [RestaurantCoverage(**row._asdict()) for row in rows]


def _by_class(counts: Iterable[tuple[str | None, int]]) -> dict[Comparison, int]:
    found: dict[Comparison, int] = {}
    for name, count in counts:
        if name is not None:
            found[Comparison(name)] = found.get(Comparison(name), 0) + count
    return found
