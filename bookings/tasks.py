"""Tasks of this floor: thin, ids only."""

from bookings.outbox import delivery
from bookings.webhooks.delivery import drain


def send_mail(message_id: int) -> None:
    """Send one promised mail."""
    delivery.send(message_id)


def post_webhooks(endpoint_id: int) -> None:
    """Post what is due to one endpoint."""
    drain(endpoint_id)
