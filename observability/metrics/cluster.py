"""The workers, as far as the database hears of them."""

from dataclasses import dataclass
from datetime import timedelta

from observability.metrics.series import SQL
from observability.named_sql import ask_one

#: A worker that was not heard of for so long is taken for gone; it reports every two seconds.
LIVE_FOR = timedelta(seconds=10)


@dataclass(frozen=True, kw_only=True, slots=True)
class Workers:
    """Live worker processes, those that run older flags than there are, and the flags' version."""

    live: int
    behind: int
    flag_version: int


def workers() -> Workers:
    """By the database's clock, like the heartbeats."""
    row = ask_one(SQL["workers"], {"live_for": LIVE_FOR})
    return Workers(live=row.live, behind=row.behind, flag_version=row.version)
