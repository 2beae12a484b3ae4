"""The references that imported bookings get: their own where it is free, else a new one."""

from collections.abc import Sequence

from bookings.imports.drafts import Draft
from bookings.imports.errors import RowError
from bookings.intake import LONGEST_TEXT
from bookings.models import Booking
from bookings.references import new_reference

#: What the column holds; a longer one is kept in the notes.
LONGEST = 16

#: References drawn beyond two for each draft, so that those of others among them leave enough.
SPARE = 20


class References:
    """References for a batch of drafts. `renamed` counts those that could not keep their own."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        own = {draft.reference for draft in drafts if draft.reference}
        # Some that are drawn are taken already, the more, the more bookings there are.
        self._spare = [new_reference() for _ in range(2 * len(drafts) + SPARE)]
        known = Booking.objects.filter(reference__in=own.union(self._spare))
        self._owner = dict(known.values_list("reference", "restaurant_id"))
        self.renamed = 0

    def names_one_of(self, draft: Draft) -> bool:
        """Whether the draft's restaurant has a booking of this reference: it is that one."""
        return self._owner.get(draft.reference) == draft.request.restaurant.pk

    def named(self, draft: Draft) -> tuple[str, str]:
        """Reference and notes of the draft's booking. One that loses its reference keeps it in the notes."""
        notes = draft.request.notes
        if not draft.reference:
            return self._new(draft), notes
        if len(draft.reference) <= LONGEST and draft.reference not in self._owner:
            self._owner[draft.reference] = draft.request.restaurant.pk
            return draft.reference, notes
        self.renamed += 1
        notes = f"{notes}\nReference before the import: {draft.reference}".lstrip()
        if len(notes) > LONGEST_TEXT["notes"]:
            raise RowError("notes", "no room is left in them for the reference; shorten them")
        return self._new(draft), notes

    def _new(self, draft: Draft) -> str:
        reference = next(name for name in iter(self._spare.pop, None) if name not in self._owner)
        self._owner[reference] = draft.request.restaurant.pk
        return reference
