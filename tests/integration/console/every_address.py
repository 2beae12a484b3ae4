"""Every named address of the site, about a record of its own where it takes one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db.models import F, Model, Value
from django.db.models.functions import Concat
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from assignments.models import (
    FlagChange,
    FlagProposal,
    Incident,
    Phase,
    Resolution,
    ReviewCase,
    ShadowComparison,
    SignOff,
)
from bookings.models import (
    Booking,
    ChangeWish,
    ImportRun,
    OutboxMessage,
    Restaurant,
    WebhookDelivery,
    WebhookEndpoint,
)
from bookings.outbox.maildir import open_mailbox
from config.console.restaurants.kinds import KINDS
from config.roles import VIEWER
from observability.models import Alert
from tests.factories import RestaurantFactory
from tests.integration.admin.rows import MAKERS, make

#: A restaurant that pages are asked about by its id.
DOOR = 987_654

#: Patterns without a name: the ways to a page, and what answers addresses that do not exist.
UNNAMED = {"<path:object_id>/", "(?P<url>.*)$", "^(.*)$"}

#: The record that a parameter of an address means.
MEANT: Mapping[str, type[Model]] = {
    "booking_id": Booking,
    "case_id": ReviewCase,
    "alert_id": Alert,
    "number": Phase,
    "sign_off_id": SignOff,
    "incident_id": Incident,
    "resolution_id": Resolution,
    "wish_id": ChangeWish,
    "proposal_id": FlagProposal,
    "comparison_id": ShadowComparison,
    "run_id": ImportRun,
    "restaurant_id": Restaurant,
    "content_type_id": ContentType,
    "id": User,
    "user_id": User,
}

#: Those of own pages that say `pk` only.
OF_OWN_PAGES: Mapping[str, type[Model]] = {
    "bookings_outboxmessage": OutboxMessage,
    "bookings_webhookendpoint": WebhookEndpoint,
    "bookings_webhookdelivery": WebhookDelivery,
    **{f"plan_{slug}": kind.model for slug, kind in KINDS.items()},
}

BY_LABEL = {f"{model._meta.app_label}_{model._meta.model_name}": model for model in admin.site._registry}

Rows = Mapping[type[Model], Model]


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """`row` is the record it is about, if there is one."""

    name: str
    path: str
    row: Model | None


def every_address() -> list[Address]:
    """Makes the records; mails have to be kept in a folder (`config.console.local_mailbox.BACKEND`)."""
    rows = {model: make(model) for model in MAKERS}
    RestaurantFactory(pk=DOOR)
    rows |= {
        User: User.objects.create(username="somebody"),
        Group: Group.objects.get(name=VIEWER),
        ContentType: ContentType.objects.get_for_model(Booking),
    }
    Restaurant.objects.update(name=Concat(Value("Home "), F("id")))
    return [_address(name, parameters, rows) for name, parameters in named_addresses()]


def named_addresses() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Name and parameters of every address."""
    yield from _named(get_resolver(), "")


def _named(resolver: URLResolver, space: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for found in resolver.url_patterns:
        if isinstance(found, URLResolver):
            yield from _named(found, space + (f"{found.namespace}:" if found.namespace else ""))
        elif isinstance(found, URLPattern) and found.name:
            regex = getattr(found.pattern, "regex", None)
            yield f"{space}{found.name}", tuple(regex.groupindex) if regex else ()
        else:
            assert str(found.pattern) in UNNAMED, f"give {found.pattern} a name"


def _address(name: str, parameters: tuple[str, ...], rows: Rows) -> Address:
    row: Model | None = None
    given: dict[str, Any] = {}
    for parameter in parameters:
        if parameter in ("object_id", "pk"):
            model = _model_of(name)
            row = rows[model] if model else None
            given[parameter] = row.pk if row else 1
        elif parameter in MEANT:
            row = rows[MEANT[parameter]]
            given[parameter] = row.number if isinstance(row, Phase) else row.pk
        else:
            given[parameter] = _WORDS[parameter]()
    return Address(name=name, path=reverse(name, kwargs=given), row=row)


def _model_of(name: str) -> type[Model] | None:
    label = name.removeprefix("admin:").rpartition("_")[0]
    return OF_OWN_PAGES.get(label) or BY_LABEL.get(label)


def _letter() -> str:
    mail = EmailMessage()
    mail["Subject"] = "Your table"
    mail.set_content("See you.")
    return open_mailbox().add(mail)


_WORDS: Mapping[str, Any] = {
    "key": _letter,
    "uidb64": lambda: "MQ",
    "token": lambda: "made-up",
    "phase_key": lambda: "production_50",
    "app_label": lambda: "bookings",
    "reference": lambda: Booking.objects.values_list("reference", flat=True)[0],
    "version": lambda: FlagChange.objects.values_list("version", flat=True)[0],
    "slug": lambda: "runbook",
    "name": lambda: "screenshots/queue-1440-light.png",
    "named": lambda: Restaurant.objects.values_list("slug", flat=True)[0],
}
