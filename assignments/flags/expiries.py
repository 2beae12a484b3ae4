"""Until when an override may hold."""

from datetime import datetime, timedelta

from assignments.flags.errors import BadValueError

#: An override that is to stay longer needs no end. A moment near the year 10,000 could be stored, never read.
LONGEST = timedelta(days=5 * 366)


def checked_expiry(expires_at: datetime | None, *, now: datetime) -> datetime | None:
    """A moment to come, within LONGEST; None stays. Raises BadValueError."""
    if expires_at is None:
        return None
    if expires_at <= now:
        raise BadValueError(f"an override until {expires_at.isoformat()} has expired: name a later time")
    if expires_at - now > LONGEST:
        raise BadValueError(
            f"an override until {expires_at.isoformat()} is refused: name a time within five years, "
            "or none for one that stays"
        )
    return expires_at
