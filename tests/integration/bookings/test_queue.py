"""The task queue: tasks come with their transaction, at their time, through django-q2's own broker."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections, transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.brokers import get_broker
from django_q.models import OrmQ, Task
from django_q.signals import post_execute_in_worker, post_spawn, pre_execute
from django_q.signing import SignedPackage

from bookings import pulse
from bookings.intake import ASSIGN_TASK
from bookings.outbox.promise import SEND_TASK
from bookings.queue.broker import PATIENCE
from bookings.queue.tasks import BEHIND, enqueue, is_behind
from bookings.queue.worker import CANARY_TASK, TRUSTED, on_worker_start
from observability import log_context
from tests.durability import have_it_wait, waits_for_disk

CLUSTER: dict[str, Any] = settings.Q_CLUSTER


def fetch() -> list[dict[str, Any]]:
    """What a cluster would be handed now."""
    return [SignedPackage.loads(payload) for _, payload in get_broker().dequeue() or []]


@pytest.mark.django_db
def test_a_cluster_is_handed_the_task_with_its_arguments() -> None:
    enqueue("bookings.tasks.send_mail", 7)
    [task] = fetch()
    assert (task["func"], task["args"], task["kwargs"]) == ("bookings.tasks.send_mail", (7,), {})
    assert task["name"] == "bookings.tasks.send_mail(7)"


@pytest.mark.django_db
def test_no_two_tasks_have_the_same_id() -> None:
    for _ in range(2):
        enqueue("bookings.tasks.send_mail", 7)
    one, other = fetch() + fetch()
    assert one["id"] != other["id"]


@pytest.mark.django_db
def test_the_name_of_a_task_is_no_longer_than_django_q2_can_keep() -> None:
    enqueue("bookings.tasks.send_mail", "x" * 200)
    [task] = fetch()
    assert len(task["name"]) == Task._meta.get_field("name").max_length


@pytest.mark.django_db
def test_tasks_are_handed_out_one_for_each_worker_and_none_twice() -> None:
    workers = CLUSTER["workers"]
    for number in range(2 * workers + 1):
        enqueue("bookings.tasks.send_mail", number)
    handed = [[task["args"][0] for task in fetch()] for _ in range(4)]
    assert [len(handful) for handful in handed] == [workers, workers, 1, 0]
    assert [number for handful in handed for number in handful] == list(range(2 * workers + 1))


@pytest.mark.django_db
def test_patient_tasks_are_handed_out_one_at_a_time_as_bookings_may_come_meanwhile() -> None:
    for number in range(3):
        enqueue(SEND_TASK, number, patient=True)
    assert [[task["args"][0] for task in fetch()] for _ in range(4)] == [[0], [1], [2], []]


@pytest.mark.django_db
def test_under_a_supervisor_the_canary_waits_for_no_task_of_its_handful(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(2):
        enqueue("bookings.tasks.send_mail", number)
    monkeypatch.setenv(pulse.VARIABLE, "0")
    handed = get_broker().dequeue()
    assert [SignedPackage.loads(payload)["func"] for _, payload in handed] == [
        CANARY_TASK,
        *["bookings.tasks.send_mail"] * 2,
    ]
    assert [row is None for row, _ in handed] == [True, False, False]


@pytest.mark.django_db
def test_a_task_of_a_lost_worker_comes_back_after_the_retry_time_only() -> None:
    enqueue("bookings.tasks.send_mail", 7)
    fetch()
    wait = OrmQ.objects.get().lock - timezone.now()
    retry = timedelta(seconds=CLUSTER["retry"])
    assert retry - timedelta(seconds=5) < wait <= retry
    assert fetch() == []
    OrmQ.objects.update(lock=timezone.now())
    assert [task["args"] for task in fetch()] == [(7,)]


def test_a_task_is_never_handed_out_again_while_its_worker_may_still_be_at_it() -> None:
    """However long those take that were handed out before: at work, in the queue, and taken with it."""
    handful = CLUSTER["workers"]
    rounds = 1 + (CLUSTER["queue_limit"] + handful) / CLUSTER["workers"]
    assert CLUSTER["retry"] > CLUSTER["timeout"] * rounds


@pytest.mark.django_db
def test_a_delayed_task_is_not_handed_out_before_its_time_and_then_is() -> None:
    enqueue("bookings.tasks.send_mail", 7, delay=timedelta(seconds=0.5))
    due = OrmQ.objects.get().lock
    assert fetch() == []
    handed: list[Any] = []
    while not handed and timezone.now() < due + timedelta(seconds=5):
        handed = fetch()  # waits `poll` when there is nothing
    assert [task["args"] for task in handed] == [(7,)]
    assert timezone.now() >= due


@pytest.mark.django_db
def test_a_later_task_does_not_hold_up_an_earlier_one() -> None:
    enqueue("bookings.tasks.send_mail", 1, delay=timedelta(seconds=30))
    enqueue("bookings.tasks.send_mail", 2)
    assert [task["args"] for task in fetch()] == [(2,)]


@pytest.mark.django_db
def test_tasks_are_handed_out_in_the_order_in_which_they_fell_due() -> None:
    for number in range(3):
        enqueue(ASSIGN_TASK, number)
        OrmQ.objects.filter(lock__gt=timezone.now() - timedelta(minutes=1)).update(
            lock=timezone.now() - timedelta(minutes=5 + number)
        )
    assert [task["args"] for _ in range(3) for task in fetch()] == [(2,), (1,), (0,)]


@pytest.mark.django_db
def test_a_patient_task_gives_way_to_others_that_fell_due_after_it() -> None:
    enqueue(SEND_TASK, 1, patient=True)
    enqueue(ASSIGN_TASK, 2)
    assert [task["args"] for _ in range(2) for task in fetch()] == [(2,), (1,)]


@pytest.mark.django_db
def test_a_patient_task_has_its_turn_however_many_others_wait() -> None:
    enqueue(SEND_TASK, 1, patient=True)
    OrmQ.objects.update(lock=timezone.now() - PATIENCE - timedelta(seconds=1))
    for number in range(CLUSTER["workers"]):
        enqueue(ASSIGN_TASK, 2 + number)
    assert [task["args"] for task in fetch()] == [(number,) for number in range(1, CLUSTER["workers"] + 1)]


def test_a_patient_task_is_not_even_locked_before_its_turn(committed_db: None) -> None:
    enqueue(SEND_TASK, 1, patient=True)
    enqueue(ASSIGN_TASK, 2)

    def left_free() -> int:
        try:
            with transaction.atomic():
                return len(OrmQ.objects.select_for_update(skip_locked=True))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=1) as elsewhere, transaction.atomic():
        assert [task["args"] for task in fetch()] == [(2,)]
        assert elsewhere.submit(left_free).result() == 1


@pytest.mark.django_db
def test_each_kind_of_task_is_behind_by_itself() -> None:
    enqueue(SEND_TASK, 1, patient=True)
    assert not is_behind(patient=True)
    OrmQ.objects.update(lock=timezone.now() - BEHIND - timedelta(seconds=1))
    assert (is_behind(), is_behind(patient=True)) == (False, True)


def test_two_clusters_are_never_handed_the_same_task(committed_db: None) -> None:
    numbers = range(40)
    for number in numbers:
        enqueue(ASSIGN_TASK, number, patient=number % 2 == 0)

    def cluster() -> list[int]:
        try:
            return [task["args"][0] for _ in numbers for task in fetch()]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=2) as clusters:
        handed = [clusters.submit(cluster) for _ in range(2)]
        assert sorted(handed[0].result() + handed[1].result()) == list(numbers)


@pytest.mark.django_db
def test_a_task_that_was_worked_on_is_gone() -> None:
    enqueue(ASSIGN_TASK, 7)
    broker = get_broker()
    [(task_id, _)] = broker.dequeue()
    broker.acknowledge(task_id)
    assert not OrmQ.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("ends", [False, True], ids=["handed-out", "worked-off"])
def test_handing_tasks_out_waits_for_no_disk_and_putting_them_there_does(*, ends: bool) -> None:
    with transaction.atomic():
        enqueue("bookings.tasks.send_mail", 7)
        assert waits_for_disk()
    broker = get_broker()
    [(task_id, _)] = broker.dequeue()
    if ends:
        have_it_wait()
        broker.acknowledge(task_id)
    assert not waits_for_disk()


def test_a_cluster_goes_on_when_its_connection_breaks(committed_db: None) -> None:
    enqueue("bookings.tasks.send_mail", 7)
    broker = get_broker()
    end_this_session()
    [(task_id, _)] = broker.dequeue()
    end_this_session()
    broker.acknowledge(task_id)
    assert not OrmQ.objects.exists()


def end_this_session() -> None:
    """As a failover does; the connection does not know yet."""
    connection.ensure_connection()
    process = connection.connection.info.backend_pid

    def end() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [process])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=1) as elsewhere:
        elsewhere.submit(end).result()


@pytest.fixture
def at_no_task_afterwards() -> Iterator[None]:
    yield
    log_context.end_task()


@pytest.mark.parametrize(("success", "trusted"), [(True, True), (False, False)])
@pytest.mark.django_db
@pytest.mark.usefixtures("at_no_task_afterwards")
def test_a_connection_is_taken_for_alive_right_after_a_task_that_succeeded(
    *, success: bool, trusted: bool
) -> None:
    task = {"id": "5f3a", "func": "bookings.tasks.send_mail"}
    pre_execute.send(sender="test", func=None, task=task)
    post_execute_in_worker.send(sender="test", func=None, task=task | {"success": success, "result": ""})
    connection.health_check_done = False  # type: ignore[attr-defined]  # as django-q2 does before each task
    pre_execute.send(sender="test", func=None, task=task)
    assert connection.health_check_done is trusted  # type: ignore[attr-defined]  # missing in the stubs


@pytest.mark.django_db
@pytest.mark.usefixtures("at_no_task_afterwards")
def test_a_connection_that_was_idle_is_asked_before_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    task = {"id": "5f3a", "func": "bookings.tasks.send_mail"}
    post_execute_in_worker.send(sender="test", func=None, task=task | {"success": True, "result": ""})
    connection.health_check_done = False  # type: ignore[attr-defined]
    later = time.monotonic() + TRUSTED.total_seconds() + 0.1
    monkeypatch.setattr("bookings.queue.worker.time.monotonic", lambda: later)
    pre_execute.send(sender="test", func=None, task=task)
    assert connection.health_check_done is False  # type: ignore[attr-defined]  # missing in the stubs


@pytest.mark.django_db
def test_a_task_of_a_rolled_back_transaction_was_never_there() -> None:
    with transaction.atomic():
        enqueue("bookings.tasks.send_mail", 7)
        transaction.set_rollback(True)
    assert fetch() == []


def test_a_task_is_handed_out_only_once_its_transaction_is_there(committed_db: None) -> None:
    def elsewhere() -> list[dict[str, Any]]:
        try:
            return fetch()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=1) as cluster:
        with transaction.atomic():
            enqueue("bookings.tasks.send_mail", 7)
            assert cluster.submit(elsewhere).result() == []
        assert [task["args"] for task in cluster.submit(elsewhere).result()] == [(7,)]


@pytest.mark.parametrize("task", [ASSIGN_TASK, SEND_TASK])
def test_tasks_are_named_by_a_path_that_leads_somewhere(task: str) -> None:
    assert callable(import_string(task))


def test_a_callback_registered_twice_is_called_once_a_worker() -> None:
    def callback() -> None:
        return None

    before = len(post_spawn.receivers)
    try:
        on_worker_start(callback)
        on_worker_start(callback)
        assert len(post_spawn.receivers) == before + 1
    finally:
        post_spawn.disconnect(dispatch_uid=f"{callback.__module__}.{callback.__qualname__}")
    assert len(post_spawn.receivers) == before


def test_what_a_worker_logs_carries_the_id_of_its_task_while_it_is_at_it() -> None:
    task = {"id": "5f3a", "func": "bookings.tasks.send_mail"}
    pre_execute.send(sender="test", func=None, task=task)
    assert log_context.correlation_id() == "5f3a"
    failed = task | {"success": False, "result": "Ada Guest : Ada Guest"}
    post_execute_in_worker.send(sender="test", func=None, task=failed)
    assert log_context.correlation_id() is None
    assert "Ada" not in str(failed["result"])
