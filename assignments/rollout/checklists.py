"""Checklists of the phases: what people see to before they sign that a phase goes on.

The items are those of the reference's configuration guide and verification sheet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from assignments.engine.phases import PHASES, PhaseKey
from assignments.models import ChecklistTick, Phase
from assignments.rollout import ledger, rights
from assignments.rollout.errors import Code, RolloutError
from assignments.rollout.texts import LONGEST_REASON
from observability.accounts import hidden


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One thing to be seen to, and how."""

    key: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """An item as it stands: the last word on it, if there is one."""

    item: Item
    tick: ChecklistTick | None

    @property
    def done(self) -> bool:
        return self.tick is not None and self.tick.done


TEAM = Item(key="team_told", text="The team is told when the phase starts and what it changes")
ON_CALL = Item(key="on_call_aware", text="The on-call engineer knows of it and watches")
STAFFED = Item(key="staffed_window", text="It started in staffed hours, away from the peak")
ROLLBACK = Item(
    key="rollback_at_hand", text="Rolling back was tried or gone through; everyone knows where it is"
)
MAILS = Item(key="mails_sampled", text="Ten bookings were looked at: each has one confirmation mail")
PATHS = Item(key="flags_effective", text="Every live worker acknowledged the flags of the phase")
REVIEW_STAFFED = Item(
    key="review_staffed", text="The review queue is staffed for what the phase may send there"
)
PEAK = Item(key="peak_included", text="The window holds a weekend or a peak evening")
RETROSPECTIVE = Item(key="retrospective", text="The retrospective was held and its notes are written down")
LEGACY_LISTED = Item(key="legacy_listed", text="What is to be removed of the legacy path is listed")

_DAILY = Item(key="monitored", text="Figures were looked at every 15 minutes for 2 hours, then hourly")
_CLOSE = Item(
    key="monitored",
    text="Figures were looked at every 15 minutes in the first hour, and at 6, 12 and 24 hours",
)
_WEEK = Item(key="monitored", text="The daily summary was looked at on each of the 7 days")
_EVERY = (TEAM, ON_CALL, ROLLBACK, PATHS)

_ITEMS: dict[PhaseKey, tuple[Item, ...]] = {
    PhaseKey.LOCAL_TEST: (PATHS,),
    PhaseKey.STAGING_SHADOW: (*_EVERY, _DAILY),
    PhaseKey.STAGING_FULL: (*_EVERY, _DAILY, MAILS),
    PhaseKey.PRODUCTION_SHADOW: (*_EVERY, STAFFED, _DAILY, PEAK),
    PhaseKey.PRODUCTION_10: (*_EVERY, STAFFED, REVIEW_STAFFED, _CLOSE, MAILS),
    PhaseKey.PRODUCTION_50: (*_EVERY, STAFFED, REVIEW_STAFFED, _CLOSE, MAILS),
    PhaseKey.PRODUCTION_100: (*_EVERY, STAFFED, REVIEW_STAFFED, _WEEK, MAILS),
    PhaseKey.LEGACY_CLEANUP: (TEAM, ON_CALL, ROLLBACK, _WEEK, LEGACY_LISTED, RETROSPECTIVE),
}


def items_of(key: PhaseKey) -> tuple[Item, ...]:
    """The checklist of a phase, in the order it is gone through."""
    return _ITEMS[key]


def lines_of(phase: Phase) -> list[Line]:
    """The checklist of a stay with the last word on each item, in one query."""
    found = phase.ticks.select_related("user").defer(*hidden("user")).order_by("pk")
    ticks = {tick.item: tick for tick in found}
    return [Line(item=item, tick=ticks.get(item.key)) for item in items_of(PhaseKey(phase.key))]


def open_items(phase: Phase) -> Sequence[Item]:
    """What is not done yet."""
    return [line.item for line in lines_of(phase) if not line.done]


@transaction.atomic
def tick(
    *, phase: Phase, item: str, done: bool = True, note: str = "", user: User, now: datetime
) -> ChecklistTick:
    """Tick an item, or take its tick back. Raises RolloutError for one not on the list."""
    if not rights.holds(user.pk, rights.WORK):
        raise RolloutError(Code.NO_RIGHT, f"{user} may not tick the checklist.")
    known = [known.key for known in items_of(PhaseKey(phase.key))]
    if item not in known:
        raise RolloutError(
            Code.UNKNOWN,
            f"{item!r} is not on the list of {PHASES[PhaseKey(phase.key)].title}: {', '.join(known)}.",
        )
    if len(note) > LONGEST_REASON:
        raise RolloutError(
            Code.UNEXPLAINED, f"A note of {len(note)} characters is too long: {LONGEST_REASON}."
        )
    ledger.hold()
    phase.refresh_from_db(fields=["left_at"])
    if phase.left_at is not None:
        raise RolloutError(Code.PHASE_LEFT, f"{phase} was left: its checklist is closed.")
    ticked = ChecklistTick.objects.create(
        phase=phase, item=item, done=done, note=note.strip(), user=user, created_at=now
    )
    kind = "phase.item_ticked" if done else "phase.item_unticked"
    body = {"item": item, "note": ticked.note}
    ledger.append(kind, body, phase=phase, by=rights.author_of(user), now=now)
    return ticked
