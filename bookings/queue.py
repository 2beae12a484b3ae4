"""The task queue: the one module that knows django-q2.

Tasks live in the booking database (django-q2's ORM broker), so enqueueing joins the caller's
transaction: either both the booking and its task exist or neither. Tasks are named by dotted path,
because the floors above know this one and not the other way round, and carry ids only.

Two kinds of tasks share a cluster. A patient one, such as a mail, gives way to any other that fell due at
most PATIENCE after it: guests wait for their table, and a mail may take a few seconds.

Under a supervisor the cluster shows that it works: its broker hands out a canary now and then, which
goes the way of every task, through pusher, worker and monitor.
"""

import math
import multiprocessing
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.db import InterfaceError, OperationalError, connection
from django.db.backends.utils import CursorWrapper
from django.db.models.functions import Now
from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.models import OrmQ
from django_q.signals import post_execute, post_execute_in_worker, post_spawn, pre_execute
from django_q.signing import SignedPackage

from bookings import lifeline, pulse, task_failures
from bookings.pulse import Beat
from observability import log_context, traces

Answer = TypeVar("Answer")

CANARY_TASK = "bookings.pulse.canary"

#: How often a canary is sent through a supervised cluster.
CANARY_EVERY = timedelta(seconds=2)

#: A queue whose oldest due task waits longer is behind.
BEHIND = timedelta(seconds=2)

#: How long a patient task gives way. Then it has its turn, however many others wait.
PATIENCE = timedelta(seconds=30)

#: What django-q2 keeps of a task's name, which its logs and the list of failed tasks show.
NAME_LENGTH = 100

#: For how long after a task that succeeded a worker takes its connection for alive.
TRUSTED = timedelta(seconds=1)

_CLUSTER: dict[str, Any] = settings.Q_CLUSTER

#: Where tasks wait: the cluster's own queue, and the one of patient tasks.
URGENT: str = _CLUSTER["name"]
PATIENT = f"{URGENT}:patient"

#: How long a task is kept from others once it was handed out.
_RETRY = timedelta(seconds=_CLUSTER["retry"])

# A task is locked as it is looked at, so that no two clusters choose the same. A patient one is looked at
# only where its turn is before that of the urgent one: locking a row is a write.
_NEXT = """
WITH urgent AS (
    SELECT id, lock AS turn FROM django_q_ormq
    WHERE key = %(urgent)s AND lock < statement_timestamp()
    ORDER BY lock LIMIT 1 FOR UPDATE SKIP LOCKED),
patient AS (
    SELECT id, lock + %(patience)s AS turn FROM django_q_ormq
    WHERE key = %(patient)s
      AND lock < coalesce((SELECT turn - %(patience)s FROM urgent), statement_timestamp())
    ORDER BY lock LIMIT 1 FOR UPDATE SKIP LOCKED),
chosen AS (SELECT id FROM (TABLE urgent UNION ALL TABLE patient) waiting ORDER BY turn LIMIT 1)
UPDATE django_q_ormq SET lock = statement_timestamp() + %(retry)s
FROM chosen WHERE django_q_ormq.id = chosen.id
RETURNING django_q_ormq.id, payload"""

_DONE = "DELETE FROM django_q_ormq WHERE id = %s"

#: Writes a task; to be followed by what it depends on.
ENQUEUE = """
INSERT INTO django_q_ormq (key, payload, lock)
SELECT %(queue)s, %(payload)s, statement_timestamp() + %(queue_delay)s"""

_ENQUEUE_ALL = """
INSERT INTO django_q_ormq (key, payload, lock)
SELECT %(queue)s, unnest(%(payloads)s::text[]), statement_timestamp()"""


def enqueue(task: str, *ids: int | str, delay: timedelta = timedelta(0), patient: bool = False) -> None:
    """Have a worker call ``task(*ids)`` once this transaction commits, not before `delay` is over.

    django-q2 takes rows whose `lock` has passed, so a future lock is a timer that its own
    Schedule table cannot match (that one is looked at about every half minute). A `patient` task
    gives way to others.
    """
    with connection.cursor() as cursor:
        cursor.execute(ENQUEUE, enqueue_values(task, *ids, delay=delay, patient=patient))


def enqueue_values(
    task: str, *ids: int | str, delay: timedelta = timedelta(0), patient: bool = False
) -> dict[str, Any]:
    """The parameters of ENQUEUE."""
    return {"queue": _queue(patient=patient), "payload": _package(task, *ids), "queue_delay": delay}


def acknowledging(*, after: str) -> str:
    """A statement that takes the task at hand off the queue if the CTE `after` has a row.

    For a commit that does all the task was there for: neither a second one nor a message between processes is
    needed then, and no worker that dies in between leaves a task behind for which there is nothing to do. Say
    `acknowledged` once it is committed. Outside of a worker it finds nothing.
    """
    return f"DELETE FROM django_q_ormq USING {after} WHERE django_q_ormq.id = %(task_row)s"  # noqa: S608 - ours


def acknowledging_values() -> dict[str, Any]:
    """The parameters of `acknowledging`."""
    return {"task_row": _at_hand.row}


def acknowledged() -> None:
    """The task at hand is off the queue: nobody else needs to take it off."""
    _at_hand.row = None


