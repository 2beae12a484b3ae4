"""The phases of this environment as a track: how long each took, which is under way, what follows."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse

from assignments.engine.phases import PHASES, PhaseKey
from assignments.models import LeftHow, Phase
from assignments.rollout.phases import LOCAL
from config.console.elapsed import elapsed


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    title: str
    css: str
    note: str
    url: str


def track(stays: list[Phase], *, now: datetime) -> list[Step]:
    """The newest stay in each phase; `stays` are all, oldest first."""
    newest = {stay.key: stay for stay in stays}
    under_way = next((stay for stay in stays if stay.left_at is None), None)
    return [_step(key, newest.get(key), under_way, now) for key in keys_here()]


def keys_here() -> list[PhaseKey]:
    """The phases of this environment, in order; locally all."""
    here = str(settings.ENVIRONMENT)
    return [key for key, facts in PHASES.items() if here in (LOCAL, facts.environment)]


def step_number(phase: Phase) -> tuple[int, int]:
    """Which step of how many."""
    keys = keys_here()
    key = PhaseKey(phase.key)
    return (keys.index(key) + 1 if key in keys else 0), len(keys)


def lasted(phase: Phase, now: datetime) -> timedelta:
    return max(timedelta(0), (phase.left_at or now) - phase.entered_at)


def _step(key: PhaseKey, stay: Phase | None, under_way: Phase | None, now: datetime) -> Step:
    facts = PHASES[key]
    least = elapsed(timedelta(hours=facts.hours)) if facts.hours else "no minimum"
    order = list(PHASES)
    ahead = under_way is not None and order.index(key) > order.index(PhaseKey(under_way.key))
    if stay is None or (ahead and stay.left_how == LeftHow.PROCEEDED):
        return Step(title=facts.title, css="next", note=least, url="")
    url = reverse("admin:rollout_phase", args=[stay.number])
    took = elapsed(lasted(stay, now))
    if stay.left_at is None:
        return Step(title=facts.title, css="now", note=f"{took} of {least}" if facts.hours else took, url=url)
    if stay.left_how == LeftHow.ROLLED_BACK:
        return Step(title=facts.title, css="stop", note=f"{took}, rolled back", url=url)
    return Step(title=facts.title, css="done", note=took, url=url)
