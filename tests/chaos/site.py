"""A site: a database of its own, the workers on it, and guests; what faults are done to."""

import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models.functions import Now
from django.utils import timezone
from django_q.models import OrmQ

from assignments.audit import Evidence, Verdict, audit, read_mail_log
from assignments.engine.flags import Mode
from bookings.lifeline import end_with_parent
from bookings.models import Booking, OutboxMessage, Restaurant
from bookings.states import FINAL
from config.local.addresses import SUPERUSER
from tests.chaos.servers import WORKER, Servers
from tests.factories import receive, serving_restaurant

#: I2 allows 5 minutes while something is broken.
PATIENCE = 300.0

#: Bookings not final and mails not settled, at which guests who are fed hold back.
MOST_WAITING = 20


@dataclass(kw_only=True, slots=True)
class Workers:
    """A running ``manage.py worker`` or bare ``qcluster``, seen from outside."""

    process: subprocess.Popen[bytes]
    supervised: bool
    count: int
    #: Seconds from its start until it had done its first booking, undisturbed.
    started: float = 0.0

    @property
    def main(self) -> psutil.Process:
        """django-q2's main process."""
        own = psutil.Process(self.process.pid)
        return own.children()[0] if self.supervised else own

    @property
    def cluster(self) -> list[psutil.Process]:
        """The main process, its sentinel, workers, monitor and pusher."""
        return [self.main, *self.main.children(recursive=True)]

    @property
    def at_work(self) -> list[psutil.Process]:
        """The worker processes, as long as none was started anew."""
        sentinel = self.main.children()[0]
        return sorted(sentinel.children(), key=lambda p: p.pid)[: self.count]

    def stop(self) -> None:
        """Kill everything, whoever its parent is by now."""
        with suppress(psutil.NoSuchProcess):
            left = psutil.Process(self.process.pid).children(recursive=True)
            self.process.kill()
            for process in left:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        self.process.wait()


