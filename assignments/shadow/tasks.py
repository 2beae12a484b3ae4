"""Tasks of the shadow room: thin, ids only."""

from django.utils import timezone

from assignments.shadow.settling import close_open_comparison


def settle(booking_id: int) -> None:
    """See to it that the booking has its comparison, whatever became of its worker."""
    close_open_comparison(booking_id=booking_id, now=timezone.now())
