"""What somebody wants changed about a booking; what is not given stays."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from bookings.models import Zone


class Unset(Enum):
    """The type of UNSET: not given, as opposed to given as nothing."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


@dataclass(frozen=True, kw_only=True, slots=True)
class BookingChange:
    """New values. A naive `start` or `end` is local to the restaurant.

    Without `end` the booking keeps its length, or stays its turn time if it did so before; `end` None
    asks for the turn time. `zone` None takes any zone.
    """

    party_size: int | Unset = UNSET
    start: datetime | Unset = UNSET
    end: datetime | Unset | None = UNSET
    zone: Zone | Unset | None = UNSET
    requires: tuple[str, ...] | Unset = UNSET
    guest_name: str | Unset = UNSET
    guest_email: str | Unset = UNSET
    guest_phone: str | Unset = UNSET
    notes: str | Unset = UNSET
