"""Bodies of bookings; "now" is the real one, so the start is tomorrow evening's."""

from datetime import UTC, datetime, timedelta
from typing import Any


def tomorrow_at(hour: int = 19, minute: int = 0) -> datetime:
    """Tomorrow evening; restaurants of the tests serve every day from 17:00 to 00:30 of London."""
    day = datetime.now(UTC).date() + timedelta(days=1)
    return datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - local to the restaurant


def wish(**changes: Any) -> dict[str, Any]:
    """A booking the restaurant of the tests can take."""
    return {
        "restaurant": "anchor",
        "party_size": 2,
        "start": tomorrow_at().isoformat(),
        "guest_name": "Ada Guest",
        "guest_email": "ada@example.org",
        **changes,
    }
