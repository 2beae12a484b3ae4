"""How the guard stands, in a chip and a sentence."""

from dataclasses import dataclass
from datetime import datetime

from assignments.models import GuardStanding, Phase
from assignments.rollout.guard import EVERY
from assignments.rollout.policies import in_force
from config.console.elapsed import elapsed

_TITLES = {
    "review_rate": "manual review",
    "error_rate": "coordinator errors",
    "candidate_errors": "errors of the shadow planner",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardWords:
    tone: str
    icon: str
    says: str
    detail: str


def guard_words(phase: Phase, *, now: datetime) -> GuardWords:
    """One query. A guard that has not looked for four rounds is told to be gone."""
    row = GuardStanding.objects.filter(pk=1, phase_id=phase.pk).first()
    if row is None or now - row.looked_at > 4 * EVERY:
        since = f"It looked last {elapsed(now - row.looked_at)} ago. " if row else ""
        return GuardWords(
            tone="critical",
            icon="stale",
            says="Guard not looking",
            detail=f"{since}Workers run the guard every 15 s: see whether one runs. "
            "Nothing rolls back by itself until then.",
        )
    looked = f"Looked {elapsed(now - row.looked_at)} ago"
    told = ", ".join(f"{_title(key)} {value}" for key, value in row.evidence.items())
    highest = max((float(value) for value in row.evidence.values()), default=0.0)
    if row.blind_to:
        blind = ", ".join(_title(key) for key in row.blind_to)
        return GuardWords(
            tone="watch",
            icon="warn",
            says="Guard partly blind",
            detail=f"{looked}; nobody measures {blind}. E-values: {told or 'none yet'}.",
        )
    limit = in_force(phase).guard.limit_of_each
    return GuardWords(
        tone="good" if highest < limit / 2 else "watch",
        icon="ok" if highest < limit / 2 else "warn",
        says=f"Guard armed, e-value {highest:.1f} of {limit}",
        detail=f"{looked}. E-values: {told or 'none yet'}; above {limit} it rolls back by itself.",
    )


def _title(key: str) -> str:
    return _TITLES.get(key, key.replace("_", " "))
