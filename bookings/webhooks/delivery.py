"""Posts deliveries to their endpoints: PENDING → INFLIGHT (committed) → SENT, tried again for a day.

At least once: a delivery whose sender died is posted again, and receivers tell a repeat by its id.
One worker is at an endpoint at a time, and an endpoint that cannot be reached is left alone for a
while, so that a receiver that hangs costs bookings no more than a few seconds of one worker.
"""

import logging
import random
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from bookings.models import DeliveryStatus, WebhookDelivery, WebhookEndpoint
from bookings.queue.tasks import enqueue
from bookings.webhooks.endpoints import disable
from bookings.webhooks.post import Outcome, post
from bookings.webhooks.told import tell
from observability.database_clock import database_now

logger = logging.getLogger(__name__)

DRAIN_TASK = "bookings.tasks.post_webhooks"

#: What was not taken is posted again after these delays, the last one repeated until it expires.
RETRY_DELAYS = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 1800, 3600))

#: An endpoint that could not be reached is left alone this long, the last one repeated.
REST_DELAYS = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600))

#: An endpoint that has failed for this long is disabled.
DISABLE_AFTER = timedelta(days=5)

#: Seconds after which a task begins no other post, to make room for bookings. A post takes 12 s at most
#: (name, connection, answer), and both together less than a task may (QUEUE_TIMEOUT).
TURN_SECONDS = 5.0

#: An INFLIGHT row, or a worker at an endpoint, that is older than this is gone.
LEASE = timedelta(seconds=60)


def dispatch() -> int:
    """Set workers on the endpoints that have something due; return on how many. Called every few seconds."""
    if not WebhookEndpoint.objects.exists():
        return 0
    _recover()
    _expire()
    due = WebhookDelivery.objects.filter(
        endpoint=OuterRef("pk"), status=DeliveryStatus.PENDING, due_at__lte=database_now()
    )
    endpoints = list(_free(database_now()).filter(Exists(due)).values_list("pk", flat=True))
    for endpoint_id in endpoints:
        enqueue(DRAIN_TASK, endpoint_id, patient=True)
    return len(endpoints)


def drain(endpoint_id: int) -> int:
    """Post what is due to an endpoint, oldest first, for one turn; return how many were posted."""
    now = database_now()
    lease = now + LEASE
    if not _free(now).filter(pk=endpoint_id).update(busy_until=lease):
        return 0
    try:
        return sum(1 for _ in _turn(endpoint_id))
    finally:
        # Unless it is another worker's by now.
        WebhookEndpoint.objects.filter(pk=endpoint_id, busy_until=lease).update(busy_until=None)


def _free(now: datetime) -> QuerySet[WebhookEndpoint]:
    """Active endpoints that no worker is at and that need no rest."""
    return WebhookEndpoint.objects.filter(
        Q(busy_until__isnull=True) | Q(busy_until__lt=now),
        Q(retry_at__isnull=True) | Q(retry_at__lte=now),
        active=True,
    )


def _turn(endpoint_id: int) -> Iterator[WebhookDelivery]:
    """Post one after the other until nothing is due, the endpoint fails or the time is up."""
    ends = time.monotonic() + TURN_SECONDS
    while time.monotonic() < ends:
        delivery = _claim(endpoint_id)
        if delivery is None:
            return
        outcome = post(delivery, at=database_now())
        _settle(delivery, outcome)
        yield delivery
        if not outcome.reached:
            return


def _claim(endpoint_id: int) -> WebhookDelivery | None:
    """The oldest due delivery: PENDING → INFLIGHT, committed."""
    with transaction.atomic():
        now = database_now()
        delivery = (
            WebhookDelivery.objects.select_related("endpoint", "booking__restaurant")
            .select_for_update(of=("self",), skip_locked=True)
            .filter(endpoint=endpoint_id, status=DeliveryStatus.PENDING, due_at__lte=now)
            .order_by("due_at", "pk")
            .first()
        )
        if delivery is None:
            return None
        delivery.status = DeliveryStatus.INFLIGHT
        delivery.claimed_at = now
        delivery.attempts += 1
        delivery.save(update_fields=["status", "claimed_at", "attempts"])
    return delivery


