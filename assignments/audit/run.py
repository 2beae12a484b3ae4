"""Runs the checks, read-only, each under a time limit of its own."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import OperationalError, connection
from psycopg.errors import QueryCanceled

from assignments import flags
from assignments.audit.evidence import Evidence
from assignments.audit.findings import MOST_IDS, Breach, Finding
from assignments.audit.invariants import INVARIANTS, Check, Invariant
from assignments.read_only import read_only
from bookings.states import FINAL, TRANSITIONS

#: How long a booking may take to a final state: the service's promise, 5 min while something is broken.
DEFAULT_WITHIN = timedelta(minutes=2)

#: A check that takes longer is given up: an audit must not burden the database it looks at.
DEFAULT_TIMEOUT = timedelta(minutes=1)

NO_EVIDENCE = Evidence()


def audit(
    *,
    within: timedelta | None = DEFAULT_WITHIN,
    evidence: Evidence = NO_EVIDENCE,
    timeout: timedelta = DEFAULT_TIMEOUT,
    without: Sequence[str] = (),
) -> list[Finding]:
    """Check every invariant and write nothing; one finding each, in order.

    `within` is how long bookings (and a minute more, mails) may take; None: nothing may be open at all.
    `without` names checks or invariants to leave out, such as I2 while bookings are being worked on.
    """
    parameters = _parameters(within, evidence)
    return [
        _finding(invariant, parameters, evidence, timeout, without)
        for invariant in INVARIANTS
        if invariant.name not in without
    ]


def _finding(
    invariant: Invariant,
    parameters: Mapping[str, Any],
    evidence: Evidence,
    timeout: timedelta,
    without: Sequence[str],
) -> Finding:
    began = time.perf_counter()
    found: dict[bool, list[Breach]] = {True: [], False: []}
    left_out = []
    for check in invariant.checks:
        if check.name in without:
            continue
        if (why := _cannot(check, evidence)) is not None:
            left_out.append(why)
            continue
        try:
            ids = _ask(check, parameters, timeout)
        except OperationalError as error:
            if not isinstance(error.__cause__, QueryCanceled):
                raise
            left_out.append(f"{check.name} took longer than {timeout.total_seconds():g} s; raise --timeout")
            continue
        if ids:
            found[check.only_shows].append(_breach(check, ids))
    return Finding(
        invariant=invariant.name,
        statement=invariant.statement,
        breaches=found[False],
        shown=found[True],
        left_out=left_out,
        duration_ms=round((time.perf_counter() - began) * 1000, 1),
    )


def _breach(check: Check, ids: Sequence[int | str]) -> Breach:
    return Breach(
        check=check.name,
        what=check.looks_for,
        ids_are=check.ids_are,
        ids=ids[:MOST_IDS],
        more=len(ids) > MOST_IDS,
    )


def _cannot(check: Check, evidence: Evidence) -> str | None:
    """Why a check cannot be asked, or None."""
    if check.evidence is not None and not evidence.has(check.evidence):
        return f"needs {check.evidence} FILE"
    if check.table is not None and check.table not in connection.introspection.table_names():
        return f"needs the table {check.table}"
    return None


def _ask(check: Check, parameters: Mapping[str, Any], timeout: timedelta) -> list[int | str]:
    """The breaching ids, at most one more than is shown."""
    with read_only(timeout=timeout), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT * FROM ({check.query}) found LIMIT {MOST_IDS + 1}",  # noqa: S608 - a file of ours
            parameters,
        )
        return [row[0] for row in cursor.fetchall()]


def _parameters(within: timedelta | None, evidence: Evidence) -> dict[str, Any]:
    """What the queries may refer to by name."""
    legal = [(origin, target) for origin, targets in TRANSITIONS.items() for target in sorted(targets)]
    return {
        "within": within,
        "final": sorted(FINAL),
        "legal_from": [origin.value for origin, _ in legal],
        "legal_to": [target.value for _, target in legal],
        "limit": flags.current().max_parallel(None),
        "mails": list(evidence.mails or ()),
        "read_at": evidence.mails_read_at or datetime.now(UTC),
        "accepted": list(evidence.accepted or ()),
    }
