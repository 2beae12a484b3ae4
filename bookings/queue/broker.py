"""The broker of a cluster: which task is handed out next.

Under a supervisor the cluster shows that it works: its broker hands out a canary now and then, which
goes the way of every task, through pusher, worker and monitor. What the canary does not pass is the guard
that replaces lost processes; that one tells of its rounds itself.
"""

import multiprocessing
import time
from collections.abc import Callable
from datetime import timedelta
from operator import itemgetter
from typing import Any, TypeVar

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.db import InterfaceError, OperationalError, connection
from django.db.backends.utils import CursorWrapper
from django_q.brokers.orm import ORM

from bookings import lifeline, pulse
from bookings.pulse import Beat
from bookings.queue.tasks import PATIENT, URGENT, package
from bookings.queue.worker import CANARY_TASK
from bookings.quick import QUICK

Answer = TypeVar("Answer")

#: How often a canary is sent through a supervised cluster.
CANARY_EVERY = timedelta(seconds=2)

#: How long a patient task gives way. Then it has its turn, however many others wait.
PATIENCE = timedelta(seconds=30)

_CLUSTER: dict[str, Any] = settings.Q_CLUSTER

#: How many urgent tasks are taken at once where so many wait: one for each worker. None waits for longer than
#: two others take then, so that it is not handed out anew before its turn.
_HANDFUL: int = _CLUSTER["workers"]

#: How long a task is kept from others once it was handed out.
_RETRY = timedelta(seconds=_CLUSTER["retry"])

# Handing tasks out waits for no disk: if the database server crashes before that is written, a task is handed
# out once more, and finds nothing to do. The task itself is on disk since its booking is.
#
# A task is locked as it is looked at, so that no two clusters choose the same. A patient one is looked at
# only where its turn is before that of all urgent ones: locking a row is a write.
_NEXT = f"""
WITH {QUICK}, urgent AS (
    SELECT id, lock AS turn FROM django_q_ormq
    WHERE key = %(urgent)s AND lock < statement_timestamp()
    ORDER BY lock LIMIT %(handful)s FOR UPDATE SKIP LOCKED),
patient AS (
    SELECT id, lock + %(patience)s AS turn FROM django_q_ormq
    WHERE key = %(patient)s
      AND lock < coalesce((SELECT min(turn) - %(patience)s FROM urgent), statement_timestamp())
    ORDER BY lock LIMIT 1 FOR UPDATE SKIP LOCKED),
chosen AS (
    SELECT id, turn FROM (TABLE urgent UNION ALL TABLE patient) waiting ORDER BY turn LIMIT %(handful)s)
UPDATE django_q_ormq SET lock = statement_timestamp() + %(retry)s
FROM chosen, quick WHERE django_q_ormq.id = chosen.id
RETURNING django_q_ormq.id, payload, turn"""  # noqa: S608 - ours

_DONE = f"WITH {QUICK} DELETE FROM django_q_ormq USING quick WHERE id = %s"  # noqa: S608 - ours


class ClusterBroker(ORM):  # type: ignore[misc]
    """The broker of a cluster: both queues in the database, and a canary now and then if watched.

    django-q2's own takes a task in two statements, in no order, knows one queue, and asks its connection
    whether it lives before each of them. This one finds out by using it: each statement may be sent twice.

    The canary is no queue row: it has to come through this cluster, and a row might be taken by another.
    It is handed out only after the database has been asked for tasks, so that it tells of that as well, but
    ahead of them: it waits for those at work and in the queue, and no more.
    """

    def __init__(self, list_key: str | None = None) -> None:
        super().__init__(list_key)
        self._next_canary = 0.0
        if multiprocessing.parent_process() is not None:
            # Made in the process that django-q2's main process forks and that forks the others: killed
            # with it, they leave nobody who goes on taking tasks unseen.
            lifeline.end_with_parents()

    def dequeue(self) -> list[tuple[int | None, str]]:
        """Tasks to work on in their turn, each with the row to delete afterwards; the canary has none."""
        tasks = self._next()
        if pulse.is_watched() and time.monotonic() >= self._next_canary:
            self._next_canary = time.monotonic() + CANARY_EVERY.total_seconds()
            tasks.insert(0, (None, package(CANARY_TASK)))
        if not tasks:
            time.sleep(_CLUSTER["poll"])
        return tasks

    def delete(self, task_id: int) -> None:
        """Take a task that was worked on from the queue."""
        _ask_again_if_broken(lambda cursor: cursor.execute(_DONE, [task_id]))

    def set_stat(self, key: str, value: str, timeout: int) -> None:
        """Keep the cluster's figures: what the guard, which replaces lost processes, does in each round."""
        pulse.tell(Beat.GUARDED)
        super().set_stat(key, value, timeout)

    def _next(self) -> list[tuple[int | None, str]]:
        values: dict[str, Any] = {
            "urgent": URGENT,
            "patient": PATIENT,
            "patience": PATIENCE,
            "handful": _HANDFUL,
            "retry": _RETRY,
        }

        def take(cursor: CursorWrapper) -> list[tuple[int | None, str]]:
            cursor.execute(_NEXT, values)
            in_turn = sorted(cursor.fetchall(), key=itemgetter(2))
            return [(row_id, _with_the_key_in_force(payload)) for row_id, payload, _ in in_turn]

        return _ask_again_if_broken(take)


def _with_the_key_in_force(payload: str) -> str:
    """The payload signed anew if its key is one of before, which django-q2 would not read with.

    What no key of ours signed stays as it is: django-q2 refuses it.
    """
    if not settings.SECRET_KEY_FALLBACKS:
        return payload
    signer = TimestampSigner(key=settings.SECRET_KEY, salt=URGENT)
    try:
        return signer.sign(signer.unsign(payload))
    except BadSignature:
        return payload


def _ask_again_if_broken(question: Callable[[CursorWrapper], Answer]) -> Answer:
    """Ask with a cursor, and once more on a new connection if the one at hand turns out to be broken."""
    try:
        with connection.cursor() as cursor:
            return question(cursor)
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block:
            raise
        connection.close()
        with connection.cursor() as cursor:
            return question(cursor)
