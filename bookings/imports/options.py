"""What was asked for beside the file."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How to import bookings.

    `columns` is column to field. `restaurant` is whose all rows are, `restaurant_column` says whose
    each one is. `timezone` is whose clock naive times follow instead of each restaurant's own. `by_staff`
    admits large parties and arrivals above pacing, which then go to review.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    restaurant: str = ""
    restaurant_column: str = ""
    timezone: str = ""
    delimiter: str | None = None
    as_history: bool = False
    by_staff: bool = False
    dry_run: bool = False
