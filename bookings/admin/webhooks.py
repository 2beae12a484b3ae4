"""Webhooks in the console: endpoints of the channels, and what became of each telling."""

# ruff: noqa: ARG002 - Django names the arguments, not every method needs all

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminURLFieldWidget
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from bookings.admin.asking import answer, ask_then, found, must_have
from bookings.admin.history import OfBookingAdmin
from bookings.display import show
from bookings.models import DeliveryStatus, WebhookDelivery, WebhookEndpoint, WebhookEvent
from bookings.webhooks.addresses import AddressError, check_url
from bookings.webhooks.endpoints import ResendError, forgive, give_secret, resend, send_test
from bookings.webhooks.signing import new_salt, secret_of
from observability.admin import RecordAdmin, RecordForm, utc_moment

RESEND = "bookings.resend_webhook"

_MARKS = {
    DeliveryStatus.PENDING: ("moving", "clock"),
    DeliveryStatus.INFLIGHT: ("moving", "half"),
    DeliveryStatus.SENT: ("good", "ok"),
    DeliveryStatus.DEAD: ("critical", "bad"),
}
_MOST_SHOWN = 20


class EndpointForm(RecordForm[WebhookEndpoint]):
    """An address is checked as far as it tells by itself; its name is looked up at each delivery."""

    url = forms.URLField(
        max_length=500,
        assume_scheme="https",
        label="Address",
        widget=AdminURLFieldWidget,
        help_text="An https address of the channel's own.",
    )
    events = forms.MultipleChoiceField(
        choices=WebhookEvent, widget=forms.CheckboxSelectMultiple, initial=WebhookEvent.values
    )

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            check_url(url)
        except AddressError as error:
            raise ValidationError(f"{error}.") from error
        return url


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(RecordAdmin[WebhookEndpoint]):
    form = EndpointForm
    kept_apart = frozenset({"salt"})
    change_form_template = "bookings/webhook_endpoint.html"
    list_display = ["channel", "url", "health", "told_of", "failing"]
    list_filter = ["active", "channel"]
    search_fields = ["channel", "url"]
    fields = ["channel", "url", "events", "active", "health", "failing", "rests"]
    readonly_fields = ["health", "failing", "rests"]

    @admin.display(description="Health")
    def health(self, endpoint: WebhookEndpoint) -> SafeString:
        if not endpoint.active:
            return show.chip(endpoint.disabled_reason or "Disabled", "critical", "bad")
        if endpoint.failing_since:
            return show.chip("Failing", "watch", "warn")
        return show.chip("Active", "good", "ok")

    @admin.display(description="Told of")
    def told_of(self, endpoint: WebhookEndpoint) -> str:
        return ", ".join(WebhookEvent(event).label.lower() for event in endpoint.events)

    @admin.display(description="Failing since", ordering="failing_since")
    def failing(self, endpoint: WebhookEndpoint) -> SafeString | str:
        return utc_moment(endpoint.failing_since)

    @admin.display(description="Left alone until")
    def rests(self, endpoint: WebhookEndpoint) -> SafeString | str:
        return utc_moment(endpoint.retry_at)

    def get_fields(self, request: HttpRequest, obj: WebhookEndpoint | None = None) -> Any:
        return self.fields if obj else ("channel", "url", "events")

    def has_delete_permission(self, request: HttpRequest, obj: WebhookEndpoint | None = None) -> bool:
        """Disabled, not deleted: what it was told stays on record."""
        return False

    def get_urls(self) -> list[URLPattern]:
        name = "bookings_webhookendpoint_"
        own = [
            path("<int:pk>/secret/", self.admin_site.admin_view(self.secret), name=name + "secret"),
            path("<int:pk>/test/", self.admin_site.admin_view(self.send_test), name=name + "test"),
        ]
        return [*own, *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: WebhookEndpoint, form: Any, change: bool) -> None:  # noqa: FBT001
        """Write the edited columns only: workers write the others meanwhile."""
        if not change:
            obj.salt = new_salt()
            obj.save()
            return
        edited = set(form.changed_data)
        if "active" in edited and obj.active:
            forgive(obj)
            edited |= {"disabled_reason", "failures", "failing_since", "retry_at"}
        if edited:
            obj.save(update_fields=sorted(edited))

    def response_add(
        self, request: HttpRequest, obj: WebhookEndpoint, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._show_secret(request, obj, secret_of(obj.salt))

    def secret(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, then show a new secret; the old one ends."""
        must_have(request, "bookings.change_webhookendpoint", "Giving an endpoint a new secret")
        endpoint = found(self, request, pk)
        if request.method != "POST":
            context = {"title": "Give this endpoint a new secret?", "row": endpoint}
            return answer(self, request, "bookings/webhook_new_secret.html", context)
        secret = give_secret(endpoint)
        self.log_change(request, endpoint, "New secret.")
        return self._show_secret(request, endpoint, secret)

    def send_test(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, then have a test sent; its own page shows what came of it."""
        must_have(request, RESEND, "Testing an endpoint")
        endpoint = found(self, request, pk)
        if request.method != "POST":
            context = {"title": "Send a test to this endpoint?", "row": endpoint}
            return answer(self, request, "bookings/webhook_test.html", context)
        delivery = send_test(endpoint=endpoint, now=timezone.now())
        self.log_change(request, endpoint, "Test sent.")
        return HttpResponseRedirect(reverse("admin:bookings_webhookdelivery_change", args=[delivery.pk]))

    def _show_secret(self, request: HttpRequest, endpoint: WebhookEndpoint, secret: str) -> HttpResponse:
        context = {"title": "The secret of this endpoint", "row": endpoint, "secret": secret}
        return answer(self, request, "bookings/webhook_secret.html", context)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(OfBookingAdmin[WebhookDelivery]):
    change_list_template = "bookings/webhook_deliveries.html"
    change_form_template = "bookings/webhook_delivery.html"
    list_display = [
        "event", "booking", "version", "endpoint", "delivery_status", "answer", "attempts", "due", "sent",
        "last_error",
    ]  # fmt: skip
    list_select_related: ClassVar[Any] = ["booking__restaurant", "endpoint"]
    list_filter = ["status", "event", "endpoint"]
    ordering = ["-id"]
    fields = [
        "endpoint", "booking", "event", "version", "delivery_status", "answer", "last_error", "attempts",
        "happened", "due", "sent", "expires", "uid",
    ]  # fmt: skip
    readonly_fields = ["delivery_status", "happened", "due", "sent", "expires"]

    @admin.display(description="Status", ordering="status")
    def delivery_status(self, delivery: WebhookDelivery) -> SafeString:
        return delivery_chip(delivery.status)

    @admin.display(description="Happened")
    def happened(self, delivery: WebhookDelivery) -> SafeString | str:
        return utc_moment(delivery.happened_at)

    @admin.display(description="Due", ordering="due_at")
    def due(self, delivery: WebhookDelivery) -> SafeString | str:
        return utc_moment(delivery.due_at)

    @admin.display(description="Sent")
    def sent(self, delivery: WebhookDelivery) -> SafeString | str:
        return utc_moment(delivery.sent_at)

    @admin.display(description="Given up at")
    def expires(self, delivery: WebhookDelivery) -> SafeString | str:
        return utc_moment(delivery.expires_at)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.resend)
        return [path("<int:pk>/resend/", view, name="bookings_webhookdelivery_resend"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        extra = {"dead": [] if request.GET else self._dead(request)}
        return super().changelist_view(request, {**extra, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        extra = {"may_resend": request.user.has_perm(RESEND)}
        return super().change_view(request, object_id, form_url, {**extra, **(extra_context or {})})

    def resend(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, then have it posted again."""
        must_have(request, RESEND, "Sending a webhook again")

        def step() -> str:
            resend(delivery_id=pk, now=timezone.now())
            return "Sent again by hand."

        return ask_then(
            self,
            request,
            found(self, request, pk),
            template="bookings/webhook_resend.html",
            context={"title": "Send this webhook again?"},
            step=step,
            refusal=ResendError,
        )

    def _dead(self, request: HttpRequest) -> list[WebhookDelivery]:
        rows = self.get_queryset(request).filter(status=DeliveryStatus.DEAD)
        return list(rows.order_by("-id")[:_MOST_SHOWN])


def delivery_chip(status: str) -> SafeString:
    """A delivery's status."""
    known = DeliveryStatus(status)
    tone, icon = _MARKS[known]
    return show.chip(known.label.capitalize(), tone, icon)