@dataclass(kw_only=True)
class Site:
    """One run: a database, workers, guests, faults; then the audit."""

    servers: Servers
    database: str
    folder: Path
    rng: random.Random
    lease: int = 3
    queue_workers: int = 2
    #: A real mail server; without one mails go to the mailbox folder.
    email_url: str = ""
    #: Host and port of a line by which the workers reach the database; guests ask it directly.
    database_line: str = ""
    #: What the environment pins; None leaves the flags to the database.
    path: Mode | None = Mode.ACTIVE
    accepted: list[str] = field(default_factory=list)
    restaurants: list[Restaurant] = field(default_factory=list)
    has_ended: Callable[[], bool] = lambda: False

    @property
    def armed(self) -> Path:
        return self.folder / "armed"

    @property
    def mailbox(self) -> Path:
        return self.folder / "data" / "mailbox"

    @property
    def database_url(self) -> str:
        if self.database_line:
            return f"postgres://{SUPERUSER}@{self.database_line}/{self.database}"
        return f"postgres://{SUPERUSER}@/{self.database}?host={self.servers.database_host}"

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.servers.redis_url,
            "EMAIL_URL": self.email_url,
            "LOCAL_DATA_DIR": str(self.folder / "data"),
            "LOG_LEVEL": "WARNING",
            "FEATURE_ASSIGNMENT_PIPELINE_V3": str(self.path is Mode.ACTIVE) if self.path else "",
            "FEATURE_ASSIGNMENT_PIPELINE_V3_SHADOW": str(self.path is Mode.SHADOW) if self.path else "",
            "QUEUE_WORKERS": str(self.queue_workers),
            "CHAOS_ARMED": str(self.armed),
            "CHAOS_LEASE": str(self.lease),
            "CHAOS_ROLE": WORKER,
        }

    @property
    def log(self) -> Path:
        return self.folder / "workers.log"

    @contextmanager
    def workers(self, command: str = "worker", *, armed: Path | None = None) -> Iterator[Workers]:
        """Run ``manage.py worker`` (or ``qcluster``) inside the block; ready when it starts.

        Its fail points are armed in the site's folder, or in one of its own.
        """
        armed = armed or self.armed
        armed.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", command],
                cwd=settings.BASE_DIR,
                env=self.environment() | {"CHAOS_ARMED": str(armed)},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # Whoever kills the tests does not leave workers behind.
                preexec_fn=partial(end_with_parent, signal.SIGKILL),  # noqa: PLW1509 - no threads yet
            )
        running = Workers(process=process, supervised=command == "worker", count=self.queue_workers)
        self.has_ended = lambda: process.poll() is not None
        began = time.monotonic()
        try:
            self.take_in(1)
            self.settle()
            running.started = time.monotonic() - began
            yield running
        finally:
            running.stop()
            self.has_ended = lambda: False

    def open_restaurants(self, *plans: tuple[int, ...]) -> None:
        self.restaurants += [serving_restaurant(*capacities, join=True) for capacities in plans]

    def take_in(self, count: int, *, restaurant: Restaurant | None = None, **wishes: Any) -> list[Booking]:
        """Accept bookings of this run's seed: sizes, evenings and houses at random."""
        return [
            self._take_in_one(restaurant or self.rng.choice(self.restaurants), wishes) for _ in range(count)
        ]

    def _take_in_one(self, restaurant: Restaurant, wishes: dict[str, Any]) -> Booking:
        asked = {
            "party_size": self.rng.randint(1, 6),
            "start": self.evening(self.rng.randint(1, 3)),
            **wishes,
        }
        booking = receive(restaurant, now=timezone.now(), **asked)
        self.accepted.append(booking.reference)
        return booking

    def evening(self, days: int) -> datetime:
        """19:00 or 20:00 UTC some days from now, when every restaurant serves."""
        day = timezone.now() + timedelta(days=days)
        return day.replace(hour=self.rng.choice([19, 20]), minute=0, second=0, microsecond=0)

    def arm(self, point: str, action: signal.Signals = signal.SIGKILL) -> None:
        (self.armed / point).write_text(action.name)

    def has_struck(self, point: str) -> bool:
        return not (self.armed / point).exists()

    def feed_until(
        self,
        done: Callable[[], bool],
        *,
        patience: float = 60,
        pause: float = 0.15,
        restaurant: Restaurant | None = None,
    ) -> None:
        """Take in one booking after the other until `done`; connection errors are guests refused.

        Nobody is taken in while MOST_WAITING wait: guests who come quicker than a slow machine sees to them
        only make what is waited for come later.
        """

        def fed() -> bool:
            self.try_to_take_in(restaurant=restaurant, most_waiting=MOST_WAITING)
            return done()

        self.wait_until(fed, patience=patience, pause=pause)

    def try_to_take_in(self, *, restaurant: Restaurant | None = None, most_waiting: float = math.inf) -> None:
        """Take in one booking if the database lets us, and fewer than `most_waiting` wait."""
        try:
            if self.unfinished() + self.unsent() < most_waiting:
                self.take_in(1, restaurant=restaurant)
        except DatabaseError:
            connection.close()

    def wait_until(self, done: Callable[[], bool], *, patience: float = 60, pause: float = 0.1) -> float:
        """Wait for `done`; the seconds it took. Fails after `patience` and says how things stand."""
        began = time.monotonic()
        while not done():
            waited = time.monotonic() - began
            if self.has_ended():
                patience = min(patience, 10)  # nobody is left to do anything
            assert waited < patience, f"nothing after {waited:.0f} s:\n{self.state_of_things()}"
            time.sleep(pause)
        return time.monotonic() - began

    def state_of_things(self) -> str:
        """What a failure is explained by: points not struck, bookings, mails, tasks, the end of the log."""
        armed = sorted(point.name for point in self.armed.glob("*"))
        return f"armed: {armed}\n{self._what_waits()}\n{self.log.read_text()[-3000:]}"

    @staticmethod
    def _what_waits() -> str:
        try:
            bookings = Counter(Booking.objects.values_list("assignment_state", flat=True))
            mails = Counter(OutboxMessage.objects.values_list("status", flat=True))
            due = OrmQ.objects.filter(lock__lte=Now()).count()
            return (
                f"bookings: {dict(bookings)}\nmails: {dict(mails)}\ntasks: {OrmQ.objects.count()}, {due} due"
            )
        except DatabaseError as error:
            return f"the database does not answer: {error}"

    def settle(self, patience: float = PATIENCE) -> float:
        """Wait until every booking is final and every mail settled; the seconds it took."""
        return self.wait_until(lambda: not (self.unfinished() or self.unsent()), patience=patience)

    @staticmethod
    def unfinished() -> int:
        return Booking.objects.exclude(assignment_state__in=FINAL).count()

    @staticmethod
    def unsent() -> int:
        return OutboxMessage.objects.filter(status__in=["pending", "inflight"]).count()

    def must_be_sound(self) -> None:
        """Every invariant holds, each fully checked."""
        mails, read_at = read_mail_log(self.mailbox)
        evidence = Evidence(mails=mails, mails_read_at=read_at, accepted=self.accepted)
        found = audit(within=None, evidence=evidence)
        assert {line.verdict for line in found} == {Verdict.OK}, "\n".join(map(str, found))

    def audit_by_command(self) -> dict[str, Any]:
        """The same by ``manage.py audit``, as an operator runs it."""
        accepted = self.folder / "accepted"
        accepted.write_text("\n".join(self.accepted))
        command = [
            "manage.py",
            "audit",
            "--json",
            "--accepted",
            str(accepted),
            "--mail-log",
            str(self.mailbox),
        ]
        done = subprocess.run(
            [sys.executable, *command], cwd=settings.BASE_DIR, env=self.environment(), capture_output=True
        )
        told: dict[str, Any] = json.loads(done.stdout)
        return told
