"""Mails in the console: what was promised to guests, what became of it, and what people decide.

Workers write the rows. People read a letter, have it sent again or say that it arrived, each on a page
that asks first.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.mail import EmailMultiAlternatives
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from bookings.admin.asking import answer, ask_then, found, must_have
from bookings.admin.history import OfBookingAdmin
from bookings.display import show
from bookings.models import MailStatus, OutboxMessage
from bookings.outbox.by_hand import ByHandError, mark_delivered, resend, why_not_resend
from bookings.outbox.letter import LetterError, write_letter
from observability.admin import ScopedChoicesFilter
from observability.scope import scope_of

_MARKS = {
    MailStatus.PENDING: ("moving", "clock"),
    MailStatus.INFLIGHT: ("moving", "half"),
    MailStatus.SENT: ("good", "ok"),
    MailStatus.UNKNOWN: ("watch", "warn"),
    MailStatus.DEAD: ("critical", "bad"),
    MailStatus.VOID: ("line", "minus"),
    MailStatus.SUPPRESSED: ("line", "lock"),
}

RESEND = "bookings.resend_mail"

#: What waits for a person, the more urgent first.
_FOR_PEOPLE = (MailStatus.UNKNOWN, MailStatus.DEAD)
_MOST_SHOWN = 20

#: The counts above the list, in their order.
_FIGURES = {
    MailStatus.UNKNOWN: "Unknown",
    MailStatus.DEAD: "Dead",
    MailStatus.PENDING: "On the way",
    MailStatus.SENT: "Sent in 24 hours",
    MailStatus.VOID: "Void",
    MailStatus.SUPPRESSED: "Suppressed",
}

_NAME = "bookings_outboxmessage_"


def mail_chip(status: str) -> SafeString:
    """A mail's status."""
    tone, icon = _MARKS[MailStatus(status)]
    return show.chip(MailStatus(status).label.capitalize(), tone, icon)


