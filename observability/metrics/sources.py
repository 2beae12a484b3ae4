"""The rows behind the series: which table each comes from, and which of its rows the rollups lack.

The rollups hold all rows up to an id. So what a window still needs from the table is what lies in its
rests, where no bucket fits whole, and every row above that id, whenever it is dated: late ones too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from observability.named_sql import Folder

SQL = Folder(__file__)

#: More than any id.
ENDLESS = str(2**63 - 1)

#: What lies in the at most two parts of a window in which no bucket fits.
_RESTS = """((%(column)s >= %%(rest1_start)s::timestamptz AND %(column)s < %%(rest1_end)s::timestamptz)
          OR (%(column)s >= %%(rest2_start)s::timestamptz AND %(column)s < %%(rest2_end)s::timestamptz))"""
_PART = "UNION ALL SELECT at, series, label, 1, value, value FROM ({rows}) m WHERE series = ANY(%(series)s)\n"
_SPAN = "%(column)s >= %%(start)s AND %(column)s < %%(end)s"


def rolled(feed: str) -> str:
    """SQL of the highest id of a feed that is in the rollups."""
    return f"(SELECT rolled_to FROM observability_feeds WHERE feed = '{feed}')"  # noqa: S608 - names of ours


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Rows that add to series: the file that says how, their table, and SQL of those above the rollups.

    `at` is the column that dates them; `holds_new` tells whether the table has those above as well.
    """

    name: str
    feed: str
    table: str
    new: str
    at: str
    holds_new: bool = True

    def lacking(self, series: Iterable[str], *, of_one: bool) -> str:
        """SQL of what the rollups lack of these series in a window."""
        of_restaurant = " AND restaurant_id = %(restaurant)s" if of_one else ""
        rests, span = _RESTS % {"column": self.at}, _SPAN % {"column": self.at}
        # Where the table holds the rows above the rollups as well, those in a rest are in the first part.
        apart = f" AND NOT coalesce({rests}, false)" if self.holds_new else ""
        rows = f"""
            SELECT * FROM {self.table} WHERE {rests}{of_restaurant}
            UNION ALL
            SELECT * FROM {self.new} new WHERE {span}{apart}{of_restaurant}
        """  # noqa: S608 - names of ours
        return adding(self.name, rows, series)


def adding(name: str, rows: str, series: Iterable[str] | None = None) -> str:
    """SQL of what rows add to some series, or to all, by the file of that name."""
    return _with_parts(SQL[name], series).replace("{rows}", rows)


def new_outcomes(*, after: str, upto: str) -> str:
    """SQL of the outcomes reached in events above one id and up to another."""
    return SQL["first_outcomes"].replace("{after}", after).replace("{upto}", upto)


EVENTS = Source(
    name="events",
    feed="events",
    table="observability_events",
    new=f"events_between({rolled('events')}, {ENDLESS})",
    at="created_at",
)
OUTCOMES = Source(
    name="outcomes",
    feed="events",
    table="observability_outcomes",
    new=f"({new_outcomes(after=rolled('events'), upto=ENDLESS)})",
    at="at",
    holds_new=False,
)
BOOKINGS = Source(
    name="bookings",
    feed="bookings",
    table="bookings",
    new=f"(SELECT * FROM bookings WHERE id > {rolled('bookings')})",  # noqa: S608 - names of ours
    at="created_at",
)

#: Series that do not come from the events themselves.
_SOURCE_OF: Mapping[str, Source] = {
    "received": BOOKINGS,
    "outcome": OUTCOMES,
    "outcome_time": OUTCOMES,
}


def rows_of(series: Iterable[str], *, of_one: bool) -> str:
    """SQL of what the rollups lack of these series: one more part of a UNION ALL for each source."""
    by_source: dict[Source, list[str]] = {}
    for name in series:
        by_source.setdefault(_SOURCE_OF.get(name, EVENTS), []).append(name)
    parts = (source.lacking(own, of_one=of_one) for source, own in by_source.items())
    return "".join(_PART.format(rows=part) for part in parts)


def _with_parts(statement: str, series: Iterable[str] | None) -> str:
    """The statement with those of its parts that add to any of the series, or with all.

    The planner's time goes with the number of parts; a part left out costs nothing.
    """
    head, *parts = statement.split("    --: ")
    if not parts:
        return statement
    parts[-1], tail = parts[-1].split("    --.\n")
    bodies = dict(part.split("\n", maxsplit=1) for part in parts)
    wanted = None if series is None else set(series)
    chosen = [body for names, body in bodies.items() if wanted is None or wanted & set(names.split())]
    return head + "    UNION ALL\n".join(chosen) + tail
