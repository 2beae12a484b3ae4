"""The rail: which pages exist, and which of them a person may open."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from django.contrib.admin import AdminSite
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

from assignments.models import Attempt, Incident
from assignments.review.queue import pressing
from bookings.models import (
    Booking,
    ChannelToken,
    OutboxMessage,
    ServicePeriod,
    Table,
    WebhookEndpoint,
)
from config.access.rights import may_manage
from config.console.alert_rights import may_see_alerts
from config.console.explorer.rights import may_see_metrics
from config.console.flag_rights import may_see_flags
from config.console.guest_rights import may_erase_guests
from config.console.local_mailbox import may_read_mailbox
from observability.models import Alert, AlertState
from observability.scope import scope_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Badge:
    """A count beside a link; `words` say of what for those who do not see its colour."""

    count: int
    words: str
    tone: str = ""


#: Reads the badges of a page; costs a query, so few pages have any.
Counts = Callable[[HttpRequest], tuple[Badge, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnPage:
    """A page of our own; `may_open` is what its view checks, too."""

    label: str
    icon: str
    url_name: str
    may_open: Callable[[HttpRequest], bool]
    tab: bool = False
    badges: Counts | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Records:
    """The list of a model; left out while the model is not registered."""

    label: str
    icon: str
    model: type[Model]
    tab: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A page as the rail shows it; `tab` puts it among the few at a phone's bottom edge as well."""

    label: str
    icon: str
    url: str
    current: bool
    tab: bool
    badges: tuple[Badge, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    label: str
    links: tuple[Link, ...]


def _any_staff(_request: HttpRequest) -> bool:
    return True


def may_see_health(request: HttpRequest) -> bool:
    """Its figures are those of all restaurants together."""
    return request.user.has_perm("observability.view_event") and scope_of(request).is_everything


def _may_see_bookings(request: HttpRequest) -> bool:
    return request.user.has_perm("bookings.view_booking")


def _may_see_restaurants(request: HttpRequest) -> bool:
    return request.user.has_perm("bookings.view_restaurant")


def _may_see_queue(request: HttpRequest) -> bool:
    return request.user.has_perm("assignments.view_reviewcase")


def _may_see_comparisons(request: HttpRequest) -> bool:
    return request.user.has_perm("assignments.view_shadowcomparison")


def _may_see_audit(request: HttpRequest) -> bool:
    return request.user.has_perm("observability.view_audit")


def _open_cases(request: HttpRequest) -> tuple[Badge, ...]:
    """Those past their deadline in red, then all that are open."""
    waiting, overdue = pressing(scope=scope_of(request))
    late = (Badge(count=overdue, words="past deadline", tone="critical"),) if overdue else ()
    return (*late, Badge(count=waiting, words="open")) if waiting else ()


def _may_see_rollout(request: HttpRequest) -> bool:
    return request.user.has_perm("assignments.view_phase") and scope_of(request).is_everything


def _open_incidents(_request: HttpRequest) -> tuple[Badge, ...]:
    """Those that are open, of any severity."""
    count = Incident.objects.filter(closed_at__isnull=True).count()
    return (Badge(count=count, words="open", tone="watch"),) if count else ()


def _open_alerts(_request: HttpRequest) -> tuple[Badge, ...]:
    """Those that nobody sees to in red, then those that somebody does."""
    states = list(Alert.objects.filter(resolved_at__isnull=True).values_list("state", flat=True))
    firing = states.count(AlertState.FIRING)
    known = len(states) - firing
    red = (Badge(count=firing, words="firing", tone="critical"),) if firing else ()
    return (*red, Badge(count=known, words="acknowledged")) if known else red


PAGES: tuple[tuple[str, tuple[OwnPage | Records, ...]], ...] = (
    (
        "Service",
        (
            OwnPage(label="Today", icon="clock", url_name="admin:index", may_open=_any_staff, tab=True),
            OwnPage(label="Health", icon="health", url_name="admin:health", may_open=may_see_health),
            OwnPage(label="Metrics", icon="compare", url_name="admin:explorer", may_open=may_see_metrics),
            OwnPage(
                label="Queue",
                icon="queue",
                url_name="admin:review_queue",
                may_open=_may_see_queue,
                tab=True,
                badges=_open_cases,
            ),
            OwnPage(
                label="Floor", icon="floor", url_name="admin:floor", may_open=_may_see_bookings, tab=True
            ),
            Records(label="Bookings", icon="book", model=Booking, tab=True),
            OwnPage(label="Stuck", icon="stuck", url_name="admin:stuck", may_open=_may_see_bookings),
            OwnPage(
                label="Alerts",
                icon="bell",
                url_name="admin:alerts",
                may_open=may_see_alerts,
                badges=_open_alerts,
            ),
        ),
    ),
    (
        "Rollout",
        (
            OwnPage(label="Rollout", icon="rollout", url_name="admin:rollout", may_open=_may_see_rollout),
            OwnPage(
                label="Incidents",
                icon="incident",
                url_name="admin:rollout_incidents",
                may_open=_may_see_rollout,
                badges=_open_incidents,
            ),
            OwnPage(label="Flags", icon="flag", url_name="admin:flags", may_open=may_see_flags),
            OwnPage(
                label="Comparison", icon="compare", url_name="admin:comparison", may_open=_may_see_comparisons
            ),
        ),
    ),
    (
        "Records",
        (
            OwnPage(
                label="Restaurants", icon="place", url_name="admin:restaurants", may_open=_may_see_restaurants
            ),
            Records(label="Tables", icon="floor", model=Table),
            Records(label="Services", icon="clock", model=ServicePeriod),
            Records(label="Mail", icon="mail", model=OutboxMessage),
            OwnPage(label="Mailbox", icon="inbox", url_name="admin:mailbox", may_open=may_read_mailbox),
            Records(label="Webhooks", icon="link", model=WebhookEndpoint),
            OwnPage(label="Events", icon="audit", url_name="admin:events", may_open=may_see_metrics),
            OwnPage(label="Audit", icon="audit", url_name="admin:audit", may_open=_may_see_audit),
            Records(label="Attempts", icon="bolt", model=Attempt),
            OwnPage(label="Guest data", icon="lock", url_name="admin:guest_data", may_open=may_erase_guests),
        ),
    ),
    (
        "People",
        (
            Records(label="Users", icon="user", model=User),
            Records(label="Groups", icon="users", model=Group),
            OwnPage(label="Sign-in", icon="lock", url_name="admin:sign_in_people", may_open=may_manage),
            Records(label="Channel tokens", icon="key", model=ChannelToken),
        ),
    ),
    ("Help", (OwnPage(label="Documents", icon="help", url_name="admin:help", may_open=_any_staff),)),
)


def rail(request: HttpRequest, site: AdminSite) -> tuple[Section, ...]:
    """The sections with what this person may open; sections without a page are left out."""
    sections = (Section(label=label, links=_marked(_links(pages, request, site))) for label, pages in PAGES)
    return tuple(section for section in sections if section.links)


def _marked(links: Iterator[Link]) -> tuple[Link, ...]:
    """One current link at most: a page below another's address is not that other page."""
    found = tuple(links)
    deepest = max((link.url for link in found if link.current), key=len, default="")
    return tuple(replace(link, current=link.current and link.url == deepest) for link in found)


def list_url(model: type[Model], request: HttpRequest, site: AdminSite) -> str | None:
    """Address of a model's list; None if the model is not registered or this person may not see it."""
    if not site.is_registered(model):
        return None
    records = site.get_model_admin(model)
    if not records.has_view_permission(request):
        return None
    name = f"admin:{records.opts.app_label}_{records.opts.model_name}_changelist"
    return reverse(name, current_app=site.name)


def _links(pages: tuple[OwnPage | Records, ...], request: HttpRequest, site: AdminSite) -> Iterator[Link]:
    for page in pages:
        url = _url(page, request, site)
        if url is not None:
            yield Link(
                label=page.label,
                icon=page.icon,
                url=url,
                current=_is_at(url, request, site),
                tab=page.tab,
                badges=page.badges(request) if isinstance(page, OwnPage) and page.badges else (),
            )


def _url(page: OwnPage | Records, request: HttpRequest, site: AdminSite) -> str | None:
    if isinstance(page, Records):
        return list_url(page.model, request, site)
    return reverse(page.url_name, current_app=site.name) if page.may_open(request) else None


def _is_at(url: str, request: HttpRequest, site: AdminSite) -> bool:
    """Whether the page lies at or below `url`; everything lies below the home page, so that counts alone."""
    home = reverse("admin:index", current_app=site.name)
    return request.path == url or (url != home and request.path.startswith(url))
