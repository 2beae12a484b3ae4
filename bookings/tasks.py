"""Tasks of this floor: thin, ids only."""

from bookings.outbox import delivery


def send_mail(message_id: int) -> None:
    """Send one promised mail."""
    delivery.send(message_id)
