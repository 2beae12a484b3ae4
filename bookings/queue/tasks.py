"""Puts tasks on the queue, and tells how long they wait there."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from observability import traces

#: A queue whose oldest due task waits longer is behind.
BEHIND = timedelta(seconds=2)

#: What django-q2 keeps of a task's name, which its logs and the list of failed tasks show.
NAME_LENGTH = 100

_CLUSTER: dict[str, Any] = settings.Q_CLUSTER

#: Where tasks wait: the cluster's own queue, and the one of patient tasks.
URGENT: str = _CLUSTER["name"]
PATIENT = f"{URGENT}:patient"

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
    return {"queue": _queue(patient=patient), "payload": package(task, *ids), "queue_delay": delay}


def is_behind(*, patient: bool = False) -> bool:
    """Whether a task has been due for longer than BEHIND and no worker has taken it yet.

    Then a task that is missed may only be waiting its turn: doubling it would make the queue longer still.
    """
    waiting = OrmQ.objects.filter(key=_queue(patient=patient), lock__lt=Now() - BEHIND)
    return bool(waiting.exists())


def enqueue_all(task: str, calls: Iterable[tuple[int | str, ...]]) -> None:
    """The same for many calls of one task, with one statement."""
    values: dict[str, Any] = {"queue": URGENT, "payloads": [package(task, *ids) for ids in calls]}
    with connection.cursor() as cursor:
        cursor.execute(_ENQUEUE_ALL, values)


def forget_all() -> int:
    """Take every task off the queue, as where something else than workers sees to them; return how many."""
    dropped, _ = OrmQ.objects.all().delete()
    return int(dropped)


def package(task: str, *ids: int | str) -> str:
    """A call as django-q2 reads it, signed."""
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


def _queue(*, patient: bool) -> str:
    return PATIENT if patient else URGENT
