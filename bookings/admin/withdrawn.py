"""Tells what became of the bookings whose tables were taken out of service or no longer suit them."""

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpRequest

from bookings.displacing import Fate
from bookings.floor_plan_edits import Edited
from bookings.withdrawals import Withdrawal

#: Level and sentence of each fate; the sentence goes on with the references.
_TOLD: Mapping[Fate, tuple[int, str]] = {
    "moved": (messages.SUCCESS, "Moved to other tables"),
    "replanned": (messages.WARNING, "Without a table, so being planned again"),
    "to_people": (messages.WARNING, "Pinned to {place}, so in review now"),
    "stays": (messages.WARNING, "Sitting at {place} already, so left there"),
}


def tell_fates(request: HttpRequest, of: Withdrawal | Edited, place: object) -> None:
    """One message for each fate that any booking met."""
    for fate, (level, sentence) in _TOLD.items():
        references = [item.reference for item in of.with_fate(fate)]
        if references:
            told = f"{sentence.format(place=place)}: {', '.join(references)}."
            messages.add_message(request, level, told)
