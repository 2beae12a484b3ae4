"""What a booking asks of the house: how many guests, when, where and with what."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bookings.models import Booking, ChangeWish


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """Size, period [start, end) without buffer, and needs; equal wishes may sit at the same tables."""

    party_size: int
    start: datetime
    end: datetime
    zone_id: int | None = None
    requires: frozenset[str] = frozenset()

    def columns(self) -> dict[str, Any]:
        """The wish as columns of a booking or of a stored wish."""
        return {
            "party_size": self.party_size,
            "start_at": self.start,
            "end_at": self.end,
            "zone_id": self.zone_id,
            "requires": sorted(self.requires),
        }


def wish_of(row: Booking | ChangeWish) -> Wish:
    """What the row asks for."""
    return Wish(
        party_size=row.party_size,
        start=row.start_at,
        end=row.end_at,
        zone_id=row.zone_id,
        requires=frozenset(row.requires),
    )
