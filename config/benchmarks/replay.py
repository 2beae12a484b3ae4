"""The statements of runs as they went to the server, sent again by pgbench.

Runs are made in a transaction that is rolled back, and each statement is kept with its values. Then pgbench
sends the same statements with the same values for the same bookings, in the same transactions and round
trips, and this time they stay. So what is measured is what a run asks of PostgreSQL, and nothing can drift.
"""

import json
import re
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from psycopg import sql
from psycopg.types.json import Jsonb

from assignments.coordinator import Confirmed, process_booking
from bookings.models import Booking
from bookings.states import State
from config.benchmarks.pgbench import PgbenchError, pgbench
from config.benchmarks.sent import PLACEHOLDER, Sent, listening

#: Of replayed runs at least this share must end as they did: with several at once, a house may be full.
ENDED_ALIKE = 0.97

_TYPES: Mapping[type, str] = {
    bool: "boolean",
    int: "int",
    datetime: "timestamptz",
    timedelta: "interval",
    UUID: "uuid",
    list: "text[]",
    Jsonb: "jsonb",
}


Run = Sequence[Sent]


def recorded(booking_ids: Sequence[int]) -> list[Run]:
    """What a run of each booking sends, of those that are confirmed at once in the most usual way.

    Nothing stays of the runs themselves; each sees the tables that those before it took.
    """
    runs: list[Run] = []
    with transaction.atomic():
        for booking_id in booking_ids:
            with listening() as sent:
                outcome = process_booking(booking_id=booking_id, trigger="benchmark")
            if isinstance(outcome, Confirmed):
                runs.append(sent)
        transaction.set_rollback(True)
    usual, _ = Counter(_kind(run) for run in runs).most_common(1)[0]
    return [run for run in runs if _kind(run) == usual]


def replay(runs: Sequence[Run], *, clients: int) -> float:
    """Have pgbench send the runs, shared out among `clients` sessions; runs a second.

    Reading a run's values, by key, is one statement more for each. Raises PgbenchError, also if the runs
    do not end as they did when they were recorded.
    """
    transactions = len(runs) // clients
    runs = runs[: transactions * clients]
    _store(runs, clients)
    before = _confirmed()
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "run.sql"
        script.write_text(as_script(runs[0]))
        rate = pgbench(script, clients=clients, transactions=transactions, variables={"n": -1})
    ended = _confirmed() - before
    if ended < ENDED_ALIKE * len(runs):
        raise PgbenchError(f"of {len(runs)} replayed runs only {ended} confirmed their booking")
    return rate


def as_script(run: Run) -> str:
    """The run as a script of pgbench, which takes its values from the table `replay`."""
    lines = ["\\set n :n + 1"]
    names = ", ".join(_names(run))
    lines.append(f"SELECT {names} FROM replay WHERE client = :client_id AND n = :n \\gset")  # noqa: S608
    for block, statements in groupby(enumerate(run), key=lambda each: each[1].block):
        texts = [f"{_with_variables(sent, place)};" for place, sent in statements]
        lines += texts if block is None else ["BEGIN;", *texts, "COMMIT;"]
    return "\n".join(lines) + "\n"


def _kind(run: Run) -> tuple[Any, ...]:
    """What two runs must have in common to be sent by the same script."""
    return tuple((sent.text, sent.block is None, tuple(type(value) for value in sent.values)) for sent in run)


def _with_variables(sent: Sent, place: int) -> str:
    """The statement with pgbench's variables, typed as the driver types them."""
    numbers = iter(range(len(sent.values)))

    def variable(found: re.Match[str]) -> str:
        if found.group() == "%%":
            return "%"
        number = next(numbers)
        value = sent.values[number]
        if value is None:
            return "NULL"
        kind = _TYPES.get(type(value))
        return f":{_name(place, number)}" + (f"::{kind}" if kind else "")

    return PLACEHOLDER.sub(variable, sent.text.strip())


def _name(place: int, number: int) -> str:
    return f"s{place}_{number}"


def _names(run: Run) -> list[str]:
    return list(_texts(run))


def _texts(run: Run) -> dict[str, str]:
    """The run's values as text, by their variables."""
    return {
        _name(place, number): _as_text(value)
        for place, sent in enumerate(run)
        for number, value in enumerate(sent.values)
        if value is not None
    }


def _as_text(value: Any) -> str:
    if isinstance(value, Jsonb):
        return json.dumps(value.obj)
    if isinstance(value, list):
        return "{" + ",".join(value) + "}"
    return str(value)


def _store(runs: Sequence[Run], clients: int) -> None:
    names = _names(runs[0])
    table = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in names)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS replay")
        cursor.execute(
            sql.SQL("CREATE TABLE replay (client int, n int, {}, PRIMARY KEY (client, n))").format(table)
        )
        with cursor.copy("COPY replay FROM STDIN") as copy:
            for number, run in enumerate(runs):
                copy.write_row((number % clients, number // clients, *_texts(run).values()))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE replay")


def _confirmed() -> int:
    return Booking.objects.filter(assignment_state=State.CONFIRMED).count()
