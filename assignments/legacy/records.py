"""The legacy planner's own events."""

from functools import partial

from assignments.records import event
from observability import events

#: An event of source `auto_assign` about a booking.
auto_assign_event = partial(event, events.AUTO_ASSIGN)
