"""What the audit found: one finding for each invariant."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

#: Ids shown for one breach; the query looks for one more, to tell whether there are others.
MOST_IDS = 10


class Verdict(StrEnum):
    OK = "ok"
    BREACH = "BREACH"
    NOT_CHECKED = "NOT CHECKED"


@dataclass(frozen=True, kw_only=True, slots=True)
class Breach:
    """What one check found: up to MOST_IDS ids; `more` tells that there are others."""

    check: str
    what: str
    ids_are: str
    ids: Sequence[int | str]
    more: bool = False

    def __str__(self) -> str:
        shown = ", ".join(map(str, self.ids))
        return f"{self.what}: {self.ids_are} {shown}{' and more' if self.more else ''}"

    def as_json(self) -> dict[str, Any]:
        return {
            "check": self.check,
            "what": self.what,
            "ids_are": self.ids_are,
            "ids": list(self.ids),
            "more": self.more,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Whether one invariant holds.

    `left_out` says which part was not checked, and why; `shown` what is no breach and yet for people to see.
    """

    invariant: str
    statement: str
    breaches: Sequence[Breach] = ()
    left_out: Sequence[str] = ()
    shown: Sequence[Breach] = ()
    duration_ms: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """A breach counts whatever else was left out; otherwise a part not checked is not vouched for."""
        if self.breaches:
            return Verdict.BREACH
        return Verdict.NOT_CHECKED if self.left_out else Verdict.OK

    def __str__(self) -> str:
        notes = [*map(str, [*self.breaches, *self.shown]), *self.left_out]
        line = f"{self.invariant}  {self.verdict:<11}  {self.statement}"
        return f"{line} | {'; '.join(notes)}" if notes else line

    def as_json(self) -> dict[str, Any]:
        return {
            "invariant": self.invariant,
            "statement": self.statement,
            "verdict": self.verdict.value,
            "breaches": [breach.as_json() for breach in self.breaches],
            "left_out": list(self.left_out),
            "shown": [item.as_json() for item in self.shown],
            "duration_ms": self.duration_ms,
        }
