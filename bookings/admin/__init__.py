"""Bookings in the console. Importing this package registers its pages."""

from bookings.admin import booking, calendar, floor_plan, history, outbox, queue, webhooks, wishes

__all__ = ["booking", "calendar", "floor_plan", "history", "outbox", "queue", "webhooks", "wishes"]
