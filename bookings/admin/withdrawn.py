"""Tells what became of the bookings whose tables were taken out of service or no longer suit them."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest

from bookings.displacing import Displaced, fates_in_words


def tell_fates(request: HttpRequest, displaced: Sequence[Displaced]) -> None:
    """One message for each fate that any booking met; a warning if people may have to see to it."""
    for fate, sentence in fates_in_words(displaced).items():
        messages.add_message(request, messages.SUCCESS if fate == "moved" else messages.WARNING, sentence)
