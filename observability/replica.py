"""Reads for dashboards from a replica of the database, as long as it keeps up.

Only what is asked through `named_sql` inside `reading` goes there, so that nothing is decided by old rows:
gates, alerts and the guard ask the database itself.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections

from observability.named_sql import asking

logger = logging.getLogger(__name__)

#: The replica's name in DATABASES; it is there only if DATABASE_REPLICA_URL is set.
ALIAS = "replica"

#: A replica that is further behind is not read. Workers write every few seconds, so one that rests is behind.
MOST_BEHIND = timedelta(seconds=30)

_BEHIND = "SELECT pg_is_in_recovery(), clock_timestamp() - pg_last_xact_replay_timestamp()"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """Where figures are read: `behind` is how old they are, None if they come from the database itself.

    `why_not` tells people why a replica that is set up is not read.
    """

    behind: timedelta | None = None
    why_not: str = ""


@contextmanager
def reading() -> Iterator[Reading]:
    """Ask the replica inside the block if there is one that answers and keeps up, else the database."""
    found = _look()
    with asking(ALIAS if found.behind is not None else DEFAULT_DB_ALIAS):
        yield found


def _look() -> Reading:
    if ALIAS not in connections.databases:
        return Reading()
    behind = lag()
    if behind is None:
        return Reading(why_not="the replica does not answer")
    if behind > MOST_BEHIND:
        logger.warning("the replica is %s behind and is not read", behind)
        return Reading(why_not=f"the replica is {behind // timedelta(seconds=1)} s behind")
    return Reading(behind=behind)


def lag() -> timedelta | None:
    """How far the replica is behind; None if it does not answer or cannot tell."""
    try:
        with connections[ALIAS].cursor() as cursor:
            cursor.execute(_BEHIND)
            in_recovery, behind = cursor.fetchone()
    except DatabaseError as error:
        logger.warning("the replica does not answer: %s", type(error).__name__)
        connections[ALIAS].close()
        return None
    if not in_recovery:
        return timedelta(0)
    return None if behind is None else max(behind, timedelta(0))
