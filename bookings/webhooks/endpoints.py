"""What people do with endpoints: open one, give it a new secret, test it, disable and enable it."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now

from bookings.models import TEST_EVENT, DeliveryStatus, WebhookDelivery, WebhookEndpoint
from bookings.webhooks import signing
from bookings.webhooks.told import tell
from observability import events


class ResendError(ValueError):
    """A delivery that is on its way already. Look at it again."""


def give_secret(endpoint: WebhookEndpoint) -> str:
    """Give a new or known endpoint a new secret and return it: it is shown once. An old one ends."""
    endpoint.salt = signing.new_salt()
    endpoint.save()
    return signing.secret_of(endpoint.salt)


def disable(*, endpoint: WebhookEndpoint, reason: str, now: datetime) -> None:
    """Send it nothing more; the reason is shown until somebody enables it again."""
    with transaction.atomic():
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(active=False, disabled_reason=reason[:200])
        events.record(
            [
                events.Record(
                    source=events.WEBHOOKS,
                    event_type="webhook.disabled",
                    severity=events.Severity.ERROR,
                    at=now,
                    context={"endpoint": endpoint.pk, "reason": reason},
                )
            ]
        )


def forgive(endpoint: WebhookEndpoint) -> None:
    """Forget an endpoint's failures, as when it is enabled again."""
    endpoint.disabled_reason = ""
    endpoint.failures = 0
    endpoint.failing_since = endpoint.retry_at = None


def send_test(*, endpoint: WebhookEndpoint, now: datetime) -> WebhookDelivery:
    """Have a delivery sent that tells of no booking."""
    delivery = WebhookDelivery.objects.create(endpoint=endpoint, event=TEST_EVENT, version=0, happened_at=now)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(retry_at=None)
    delivery.refresh_from_db()
    return delivery


def resend(*, delivery_id: int, now: datetime) -> WebhookDelivery:
    """Have a delivery sent once more, under its old id, and tried for another day. Raises ResendError."""
    with transaction.atomic():
        rows = WebhookDelivery.objects.select_related("booking").select_for_update(of=("self",))
        delivery = rows.get(pk=delivery_id)
        if delivery.status not in {DeliveryStatus.SENT, DeliveryStatus.DEAD}:
            raise ResendError(f"it is {delivery.get_status_display().lower()} already")
        rows.filter(pk=delivery_id).update(
            status=DeliveryStatus.PENDING,
            attempts=0,
            due_at=Now(),
            expires_at=Now() + timedelta(days=1),
            sent_at=None,
        )
        tell("webhook.resent", delivery, answer=delivery.answer, at=now)
    delivery.refresh_from_db()
    return delivery
