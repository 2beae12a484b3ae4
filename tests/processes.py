"""Runs test code in several processes at once, each with its own database connection."""

import multiprocessing
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection, connections

JOIN_SECONDS = 90


def in_parallel(work: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Call `work(*args)` for each of `arguments`, each in a process; return their results in order.

    Raises AssertionError with the child's traceback if one fails or does not end.
    """
    context = multiprocessing.get_context("fork")
    connections.close_all()
    caches.close_all()
    pipes = [context.Pipe(duplex=False) for _ in arguments]
    children = [
        context.Process(target=_child, args=(work, args, sender), daemon=True)
        for args, (_, sender) in zip(arguments, pipes, strict=True)
    ]
    for child in children:
        child.start()
    try:
        return [_result(receiver) for receiver, _ in pipes]
    finally:
        for child in children:
            child.join(5)
            child.kill()


def until_it_waits_for_a_lock(*others: Future[Any]) -> None:
    """Return once the other session, or each of them, stands behind this one's lock."""
    patience = threading.Event()
    deadline = time.monotonic() + 10
    while not any(other.done() for other in others) and time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted"
                " AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0] >= len(others):
                return
        patience.wait(0.01)
    pytest.fail("the other session did not have to wait")


def _child(work: Callable[..., Any], args: tuple[Any, ...], sender: Any) -> None:
    # Forked: the parent's connections are closed, but a pool object copied here must not be reused.
    connections.close_all()
    try:
        sender.send((True, work(*args)))
    except BaseException:  # noqa: BLE001 - reported to the parent
        sender.send((False, traceback.format_exc()))
    finally:
        connections.close_all()


def _result(receiver: Any) -> Any:
    assert receiver.poll(JOIN_SECONDS), f"a process did not end within {JOIN_SECONDS} s"
    succeeded, value = receiver.recv()
    assert succeeded, value
    return value
