"""What a receiver is told: the booking's reference, state and times; nothing about the guest."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bookings.models import Restaurant, WebhookDelivery, WebhookEvent
from bookings.states import State

#: Steps of the service time leave a booking in the state from which they are taken.
_STATE: Mapping[str, State] = dict.fromkeys(
    (WebhookEvent.CHECKED_IN, WebhookEvent.COMPLETED, WebhookEvent.NO_SHOW), State.CONFIRMED
)


def body_of(delivery: WebhookDelivery) -> bytes:
    """The JSON body; the same bytes at every try. Times carry the restaurant's offset."""
    return json.dumps(_content(delivery), separators=(",", ":")).encode()


def _content(delivery: WebhookDelivery) -> dict[str, Any]:
    told = {"type": delivery.event, "timestamp": delivery.happened_at.isoformat()}
    if delivery.booking is None:
        return {**told, "data": {}}
    restaurant = delivery.booking.restaurant
    return {
        **told,
        "data": {
            "reference": delivery.booking.reference,
            "restaurant": restaurant.slug,
            "state": _STATE.get(delivery.event) or delivery.event.removeprefix("booking."),
            "status": delivery.booking_status,
            "version": delivery.version,
            "start": _local(delivery.start_at, restaurant),
            "end": _local(delivery.end_at, restaurant),
            "timezone": restaurant.timezone,
        },
    }


def _local(moment: datetime | None, restaurant: Restaurant) -> str | None:
    return moment.astimezone(restaurant.tzinfo).isoformat() if moment else None