def is_behind(*, patient: bool = False) -> bool:
    """Whether a task has been due for longer than BEHIND and no worker has taken it yet.

    Then a task that is missed may only be waiting its turn: doubling it would make the queue longer still.
    """
    waiting = OrmQ.objects.filter(key=_queue(patient=patient), lock__lt=Now() - BEHIND)
    return bool(waiting.exists())


def enqueue_all(task: str, calls: Iterable[tuple[int | str, ...]]) -> None:
    """The same for many calls of one task, with one statement."""
    values: dict[str, Any] = {"queue": URGENT, "payloads": [_package(task, *ids) for ids in calls]}
    with connection.cursor() as cursor:
        cursor.execute(_ENQUEUE_ALL, values)


def forget_all() -> int:
    """Take every task off the queue, as where something else than workers sees to them; return how many."""
    dropped, _ = OrmQ.objects.all().delete()
    return int(dropped)


def _queue(*, patient: bool) -> str:
    return PATIENT if patient else URGENT


def _package(task: str, *ids: int | str) -> str:
    payload = {
        "id": uuid4().hex,
        "name": f"{task}({', '.join(map(str, ids))})"[:NAME_LENGTH],
        "func": task,
        "args": ids,
        "kwargs": {},
        "started": timezone.now(),
        **traces.carried(),
    }
    return str(SignedPackage.dumps(payload))


def on_worker_start(callback: Callable[[], None]) -> None:
    """Call `callback` in each worker process of a cluster as it starts."""

    def receiver(**_: Any) -> None:
        callback()

    post_spawn.connect(receiver, weak=False, dispatch_uid=f"{callback.__module__}.{callback.__qualname__}")


class ClusterBroker(ORM):  # type: ignore[misc]
    """The broker of a cluster: both queues in the database, and a canary now and then if watched.

    django-q2's own takes a task in two statements, in no order, knows one queue, and asks its connection
    whether it lives before each of them. This one finds out by using it: each statement may be sent twice.

    The canary is no queue row: it has to come through this cluster, and a row might be taken by another.
    It is handed out only after the database has been asked for tasks, so that it tells of that as well.
    """

    def __init__(self, list_key: str | None = None) -> None:
        super().__init__(list_key)
        self._next_canary = 0.0
        if multiprocessing.parent_process() is not None:
            # Made in the process that django-q2's main process forks and that forks the others: killed
            # with it, they leave nobody who goes on taking tasks unseen.
            lifeline.end_with_parents()

    def dequeue(self) -> list[tuple[int | None, str]]:
        """Tasks to work on, each with the row to delete afterwards; the canary has none."""
        tasks = self._next()
        if pulse.is_watched() and time.monotonic() >= self._next_canary:
            self._next_canary = time.monotonic() + CANARY_EVERY.total_seconds()
            tasks.append((None, _package(CANARY_TASK)))
        if not tasks:
            time.sleep(_CLUSTER["poll"])
        return tasks

    def delete(self, task_id: int) -> None:
        """Take a task that was worked on from the queue."""
        _ask_again_if_broken(lambda cursor: cursor.execute(_DONE, [task_id]))

    def _next(self) -> list[tuple[int | None, str]]:
        values: dict[str, Any] = {"urgent": URGENT, "patient": PATIENT, "patience": PATIENCE, "retry": _RETRY}

        def take(cursor: CursorWrapper) -> list[tuple[int | None, str]]:
            cursor.execute(_NEXT, values)
            return [(row_id, _with_the_key_in_force(payload)) for row_id, payload in cursor.fetchall()]

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


@dataclass(slots=True)
class _Trust:
    """Until when this worker takes its connection for alive, by its monotonic clock."""

    until: float = -math.inf


_trust = _Trust()


@dataclass(slots=True)
class _AtHand:
    """The queue's row of the task that this process works on; None where there is none any more."""

    row: int | None = None


_at_hand = _AtHand()


def _worker_began(task: Mapping[str, Any], **_: Any) -> None:
    _at_hand.row = task.get("ack_id")
    if time.monotonic() < _trust.until:
        # django-q2 has the connection asked before every task, though the last one has just used it.
        connection.health_check_done = True  # type: ignore[attr-defined]  # missing in the stubs
    log_context.begin_task(task["id"])
    traces.begin_task(task)
    if task["func"] != CANARY_TASK:
        pulse.tell(Beat.BEGAN)


def _worker_ended(task: dict[str, Any], **_: Any) -> None:
    # What is left is taken off by the monitor, if the task succeeded.
    task["ack_id"], _at_hand.row = _at_hand.row, None
    if not task["success"]:
        # Before django-q2 stores the result and logs it.
        task["result"] = task_failures.without_messages(task["result"])
    traces.end_task()
    log_context.end_task()
    if task["func"] != CANARY_TASK:
        pulse.tell(Beat.ENDED)
        _trust.until = time.monotonic() + TRUSTED.total_seconds() if task["success"] else -math.inf


def _came_through(task: Mapping[str, Any], **_: Any) -> None:
    if task["func"] == CANARY_TASK:
        pulse.tell(Beat.CANARY)


pre_execute.connect(_worker_began)
post_execute_in_worker.connect(_worker_ended)
post_execute.connect(_came_through)
