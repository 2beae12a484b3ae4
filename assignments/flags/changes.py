"""How a change of a flag is written: the version, the value, the log row and the event.

A write locks the one row of `assignment_flags` first, so writes follow one another.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from assignments.flags import hint
from assignments.flags.authors import LONGEST_NAME, LONGEST_REASON, Author
from assignments.flags.cache import CACHE
from assignments.flags.errors import BadValueError
from assignments.flags.proposal_records import void_older
from assignments.models import FlagChange, FlagState
from observability import events
from observability.events import Severity


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What a call came to: the version now in force, and whether this call made it."""

    version: int
    changed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """One change about to be written, with its cause.

    Raises BadValueError for a reason that is blank or longer than 500 characters, and for a name that is
    blank or longer than 150.
    """

    flag: str
    before: Any
    after: Any
    reason: str
    by: Author
    now: datetime
    restaurant_id: int | None = None
    event_type: str = "flag.changed"
    severity: Severity = Severity.NOTICE

    def __post_init__(self) -> None:
        if not self.reason.strip() or len(self.reason) > LONGEST_REASON:
            raise BadValueError(
                f"a reason of {len(self.reason)} characters is refused: say why in 1 to {LONGEST_REASON}"
            )
        if not self.by.name.strip() or len(self.by.name) > LONGEST_NAME:
            raise BadValueError(
                f"{self.by.name!r} is no author: give a name of 1 to {LONGEST_NAME} characters"
            )


def locked_state() -> FlagState:
    """The one row, made on the first write, locked until the transaction ends.

    Its cohort is read by a statement of its own when it is asked for: joined here, it would be looked up in
    the snapshot from before the lock was waited for, and a cohort made meanwhile would be none.
    """
    FlagState.objects.bulk_create([FlagState()], ignore_conflicts=True)
    return FlagState.objects.select_for_update().get()


def write(state: FlagState, edit: Edit, **values: Any) -> Change:
    """Put an edit and its values into force; what is in force already is neither written nor logged.

    `state` is that of `locked_state`, in the same transaction.
    """
    if edit.before == edit.after:
        return Change(version=state.version, changed=False)
    version = state.version + 1
    FlagState.objects.update(version=version, changed_at=Now(), **values)
    _log(version, edit)
    void_older(than=version, now=edit.now)
    transaction.on_commit(CACHE.distrust, robust=True)
    transaction.on_commit(partial(hint.publish, version), robust=True)
    return Change(version=version, changed=True)


def _log(version: int, edit: Edit) -> None:
    FlagChange.objects.create(
        version=version,
        flag=edit.flag,
        restaurant_id=edit.restaurant_id,
        from_value=edit.before,
        to_value=edit.after,
        reason=edit.reason,
        author=edit.by.name,
        actor_id=edit.by.user_id,
        created_at=edit.now,
    )
    events.record(
        [
            events.Record(
                source=events.FLAGS,
                event_type=edit.event_type,
                at=edit.now,
                severity=edit.severity,
                restaurant_id=edit.restaurant_id,
                context={
                    "flag": edit.flag,
                    "version": version,
                    "from": edit.before,
                    "to": edit.after,
                    "reason": edit.reason,
                },
            )
        ]
    )
