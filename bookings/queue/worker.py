"""What happens around each task in a worker process, and after it in the monitor."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django_q.signals import post_execute, post_execute_in_worker, post_spawn, pre_execute

from bookings import pulse, task_failures
from bookings.pulse import Beat
from bookings.queue import at_hand
from observability import log_context, traces

CANARY_TASK = "bookings.pulse.canary"

#: For how long after a task that succeeded a worker takes its connection for alive.
TRUSTED = timedelta(seconds=1)


def on_worker_start(callback: Callable[[], None]) -> None:
    """Call `callback` in each worker process of a cluster as it starts."""

    def receiver(**_: Any) -> None:
        callback()

    post_spawn.connect(receiver, weak=False, dispatch_uid=f"{callback.__module__}.{callback.__qualname__}")


@dataclass(slots=True)
class _Trust:
    """Until when this worker takes its connection for alive, by its monotonic clock."""

    until: float = -math.inf


_trust = _Trust()


def _worker_began(task: Mapping[str, Any], **_: Any) -> None:
    at_hand.take_up(task.get("ack_id"))
    if time.monotonic() < _trust.until:
        # django-q2 has the connection asked before every task, though the last one has just used it.
        connection.health_check_done = True  # type: ignore[attr-defined]  # missing in the stubs
    log_context.begin_task(task["id"])
    traces.begin_task(task)
    if task["func"] != CANARY_TASK:
        pulse.tell(Beat.BEGAN)


def _worker_ended(task: dict[str, Any], **_: Any) -> None:
    # What is left is taken off by the monitor, if the task succeeded.
    task["ack_id"] = at_hand.put_down()
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
