"""An event as a row of a file."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from observability.models import Event

#: Columns of an export, with what their cells are made of.
COLUMNS: Mapping[str, Callable[[Event], Any]] = {
    "id": lambda event: event.pk,
    "time": lambda event: event.created_at,
    "source": lambda event: event.source,
    "event_type": lambda event: event.event_type,
    "severity": lambda event: event.severity,
    "restaurant_id": lambda event: event.restaurant_id,
    "booking_id": lambda event: event.booking_id,
    "context": lambda event: json.dumps(event.context),
}
