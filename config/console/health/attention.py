"""What needs somebody now, the most pressing first, each with the page where it is settled."""

from dataclasses import dataclass

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import reverse

from assignments.review.queue import pressing
from bookings.models import ChangeWish, OutboxMessage, WishStatus
from config.console.navigation import list_url
from observability.metrics import backlog
from observability.metrics.backlog import Stuck
from observability.scope import Scope


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    tone: str
    icon: str
    when: str
    what: str
    note: str
    url: str
    verb: str


def needs_attention(request: HttpRequest, site: AdminSite, scope: Scope, stuck: Stuck) -> list[Item]:
    """Only what is there, and only for who may open its page."""
    return [*_reviews(request, scope), *_stuck(stuck), *_mails(request, site), *_wishes(request, site, scope)]


def _reviews(request: HttpRequest, scope: Scope) -> list[Item]:
    waiting, overdue = pressing(scope=scope)
    if not waiting or not request.user.has_perm("assignments.view_reviewcase"):
        return []
    what = f"{overdue} review cases are past deadline" if overdue else f"{waiting} review cases wait"
    return [
        Item(
            tone="critical" if overdue else "watch",
            icon="phone" if overdue else "queue",
            when="Now" if overdue else "Soon",
            what=what,
            note=f"{waiting} open",
            url=reverse("admin:review_queue"),
            verb="Open queue",
        )
    ]


def _stuck(stuck: Stuck) -> list[Item]:
    count = stuck.count
    if not count:
        return []
    states = ", ".join(f"{number} {state.replace('_', ' ')}" for state, number in stuck.by_state.items())
    minutes = round(stuck.longest.total_seconds() / 60)
    return [
        Item(
            tone="watch",
            icon="stuck",
            when=f"{minutes} min",
            what=f"{count} booking{' is' if count == 1 else 's are'} stuck",
            note=states,
            url=f"{reverse('admin:bookings_booking_changelist')}?assignment_state__in="
            + ",".join(stuck.by_state),
            verb="Open bookings",
        )
    ]


def _mails(request: HttpRequest, site: AdminSite) -> list[Item]:
    unknown = backlog.outbox().by_status.get("unknown", 0)
    url = list_url(OutboxMessage, request, site)
    if not unknown or url is None:
        return []
    return [
        Item(
            tone="unknown",
            icon="ring",
            when="Unsure",
            what=f"{unknown} mail{'' if unknown == 1 else 's'} may or may not have arrived",
            note="sent again only by a person",
            url=f"{url}?status__exact=unknown",
            verb="Open mail",
        )
    ]


def _wishes(request: HttpRequest, site: AdminSite, scope: Scope) -> list[Item]:
    url = list_url(ChangeWish, request, site)
    if url is None:
        return []
    rows = scope.narrow(ChangeWish.objects.filter(status=WishStatus.OPEN), "booking__restaurant")
    count = rows.count()
    if not count:
        return []
    return [
        Item(
            tone="watch",
            icon="clock",
            when="Asked",
            what=f"{count} change{'' if count == 1 else 's'} of confirmed bookings found no table",
            note="accept or decline",
            url=f"{url}?status__exact=open",
            verb="Open changes",
        )
    ]
