"""The task queue: the one module that knows django-q2.

Tasks live in the booking database (django-q2's ORM broker), so enqueueing joins the caller's
transaction: either both the booking and its task exist or neither. Tasks are named by dotted path,
because the floors above know this one and not the other way round, and carry ids only.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone
from django_q.humanhash import uuid
from django_q.models import OrmQ
from django_q.signals import post_spawn
from django_q.signing import SignedPackage


def enqueue(task: str, *ids: int | str, delay: timedelta = timedelta(0)) -> None:
    """Have a worker call ``task(*ids)`` once this transaction commits, not before `delay` is over.

    django-q2 takes rows whose `lock` has passed, so a future lock is a timer that its own
    Schedule table cannot match (that one is looked at about every half minute).
    """
    name, task_id = uuid()
    payload = {
        "id": task_id,
        "name": name,
        "func": task,
        "args": ids,
        "kwargs": {},
        "started": timezone.now(),
    }
    OrmQ.objects.create(
        key=settings.Q_CLUSTER["name"], payload=SignedPackage.dumps(payload), lock=Now() + delay
    )


def on_worker_start(callback: Callable[[], None]) -> None:
    """Call `callback` in each worker process of a cluster as it starts."""

    def receiver(**_: Any) -> None:
        callback()

    post_spawn.connect(receiver, weak=False, dispatch_uid=f"{callback.__module__}.{callback.__qualname__}")
