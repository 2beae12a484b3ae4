"""Webhooks from a real cluster to a real receiver that is away at first."""

import pytest

from bookings.models import WebhookDelivery, WebhookEndpoint
from bookings.webhooks import delivery
from bookings.webhooks.signing import new_salt
from tests.chaos.site import PATIENCE, Site
from tests.integration.bookings.receiver import open_receiver

pytestmark = pytest.mark.timeout(2 * PATIENCE)


def test_every_confirmation_is_told_though_the_receiver_was_away(site: Site, seed: int) -> None:
    with open_receiver() as receiver:
        # Before there are workers: one that has just looked hears of an endpoint seconds later.
        WebhookEndpoint.objects.create(
            channel="web", url=receiver.url, events=["booking.confirmed"], salt=new_salt()
        )
        receiver.hang_up = True
        with site.workers():
            site.take_in(3, party_size=2)
            site.feed_until(lambda: WebhookDelivery.objects.filter(attempts__gt=0).exists(), pause=0.5)
            receiver.hang_up = False
            receiver.calls.clear()
            site.settle()
            site.wait_until(lambda: not WebhookDelivery.objects.exclude(status="sent").exists())

        told = {str(uid) for uid in WebhookDelivery.objects.values_list("uid", flat=True)}
    assert len(told) > 1
    assert {call.headers["webhook-id"] for call in receiver.calls} == told
    assert delivery.dispatch() == 0
    site.must_be_sound()
