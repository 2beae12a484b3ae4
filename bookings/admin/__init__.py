"""Restaurants, bookings, mails and channels in the console. Importing this package registers its pages."""

from bookings.admin import (
    booking,
    calendar,
    channels,
    floor_plan,
    guests,
    history,
    imports,
    links,
    outbox,
    queue,
    webhooks,
    wishes,
)

__all__ = [
    "booking",
    "calendar",
    "channels",
    "floor_plan",
    "guests",
    "history",
    "imports",
    "links",
    "outbox",
    "queue",
    "webhooks",
    "wishes",
]
