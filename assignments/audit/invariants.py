"""The invariants by name, and the checks each consists of: one described SQL file each.

A check's query lists what breaches it and nothing when all is well. Its first line says what it looks for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_FOLDER = Path(__file__).parent / "sql"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One query. `table`: asked only where that table exists; `evidence`: only with that file given.

    What a check `only_shows` is no breach.
    """

    name: str
    table: str | None = None
    evidence: str | None = None
    only_shows: bool = False

    @cached_property
    def query(self) -> str:
        return (_FOLDER / f"{self.name}.sql").read_text(encoding="utf-8")

    @property
    def looks_for(self) -> str:
        """The first line of the file, without what its ids are."""
        return self.query.partition("\n")[0].removeprefix("-- ").rpartition(" (")[0]

    @property
    def ids_are(self) -> str:
        """What the query lists: bookings, restaurants, references or Message-IDs."""
        return self.query.partition("\n")[0].rpartition(" (")[2].removesuffix(")")


@dataclass(frozen=True, kw_only=True, slots=True)
class Invariant:
    """What must hold on any database at any time."""

    name: str
    statement: str
    checks: Sequence[Check]


INVARIANTS: Sequence[Invariant] = (
    Invariant(
        name="I1",
        statement="no two active allocations of a table overlap",
        checks=(Check(name="i1_overlap"), Check(name="i1_seated")),
    ),
    Invariant(
        name="I2",
        statement="every accepted booking gets confirmed, to review or cancelled in time",
        checks=(Check(name="i2_unfinished"),),
    ),
    Invariant(
        name="I3",
        statement="exactly one accepted mail per confirmation revision, none otherwise",
        checks=(
            Check(name="i3_promised"),
            Check(name="i3_once"),
            Check(name="i3_grounded"),
            Check(name="i3_unsent"),
            Check(name="i3_accepted", evidence="--mail-log"),
            Check(name="i3_unknown", only_shows=True),
        ),
    ),
    Invariant(
        name="I4",
        statement="history is 1..n without gap, each transition legal, up to the booking's state and version",
        checks=(Check(name="i4_complete"), Check(name="i4_legal")),
    ),
    Invariant(
        name="I5",
        statement="transition events equal history rows, version 1 apart",
        checks=(Check(name="i5_events"),),
    ),
    Invariant(
        name="I6",
        statement="no restaurant has more live leases than its limit",
        checks=(Check(name="i6_leases"),),
    ),
    Invariant(
        name="I7",
        statement="what was accepted is there",
        checks=(Check(name="i7_accepted", evidence="--accepted"),),
    ),
    Invariant(
        name="I8",
        statement="shadow runs wrote nothing but their comparison",
        checks=(Check(name="i8_marks"), Check(name="i8_together"), Check(name="i8_told")),
    ),
)
