"""A real cluster whose processes are killed in the middle of work: every booking still gets final."""

import mailbox
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from django.conf import settings
from django.db import connection
from django_redis import get_redis_connection

from bookings.models import Booking, OutboxMessage
from bookings.states import FINAL
from tests.factories import NOW, dinner, receive, serving_restaurant
from tests.invariants import breaches

BOOKINGS = 60
KILLS = 4
#: Lease (30 s), sweep, retries and a redelivery by the queue (60 s) fit in; I2 allows 5 min under faults.
PATIENCE = 150

pytestmark = pytest.mark.timeout(PATIENCE + 60)


class Cluster:
    """``manage.py qcluster`` on the test database."""

    def __init__(self, data: Path) -> None:
        self._environment = {
            **os.environ,
            "LOCAL_DATA_DIR": str(data),
            "DATABASE_URL": database_url_for_children(),
            "REDIS_URL": str(settings.CACHES["default"]["LOCATION"]),
        }
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "manage.py", "qcluster"],
            cwd=settings.BASE_DIR,
            env=self._environment,
            start_new_session=True,
        )

    def workers(self) -> list[psutil.Process]:
        """Pusher, monitor and workers: the children of the sentinel."""
        return [p for p in psutil.Process(self._process.pid).children(recursive=True) if p.is_running()]

    def kill_one(self, rng: random.Random) -> None:
        """kill -9 of any process but the main one and the sentinel."""
        children = self.workers()
        if len(children) > 1:
            rng.choice(children[1:]).kill()

    def kill(self) -> None:
        """kill -9 of the whole cluster at once, as when the machine's power fails."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def restart(self) -> None:
        self.kill()
        self._process = self._start()


def database_url_for_children() -> str:
    """The test database as a URL that another process can use."""
    parameters = connection.settings_dict
    host = str(parameters["HOST"])
    user = parameters["USER"]
    if host.startswith("/"):
        return f"postgres://{user}@/{parameters['NAME']}?host={host}"
    return f"postgres://{user}:{parameters['PASSWORD']}@{host}:{parameters['PORT']}/{parameters['NAME']}"


@pytest.fixture
def cluster(committed_db: None, tmp_path: Path) -> Iterator[Cluster]:
    get_redis_connection().ping()
    running = Cluster(tmp_path)
    try:
        yield running
    finally:
        running.kill()


def unfinished() -> int:
    return Booking.objects.exclude(assignment_state__in=FINAL).count()


def unsent() -> int:
    return OutboxMessage.objects.filter(status__in=["pending", "inflight"]).count()


def test_nothing_is_lost_when_workers_and_the_whole_cluster_are_killed(
    cluster: Cluster, tmp_path: Path
) -> None:
    rng = random.Random(7)
    restaurants = [serving_restaurant(2, 2, 4, 4, 6) for _ in range(3)]
    for number in range(BOOKINGS):
        receive(
            restaurants[number % 3],
            start=dinner(18 + number // 3 % 3, day=number // 9 % 3),
            party_size=rng.randint(1, 6),
            now=NOW,
        )
        if number % (BOOKINGS // KILLS) == BOOKINGS // KILLS - 1:
            cluster.kill_one(rng)
        time.sleep(0.02)
    cluster.restart()

    deadline = time.monotonic() + PATIENCE
    while (unfinished() or unsent()) and time.monotonic() < deadline:
        time.sleep(0.5)

    assert Booking.objects.count() == BOOKINGS
    assert breaches() == {}
    assert no_mail_is_doubled(tmp_path / "mailbox")


def no_mail_is_doubled(folder: Path) -> bool:
    box = mailbox.Maildir(folder, create=False)
    return max(Counter(message["Message-ID"] for message in box).values()) == 1
