"""Faults 12 and 13 for mails: senders killed at every moment, against a real SMTP server.

One server takes all mails and keeps what it took; it is the witness of what guests got.
"""

from collections import Counter
from collections.abc import Iterator

import pytest
from django.utils import timezone

from assignments.audit import Evidence, Verdict, audit
from assignments.coordinator.retry_policy import MAX_LOST
from assignments.models import Attempt, AttemptResult
from bookings.models import Booking, MailStatus, OutboxMessage
from bookings.outbox.by_hand import mark_delivered, resend
from bookings.states import State
from tests.chaos.conftest import FULL, Report
from tests.chaos.site import PATIENCE, Site
from tests.integration.bookings.postbox import Postbox, open_postbox

#: Bookings, how many workers are killed meanwhile, and the seconds all may take on a slow machine.
SIZE, KILLS, LIMIT = (1_000, 40, 4 * PATIENCE) if FULL else (60, 4, PATIENCE)

pytestmark = pytest.mark.timeout(2 * LIMIT)

#: Where a worker dies: around the confirmation, and at each step of sending.
POINTS = [
    "mail accepted, not yet settled",
    "mail claimed",
    "finished, not yet committed",
    "confirmed",
    "mail settled",
]


@pytest.fixture
def sink(site: Site) -> Iterator[Postbox]:
    with open_postbox() as box:
        site.email_url = f"smtp://127.0.0.1:{box.port}"
        yield box


def test_faults_12_and_13_each_confirmed_guest_gets_exactly_one_confirmation(
    site: Site, sink: Postbox, seed: int, report: Report
) -> None:
    site.restaurants.clear()
    # Room for all, however the seed spreads them.
    site.open_restaurants(*[(4,) * 40] * (20 if FULL else 2))
    killed = 0
    with site.workers():
        for number in range(KILLS):
            point = POINTS[number % len(POINTS)]
            site.arm(point)
            site.take_in(SIZE // KILLS, party_size=site.rng.randint(2, 4))
            site.wait_until(lambda point=point: site.has_struck(point), patience=LIMIT)  # type: ignore[misc]
            killed += 1
        settled = site.settle(LIMIT)
        unknown = list(OutboxMessage.objects.filter(status=MailStatus.UNKNOWN))
        assert unknown, "a sender died after the server took a mail: somebody has to be shown that"
        must_be_sound(site, sink)
        decide(unknown, taken(sink))
        site.settle()
    must_be_sound(site, sink)

    confirmed = {
        mail.booking_id: mail
        for mail in OutboxMessage.objects.select_related("booking").filter(kind="confirmation")
    }
    others = Booking.objects.exclude(pk__in=confirmed).order_by("pk")
    # By chance one booking is at hand at three of the deaths. It is with people then, and its guest was told.
    poisoned = lost_too_often()
    told = [(booking.pk, booking.assignment_state) for booking in others]
    assert told == [(pk, State.MANUAL_REVIEW) for pk in poisoned], list(
        others.values("reference", "assignment_state", "auto_assign_last_result")
    )
    assert len(confirmed) == len(site.accepted) - len(poisoned) > SIZE - 3
    assert {mail.status for mail in confirmed.values()} == {MailStatus.SENT}
    assert {mail.booking.assignment_state for mail in confirmed.values()} == {State.CONFIRMED}
    got = Counter(letter["To"] + reference_in(letter.as_string()) for letter in sink.letters)
    assert len(got) == len(site.accepted)
    assert set(got.values()) == {1}
    report(
        bookings=len(site.accepted),
        kills=killed,
        poisoned=len(poisoned),
        unknown=len(unknown),
        settled_s=round(settled, 1),
    )


def lost_too_often() -> list[int]:
    """Ids of the bookings whose workers died MAX_LOST times."""
    lost = Counter(Attempt.objects.filter(result=AttemptResult.LOST).values_list("booking", flat=True))
    return sorted(pk for pk, times in lost.items() if times >= MAX_LOST)


def taken(sink: Postbox) -> Counter[str]:
    """How often the server took each Message-ID."""
    return Counter(str(letter["Message-ID"]) for letter in sink.letters)


def reference_in(letter: str) -> str:
    """The booking's public reference; it stands in every letter."""
    return letter.partition("Reference  ")[2][:8]


def decide(unknown: list[OutboxMessage], at_the_server: Counter[str]) -> None:
    """As a person does who looks into the server's log."""
    for mail in unknown:
        if at_the_server[mail.current_message_id]:
            mark_delivered(message_id=mail.pk, now=timezone.now())
        else:
            resend(message_id=mail.pk, seen_resends=mail.resends, now=timezone.now())


def must_be_sound(site: Site, sink: Postbox) -> None:
    """Every invariant holds, with the server's own log as evidence."""
    read_at = timezone.now()
    evidence = Evidence(mails=list(taken(sink).elements()), mails_read_at=read_at, accepted=site.accepted)
    found = audit(within=None, evidence=evidence)
    assert {line.verdict for line in found} == {Verdict.OK}, "\n".join(map(str, found))
