"""Forms of bookings: taking one in, and editing what belongs to the guest."""

import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone

from bookings import intake
from bookings.admin.local_time import HINT, LocalDateTimeField
from bookings.change_rules import GUEST_FIELDS
from bookings.intake import BookingRequest, IntakeError
from bookings.models import Booking, TableAttribute
from observability.admin import RecordForm

CHANNEL = "console"


class IntakeForm(RecordForm[Booking]):
    """A booking taken in by staff. Saving it is left to the intake, which checks and saves in one step."""

    start = LocalDateTimeField(
        help_text=f"{HINT} In the hour that the clocks show twice write the offset as well."
    )
    end = LocalDateTimeField(
        required=False, help_text="Empty: as long as a party of this size stays. On the restaurant's clock."
    )
    requires = forms.MultipleChoiceField(
        choices=TableAttribute.choices, required=False, widget=forms.CheckboxSelectMultiple, label="Needs"
    )
    notes = forms.CharField(
        required=False, max_length=intake.LONGEST_TEXT["notes"], widget=forms.Textarea(attrs={"rows": 3})
    )
    # A form sent twice is one booking.
    form_id = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)

    class Meta:
        model = Booking
        fields = [
            "restaurant", "party_size", "zone", "requires",
            "guest_name", "guest_email", "guest_phone", "notes",
        ]  # fmt: skip

    def full_clean(self) -> None:
        """Take the booking in once everything else is right; the view's transaction holds it."""
        super().full_clean()
        if not self.is_bound or self.errors:
            return
        try:
            self.instance = self._received(timezone.now())
        except IntakeError as error:
            self.add_error(error.field if error.field in self.fields else None, _sentence(error.message))

    def _received(self, now: datetime) -> Booking:
        booking = intake.receive(request=self._request(), now=now)
        if booking.created_at != now:
            raise IntakeError(
                "form_id",
                f"this form was sent before and is booking {booking.reference}; "
                "open a new form to take in another",
            )
        return booking

    def _request(self) -> BookingRequest:
        asked = self.cleaned_data
        return BookingRequest(
            restaurant=asked["restaurant"],
            party_size=asked["party_size"],
            start=asked["start"],
            end=asked["end"],
            channel=CHANNEL,
            idempotency_key=str(asked["form_id"]),
            guest_name=asked["guest_name"],
            guest_email=asked["guest_email"],
            guest_phone=asked["guest_phone"],
            notes=asked["notes"],
            zone=asked["zone"],
            requires=tuple(asked["requires"]),
            by_staff=True,
        )


class GuestForm(RecordForm[Booking]):
    """What may be edited of a booking: the guest's data, the notes, and whether its tables are pinned."""

    notes = forms.CharField(
        required=False, max_length=intake.LONGEST_TEXT["notes"], widget=forms.Textarea(attrs={"rows": 3})
    )

    class Meta:
        model = Booking
        fields = ["guest_name", "guest_email", "guest_phone", "notes", "locked"]

    def clean(self) -> dict[str, Any]:
        """A form that was opened before the guest was forgotten does not bring them back."""
        cleaned = super().clean() or {}
        forgotten = Booking.objects.select_for_update(no_key=True).values_list(
            "guest_forgotten_at", flat=True
        )
        if forgotten.get(pk=self.instance.pk) and any(cleaned.get(name) for name in GUEST_FIELDS):
            raise forms.ValidationError("The guest of this booking is forgotten and is not entered again.")
        return cleaned


def _sentence(message: str) -> str:
    return f"{message[:1].upper()}{message[1:]}."


def changes_of(form: Any) -> list[str]:
    """The names of the model's columns that the form changes."""
    return [name for name in form.changed_data if name in GuestForm.base_fields]