def _settle(delivery: WebhookDelivery, outcome: Outcome) -> None:
    """Record what came of a try, for the delivery and, if it was still ours, for its endpoint."""
    now = database_now()
    again_at = now + _wait(RETRY_DELAYS, delivery.attempts)
    over = outcome.gone or again_at >= delivery.expires_at
    with transaction.atomic():
        if outcome.taken:
            if _close(delivery, DeliveryStatus.SENT, outcome, now):
                _endpoint_works(delivery.endpoint_id)
        elif _close(delivery, DeliveryStatus.DEAD if over else DeliveryStatus.PENDING, outcome, now):
            if not over:
                WebhookDelivery.objects.filter(pk=delivery.pk).update(due_at=again_at)
            _endpoint_fails(delivery.endpoint_id, outcome, now)


_EVENTS = {
    DeliveryStatus.SENT: "webhook.sent",
    DeliveryStatus.PENDING: "webhook.retry",
    DeliveryStatus.DEAD: "webhook.dead",
}


def _close(delivery: WebhookDelivery, status: DeliveryStatus, outcome: Outcome, now: datetime) -> bool:
    """INFLIGHT → `status`, with its event; whether it was so by our claim. Else it is left as it is."""
    closed = WebhookDelivery.objects.filter(
        pk=delivery.pk, status=DeliveryStatus.INFLIGHT, claimed_at=delivery.claimed_at
    ).update(
        status=status,
        answer=outcome.answer,
        last_error=outcome.error,
        sent_at=now if status == DeliveryStatus.SENT else None,
    )
    if closed:
        tell(_EVENTS[status], delivery, answer=outcome.answer, at=now)
    else:
        logger.warning("webhook delivery %s was taken over by someone else", delivery.pk)
    return bool(closed)


def _endpoint_works(endpoint_id: int) -> None:
    failing = WebhookEndpoint.objects.filter(pk=endpoint_id, failing_since__isnull=False)
    failing.update(failures=0, failing_since=None, retry_at=None)


def _endpoint_fails(endpoint_id: int, outcome: Outcome, now: datetime) -> None:
    """Let it rest if it could not be reached; disable it if that has gone on for too long, or it is gone."""
    endpoint = WebhookEndpoint.objects.select_for_update().get(pk=endpoint_id)
    endpoint.failing_since = endpoint.failing_since or now
    if not outcome.reached:
        endpoint.failures += 1
        endpoint.retry_at = now + _wait(REST_DELAYS, endpoint.failures)
    endpoint.save(update_fields=["failing_since", "failures", "retry_at"])
    if outcome.gone:
        disable(endpoint=endpoint, reason="the receiver answered 410 Gone", now=now)
    elif now - endpoint.failing_since >= DISABLE_AFTER:
        reason = f"nothing was taken for {DISABLE_AFTER.days} days; last: {outcome.error}"
        disable(endpoint=endpoint, reason=reason, now=now)


def _wait(delays: tuple[timedelta, ...], failures: int) -> timedelta:
    """The delay after so many failures, up to a quarter longer at random."""
    return delays[min(failures, len(delays)) - 1] * random.uniform(1, 1.25)  # noqa: S311 - no secret


def _recover() -> None:
    """Deliveries whose sender is gone are due again: whoever got them twice knows them by their id."""
    lost = WebhookDelivery.objects.filter(
        status=DeliveryStatus.INFLIGHT, claimed_at__lt=database_now() - LEASE
    )
    lost.update(status=DeliveryStatus.PENDING, last_error="the sender stopped while posting")


def _expire() -> None:
    """Give up what nobody took in its day: of an endpoint that rests, or is disabled."""
    now = database_now()
    with transaction.atomic():
        over = list(
            WebhookDelivery.objects.select_related("booking")
            .select_for_update(of=("self",), skip_locked=True)
            .filter(status=DeliveryStatus.PENDING, expires_at__lte=now)[:500]
        )
        WebhookDelivery.objects.filter(pk__in=[delivery.pk for delivery in over]).update(
            status=DeliveryStatus.DEAD
        )
        for delivery in over:
            tell("webhook.dead", delivery, answer=delivery.answer, at=now)
