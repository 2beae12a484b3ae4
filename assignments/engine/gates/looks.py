"""When a gate may pass: at scheduled looks, among which alpha is divided.

The first look is when the phase's minimum is reached, then there is one a day. Look k may spend
alpha / (k (k + 1)): the parts of an endless series that sum to alpha, so a phase may be held as long as it
takes, nobody need know beforehand how many bookings come, and by the union bound (Bonferroni) the chance
of ever passing at exactly the threshold is at most alpha, however the looks depend on each other. Half goes
to the first look, which most phases need only. Gates share no alpha: all must pass, and a test that rejects
only if all parts do has the level of each part (Berger 1982, Technometrics 24:295).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

#: The time from one look to the next.
BETWEEN_LOOKS = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """The look that is taken now (`open`) or the next one; `planned` if their number is fixed beforehand."""

    number: int
    open: bool
    planned: int | None = None

    def __post_init__(self) -> None:
        if self.number < 1 or (self.planned is not None and self.number > self.planned):
            raise ValueError(f"Look {self.number} of {self.planned or 'many'}: looks are numbered from 1.")

    @property
    def share(self) -> Fraction:
        """The part of alpha that this look may spend."""
        if self.planned is not None:
            return Fraction(1, self.planned)
        return Fraction(1, self.number * (self.number + 1))


#: The only look of a fixed sample, as published tables assume it: all of alpha.
SINGLE_LOOK = Look(number=1, open=True, planned=1)


def next_due(*, reached_at: datetime | None, taken: Sequence[datetime]) -> datetime | None:
    """When the next look falls due; None while the minimum is not reached.

    Days count from the moment the minimum was reached. A look that nobody took is not made up for.
    """
    if reached_at is None:
        return None
    if not taken:
        return reached_at
    days = (max(taken) - reached_at) // BETWEEN_LOOKS
    return reached_at + (days + 1) * BETWEEN_LOOKS


def look_at(*, reached_at: datetime | None, taken: Sequence[datetime], now: datetime) -> Look:
    """The look of `now`: open if one is due. Its number counts those `taken`, whose alpha is spent."""
    due = next_due(reached_at=reached_at, taken=taken)
    return Look(number=len(taken) + 1, open=due is not None and now >= due)
