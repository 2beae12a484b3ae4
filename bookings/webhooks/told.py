"""Events of webhooks: ids and codes only."""

from datetime import datetime

from bookings.models import WebhookDelivery
from observability import events

_SEVERITY = {"webhook.retry": events.Severity.WARNING, "webhook.dead": events.Severity.ERROR}


def tell(event_type: str, delivery: WebhookDelivery, *, answer: int | None, at: datetime) -> None:
    """Record what came of a delivery, in the current transaction."""
    events.record(
        [
            events.Record(
                source=events.WEBHOOKS,
                event_type=event_type,
                severity=_SEVERITY.get(event_type, events.Severity.INFO),
                at=at,
                restaurant_id=delivery.booking.restaurant_id if delivery.booking else None,
                booking_id=delivery.booking_id,
                context={
                    "endpoint": delivery.endpoint_id,
                    "event": delivery.event,
                    "attempt": delivery.attempts,
                    "answer": answer,
                },
            )
        ]
    )