@admin.register(OutboxMessage)
class OutboxMessageAdmin(OfBookingAdmin[OutboxMessage]):
    change_list_template = "bookings/mails.html"
    change_form_template = "bookings/mail.html"
    list_display = [
        "kind", "booking", "restaurant", "mail_status", "due", "sent", "attempts", "resends", "last_error",
    ]  # fmt: skip
    list_filter = ["status", "kind", ("booking__restaurant", ScopedChoicesFilter)]
    ordering = ["-id"]
    fields = [
        "booking", "kind", "revision", "mail_status", "due", "claimed", "sent", "attempts", "resends",
        "sent_as", "last_error", "created",
    ]  # fmt: skip
    readonly_fields = ["mail_status", "due", "claimed", "sent", "sent_as", "created"]

    # Columns

    @admin.display(description="Status", ordering="status")
    def mail_status(self, mail: OutboxMessage) -> SafeString:
        return mail_chip(mail.status)

    @admin.display(description="Restaurant")
    def restaurant(self, mail: OutboxMessage) -> str:
        return mail.booking.restaurant.name

    @admin.display(description="Due", ordering="due_at")
    def due(self, mail: OutboxMessage) -> SafeString | str:
        return show.local_moment(mail.due_at, mail.booking.restaurant.tzinfo, seconds=True)

    @admin.display(description="Claimed")
    def claimed(self, mail: OutboxMessage) -> SafeString | str:
        return show.local_moment(mail.claimed_at, mail.booking.restaurant.tzinfo, seconds=True)

    @admin.display(description="Sent", ordering="sent_at")
    def sent(self, mail: OutboxMessage) -> SafeString | str:
        return show.local_moment(mail.sent_at, mail.booking.restaurant.tzinfo, seconds=True)

    @admin.display(description="Message-ID")
    def sent_as(self, mail: OutboxMessage) -> str:
        return mail.current_message_id

    @admin.display(description="Promised")
    def created(self, mail: OutboxMessage) -> SafeString | str:
        return show.local_moment(mail.created_at, mail.booking.restaurant.tzinfo, seconds=True)

    # Pages

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("<int:pk>/letter/", self._page(require_safe(self.letter)), name=_NAME + "letter"),
            path("<int:pk>/resend/", self._page(self.resend), name=_NAME + "resend"),
            path("<int:pk>/delivered/", self._page(self.delivered), name=_NAME + "delivered"),
        ]
        return [*own, *super().get_urls()]

    def _page(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        return self.admin_site.admin_view(view)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        extra = {
            "figures": self._figures(request),
            "for_people": [] if request.GET else self._for_people(request),
        }
        return super().changelist_view(request, {**extra, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        extra = {
            "may_read": self._may_read(request),
            "may_resend": request.user.has_perm(RESEND),
        }
        return super().change_view(request, object_id, form_url, {**extra, **(extra_context or {})})

    def letter(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The letter as it would be written now, as text: never as a page."""
        if not self._may_read(request):
            raise PermissionDenied("Reading a guest's mail needs the permission to view mails and bookings.")
        mail = found(self, request, pk)
        context: dict[str, Any] = {"title": f"{mail.get_kind_display()} for {mail.booking}", "row": mail}
        try:
            written = write_letter(mail)
            context |= {"letter": written, "headers": _headers(written)}
        except LetterError as error:
            context |= {"refusal": str(error)}
        return answer(self, request, "bookings/mail_letter.html", context)

    def resend(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, then have the mail sent again."""

        def step() -> str:
            seen = request.POST.get("seen", "")
            resend(message_id=pk, seen_resends=int(seen) if _is_count(seen) else -1, now=timezone.now())
            return "Sent again by hand."

        return self._ask(request, pk, "bookings/mail_resend.html", "Send this mail again?", step)

    def delivered(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, then take the mail for sent."""

        def step() -> str:
            mark_delivered(message_id=pk, now=timezone.now())
            return "Marked as delivered."

        return self._ask(request, pk, "bookings/mail_delivered.html", "Was this mail delivered?", step)

    def _ask(
        self, request: HttpRequest, pk: int, template: str, question: str, step: Callable[[], str]
    ) -> HttpResponse:
        must_have(request, RESEND, "Deciding about a mail")
        mail = found(self, request, pk)
        context = {"title": question, "why_not": why_not_resend(mail)}
        return ask_then(
            self, request, mail, template=template, context=context, step=step, refusal=ByHandError
        )

    def _may_read(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("bookings.view_booking")

    def _figures(self, request: HttpRequest) -> list[dict[str, Any]]:
        """Mails by status; of those sent, the last day's, since all are too many to count."""
        mails = scope_of(request).narrow(OutboxMessage.objects.all(), self.restaurant_path)
        unsent = mails.exclude(status=MailStatus.SENT).order_by()
        counts = dict(unsent.values_list("status").annotate(Count("pk")))
        since = timezone.now() - timedelta(days=1)
        counts[MailStatus.SENT] = mails.filter(status="sent", sent_at__gte=since).count()
        counts[MailStatus.PENDING] = counts.get("pending", 0) + counts.pop("inflight", 0)
        return [
            {
                "status": status,
                "label": label,
                "tone": _MARKS[status][0],
                "icon": _MARKS[status][1],
                "count": counts.get(status, 0),
            }
            for status, label in _FIGURES.items()
        ]

    def _for_people(self, request: HttpRequest) -> list[dict[str, Any]]:
        waiting = self.get_queryset(request).filter(status__in=_FOR_PEOPLE)
        rows = waiting.order_by("-status", "-id")[:_MOST_SHOWN]
        return [{"mail": mail, "chip": mail_chip(mail.status), "due": self.due(mail)} for mail in rows]


def _headers(letter: EmailMultiAlternatives) -> list[tuple[str, str]]:
    """What a mail program shows, as text: the sent form is encoded."""
    shown = {
        "Subject": letter.subject,
        "From": letter.from_email,
        "To": ", ".join(letter.to),
        "Reply-To": ", ".join(letter.reply_to),
        **letter.extra_headers,
    }
    return [(name, str(value)) for name, value in shown.items() if value]


def _is_count(text: str) -> bool:
    return text.isdecimal() and len(text) < 6
