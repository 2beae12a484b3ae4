"""A guest's request: a form that finds them, what would go, then the file or the deed.

Everything is posted: an address in a URL would stay in logs and histories.
"""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from bookings.models import Booking, GuestErasure
from bookings.privacy.guests import erase_guest, export_guest, look
from bookings.privacy.identity import Guest, GuestError, guest_of
from config.console.guest_rights import may_erase_guests
from config.console.local_time import local_time
from config.console.review.rights import person

#: Erasures of before that the page lists.
LATEST = 20


class GuestForm(forms.Form):
    """What identifies the guest; one is enough, and what fits any of them is found."""

    email = forms.CharField(max_length=254, required=False, label="E-mail address")
    phone = forms.CharField(max_length=40, required=False, label="Phone number")
    reference = forms.CharField(max_length=16, required=False, label="Reference of a booking")
    also_coming = forms.BooleanField(required=False, label="Erase coming bookings too")

    guest: Guest

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("email", "phone", "reference"):
            self.fields[name].widget.attrs |= {"class": "in", "autocomplete": "off"}

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        try:
            self.guest = guest_of(**{name: given.get(name, "") for name in ("email", "phone", "reference")})
        except GuestError as error:
            raise forms.ValidationError(str(error)) from error
        return given


@require_http_methods(["GET", "HEAD", "POST"])
def guest_data(request: HttpRequest) -> HttpResponse:
    """The page; by POST a look at what is there, with `step` the file or the deed."""
    if not may_erase_guests(request):
        raise PermissionDenied(
            "Guests' requests need a right of their own, and working for every restaurant."
        )
    form = GuestForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            return _answered(request, form, now=timezone.now())
        except GuestError as error:
            form.add_error(None, str(error))
    return _page(request, form)


def _answered(request: HttpRequest, form: GuestForm, *, now: datetime) -> HttpResponse:
    """Raises GuestError."""
    step, actor = request.POST.get("step"), person(request)
    if step == "export":
        text = export_guest(guest=form.guest, actor_id=actor.pk, now=now)
        return HttpResponse(
            text,
            content_type="application/json",
            headers={"Content-Disposition": 'attachment; filename="guest.json"'},
        )
    if step == "erase":
        also_coming = form.cleaned_data["also_coming"]
        done = erase_guest(guest=form.guest, actor_id=actor.pk, now=now, also_coming=also_coming)
        _say(request, done.erasure, sum(done.counts.values()))
        return HttpResponseRedirect(reverse("admin:guest_data"))
    found = look(guest=form.guest, now=now)
    return _page(request, form, found=found, bookings=[_row(each) for each in found.bookings])


def _say(request: HttpRequest, erasure: GuestErasure | None, places: int) -> None:
    if erasure is None:
        messages.info(request, "Nothing was left to erase: it was done before.")
    else:
        messages.success(request, f"The guest was erased from {places} rows and files ({erasure}).")


def _row(booking: Booking) -> dict[str, Any]:
    return {
        "booking": booking,
        "seating": local_time(booking.start_at, booking.restaurant),
    }


def _page(request: HttpRequest, form: GuestForm, **more: Any) -> TemplateResponse:
    context = {
        **admin.site.each_context(request),
        "title": "Guest data",
        "form": form,
        "latest": GuestErasure.objects.select_related("actor")[:LATEST],
        **more,
    }
    return TemplateResponse(request, "guests/page.html", context)
