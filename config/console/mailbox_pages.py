"""Pages of the local mailbox: the list and one letter."""

from dataclasses import dataclass

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from bookings.models import Booking, OutboxMessage, original_message_id
from config.console import local_mailbox
from config.console.local_mailbox import Letter
from config.console.local_time import LocalTime, local_time
from config.console.navigation import list_url

PAGE_SIZE = 25


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """The booking a letter is about; the address is empty for people who may not see bookings."""

    reference: str
    url: str
    restaurant: str
    kind: str
    delivered: LocalTime


@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """A page of the mailbox, newest first."""
    _check(request)
    page = Paginator(local_mailbox.slips(), PAGE_SIZE).get_page(request.GET.get("p"))
    letters = local_mailbox.peek(list(page.object_list))
    origins = _origins(letters, request)
    context = {
        **admin.site.each_context(request),
        "title": "Mailbox",
        "page": page,
        "rows": [(letter, origins.get(letter.message_id)) for letter in letters],
    }
    return TemplateResponse(request, "console/mailbox.html", context)


@require_safe
def letter(request: HttpRequest, key: str) -> HttpResponse:
    """One mail: its headers and its text, never rendered as HTML."""
    _check(request)
    found = local_mailbox.read(key)
    if found is None:
        raise Http404(f"No mail {key!r} in the local mailbox; it may have been deleted.")
    context = {
        **admin.site.each_context(request),
        "title": found.subject or "Mail without a subject",
        "letter": found,
        "origin": _origins([found], request).get(found.message_id),
    }
    return TemplateResponse(request, "console/letter.html", context)


def _check(request: HttpRequest) -> None:
    """Raise Http404 where mails are really sent, PermissionDenied for who may not read them."""
    if not local_mailbox.mail_stays_local():
        raise Http404("Mails are sent from here; there is no local mailbox.")
    if not local_mailbox.may_read_mailbox(request):
        raise PermissionDenied("Reading guests' mails needs the permission to view outbox messages.")


def _origins(letters: list[Letter], request: HttpRequest) -> dict[str, Origin]:
    """By Message-ID; a mail whose booking is gone, or that somebody else put there, has none."""
    promised = {letter.message_id: original_message_id(letter.message_id) for letter in letters}
    rows = {
        row.message_id: row
        for row in OutboxMessage.objects.filter(message_id__in=promised.values()).select_related(
            "booking__restaurant"
        )
    }
    may_see_booking = list_url(Booking, request, admin.site) is not None
    return {
        letter.message_id: Origin(
            reference=row.booking.reference,
            url=reverse("admin:bookings_booking_change", args=[row.booking_id]) if may_see_booking else "",
            restaurant=row.booking.restaurant.name,
            kind=row.get_kind_display(),
            delivered=local_time(letter.delivered_at, row.booking.restaurant),
        )
        for letter in letters
        if (row := rows.get(promised[letter.message_id]))
    }
