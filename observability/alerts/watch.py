"""The round: look at every rule, write down where it stands, and fire or resolve what turned."""

import logging
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime

from django.db import DatabaseError, connection, transaction

from observability.alerts import notices, records
from observability.alerts.evaluation import Sample, Standing, Turn, evaluate
from observability.alerts.policy import EVERY, RULES, Rule
from observability.alerts.samples import READS, Reads
from observability.models import RuleStanding, RuleState

logger = logging.getLogger(__name__)

#: Names this lock in pg_locks.
ADVISORY_LOCK = 0xA1E27


def watch(*, now: datetime, reads: Mapping[str, Reads] = READS) -> None:
    """Look at the rules if it is time, then tell whom there is to tell. Called every few seconds."""
    look(now=now, reads=reads)
    notices.deliver_due()


def look(*, now: datetime, reads: Mapping[str, Reads] = READS) -> bool:
    """Evaluate all rules, unless that was done less than EVERY ago or another process is at it."""
    if not _is_time(now):
        return False
    with transaction.atomic():
        if not (_is_ours() and _is_time(now)):
            return False
        before = {row.rule: row for row in RuleStanding.objects.all()}
        for rule in RULES:
            _look_at(rule, _sample(reads[rule.key], now), before.get(rule.key), now)
    return True


def _is_time(now: datetime) -> bool:
    return not RuleStanding.objects.filter(
        rule=RULES[-1].key, evaluated_at__gt=now - EVERY, evaluated_at__lte=now
    ).exists()


def _is_ours() -> bool:
    with closing(connection.cursor()) as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ADVISORY_LOCK])
        return bool(cursor.fetchone()[0])


def _sample(read: Reads, now: datetime) -> Sample:
    """What a rule looks at; a query that fails is no data for this rule and leaves the others alone."""
    try:
        with transaction.atomic():
            return read(now)
    except DatabaseError as error:
        if connection.connection is None or connection.connection.closed:
            raise
        logger.warning("an alert rule could not be read: %s", type(error).__name__)
        return Sample(value=None, detail=f"not readable: {type(error).__name__}")


def _look_at(rule: Rule, sample: Sample, row: RuleStanding | None, now: datetime) -> None:
    value = sample.enough_for(rule)
    standing, turn = evaluate(rule, _standing(row), value, now)
    RuleStanding.objects.update_or_create(
        rule=rule.key,
        defaults={
            "state": standing.state,
            "since": standing.since,
            "breaching_since": standing.breaching_since,
            "clear_since": standing.clear_since,
            "evaluated_at": standing.evaluated_at,
            "value": value,
            "detail": sample.detail[:200],
        },
    )
    if turn is Turn.FIRES and value is not None:
        began = standing.breaching_since or now
        records.fire(rule=rule, value=value, detail=sample.detail[:200], breaching_since=began, now=now)
    elif turn is Turn.RESOLVES and value is not None:
        records.resolve(rule=rule, value=value, now=now)


def _standing(row: RuleStanding | None) -> Standing | None:
    if row is None:
        return None
    return Standing(
        state=RuleState(row.state),
        since=row.since,
        evaluated_at=row.evaluated_at,
        breaching_since=row.breaching_since,
        clear_since=row.clear_since,
    )
