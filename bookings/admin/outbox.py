"""Mails in the console: what was promised to guests and what became of it. Workers write it, people look."""

from django.contrib import admin
from django.utils.safestring import SafeString

from bookings.admin.history import OfBookingAdmin
from bookings.display import show
from bookings.models import MailStatus, OutboxMessage

_MARKS = {
    MailStatus.PENDING: ("moving", "clock"),
    MailStatus.INFLIGHT: ("moving", "half"),
    MailStatus.SENT: ("good", "ok"),
    MailStatus.UNKNOWN: ("watch", "warn"),
    MailStatus.DEAD: ("critical", "bad"),
    MailStatus.VOID: ("line", "minus"),
    MailStatus.SUPPRESSED: ("line", "lock"),
}


def mail_chip(status: str) -> SafeString:
    """A mail's status."""
    tone, icon = _MARKS[MailStatus(status)]
    return show.chip(MailStatus(status).label.capitalize(), tone, icon)


@admin.register(OutboxMessage)
class OutboxMessageAdmin(OfBookingAdmin[OutboxMessage]):
    list_display = ["kind", "booking", "mail_status", "due", "sent", "attempts", "last_error"]
    list_filter = ["status", "kind"]
    ordering = ["-id"]
    fields = [
        "booking", "kind", "revision", "mail_status", "due", "claimed", "sent", "attempts",
        "message_id", "last_error", "created",
    ]  # fmt: skip
    readonly_fields = ["mail_status", "due", "claimed", "sent", "created"]

    @admin.display(description="Status", ordering="status")
    def mail_status(self, mail: OutboxMessage) -> SafeString:
        return mail_chip(mail.status)

    @admin.display(description="Due", ordering="due_at")
    def due(self, mail: OutboxMessage) -> SafeString | str:
        return show.local_moment(mail.due_at, mail.booking.restaurant.tzinfo, seconds=True)

    @admin.display(description="Claimed")
    def claimed(self, mail: OutboxMessage) -> SafeString | str:
        return show.local_moment(mail.claimed_at, mail.booking.restaurant.tzinfo, seconds=True)

    @admin.display(description="Sent", ordering="sent_at")
    def sent(self, mail: OutboxMessage) -> SafeString | str:
        return show.local_moment(mail.sent_at, mail.booking.restaurant.tzinfo, seconds=True)

    @admin.display(description="Promised")
    def created(self, mail: OutboxMessage) -> SafeString | str:
        return show.local_moment(mail.created_at, mail.booking.restaurant.tzinfo, seconds=True)
