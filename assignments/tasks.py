"""Tasks of this floor: thin, ids only."""

from assignments.coordinator import process_booking


def assign(booking_id: int, trigger: str) -> None:
    """Take one booking as far as it gets."""
    process_booking(booking_id=booking_id, trigger=trigger)
