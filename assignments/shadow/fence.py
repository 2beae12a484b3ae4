"""The write fence of the shadow path: it plans in a read-only transaction and may insert two kinds of rows.

The database refuses what a planner writes; the fence refuses every statement of the shadow path that
is not an insert of a comparison or of an event. Neither trusts the code in between.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

_INSERTS = re.compile(
    r"INSERT INTO (shadow_comparisons|observability_events)\b"
    # One statement that writes once: no second one behind it, none hidden in a WITH.
    r"(?!.*(;|\b(DELETE|INSERT|MERGE|UPDATE)\b))",
    re.IGNORECASE,
)
_SAVEPOINTS = re.compile(r"(SAVEPOINT|RELEASE SAVEPOINT|ROLLBACK TO SAVEPOINT) \S+$")


class ShadowWriteError(RuntimeError):
    """The shadow path tried more than inserting its comparison and events. A fault in the program."""


@contextmanager
def write_fence() -> Iterator[None]:
    """Refuse, on this thread's connection, any statement but the shadow path's own inserts."""
    with connection.execute_wrapper(_refuse_others):
        yield


def _refuse_others(
    execute: Callable[..., Any],
    sql: Any,
    params: Any,
    many: bool,  # noqa: FBT001 - the shape Django calls a wrapper with
    context: dict[str, Any],
) -> Any:
    statement = " ".join(str(sql).split())
    if not (_INSERTS.match(statement) or _SAVEPOINTS.match(statement)):
        raise ShadowWriteError(
            f"the shadow path may insert comparisons and events only, not run: {statement[:60]}"
        )
    return execute(sql, params, many, context)
