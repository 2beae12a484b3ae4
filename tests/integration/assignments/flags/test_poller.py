"""The poller of a worker: it finds changes at once or within a second, reports, and outlives its servers."""

import threading
import time
from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from assignments import flags
from assignments.engine.flags import Mode
from assignments.flags import acknowledgements, hint, services, store
from assignments.flags.cache import CACHE, Cache
from assignments.flags.poller import Poller
from assignments.flags.snapshot import HEARTBEAT_SECONDS, MAX_AGE_SECONDS, Snapshot
from assignments.models import FlagAcknowledgement
from bookings.models import Restaurant
from observability.models import Event
from tests.factories import RestaurantFactory
from tests.integration.assignments.flags.changes import CAUSE
from tests.integration.assignments.flags.processes import (
    cut_connections,
    moment_of,
    no_database,
    no_redis,
    polling,
)
from tests.processes import in_parallel

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def restaurant() -> Restaurant:
    made: Restaurant = RestaurantFactory()
    return made


@pytest.fixture
def poller() -> Iterator[Poller]:
    """One that is not started; its rounds are the test's."""
    made = Poller()
    yield made
    made.end()


def age_report(poller: Poller, seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE assignment_flag_acknowledgements SET seen_at = seen_at - make_interval(secs => %s)"
            " WHERE worker = %s",
            [seconds, poller.worker],
        )


def test_with_a_poller_a_reading_asks_nothing(poller: Poller, restaurant: Restaurant) -> None:
    services.set_cohort(percentage=100, **CAUSE)
    poller.round()
    with CaptureQueriesContext(connection) as asked:
        assert flags.current().mode(restaurant.pk, 1) is Mode.ACTIVE
    assert len(asked) == 0


def test_without_a_poller_a_process_reads_at_first_and_again_after_its_own_write(
    restaurant: Restaurant,
) -> None:
    assert flags.current().mode(restaurant.pk, 1) is Mode.DISABLED
    services.set_cohort(percentage=100, **CAUSE)
    assert flags.current().mode(restaurant.pk, 1) is Mode.ACTIVE
    with CaptureQueriesContext(connection) as asked:
        assert flags.current().mode(restaurant.pk, 1) is Mode.ACTIVE
    assert len(asked) == 0


def test_an_unchanged_version_is_confirmed_with_one_query_between_two_reports(poller: Poller) -> None:
    poller.round()
    before = flags.current()
    with CaptureQueriesContext(connection) as asked:
        poller.round()
    assert len(asked) == 1
    assert flags.current().confirmed > before.confirmed
    assert flags.current().flags is before.flags


def test_a_worker_says_which_version_it_runs_since_when(poller: Poller) -> None:
    poller.round()
    services.kill(**CAUSE)
    assert [worker.worker for worker in acknowledgements.effect_of(1).missing] == [poller.worker]
    poller.round()
    effect = acknowledgements.effect_of(1)
    assert [worker.worker for worker in effect.acknowledged] == [poller.worker]
    assert effect.missing == []
    assert effect.took is not None
    assert 0 < effect.took.total_seconds() < 5
    told = [event.context for event in Event.objects.filter(event_type="flag.acknowledged").order_by("id")]
    assert told == [
        {"worker": poller.worker, "version": 0, "from": None},
        {"worker": poller.worker, "version": 1, "from": 0},
    ]


def test_a_worker_that_has_started_and_read_nothing_yet_is_waited_for() -> None:
    acknowledgements.register("starting")
    version = services.kill(**CAUSE).version
    assert [worker.worker for worker in acknowledgements.effect_of(version).missing] == ["starting"]


def test_a_worker_reports_before_it_reads_its_first_flag() -> None:
    """Else a kill between the two would wait for nobody, and the worker would run what it read before."""
    reported: list[list[int]] = []

    def read() -> Snapshot:
        reported.append([worker.version for worker in acknowledgements.workers()])
        return store.read()

    Poller(cache=Cache(read=read)).round()
    assert reported == [[0]]


def test_new_values_are_used_only_with_a_report_no_older_than_a_heartbeat() -> None:
    """Else a worker cut off right after reading them is not waited for while they still count."""
    ages: list[float] = []

    def read() -> Snapshot:
        ages.extend(worker.age for worker in acknowledgements.workers())
        return store.read()

    poller = Poller(cache=Cache(read=read))
    poller.round()
    time.sleep(HEARTBEAT_SECONDS)
    services.set_max_parallel(limit=4, **CAUSE)
    poller.round()
    assert len(ages) == 2
    assert max(ages) < HEARTBEAT_SECONDS / 2


def test_a_worker_not_heard_of_for_ten_seconds_is_not_waited_for(poller: Poller) -> None:
    poller.round()
    version = services.kill(**CAUSE).version
    age_report(poller, 9)
    assert acknowledgements.effect_of(version).missing
    age_report(poller, 1.1)
    effect = acknowledgements.effect_of(version)
    assert (effect.missing, effect.acknowledged) == ([], [])
    assert [worker.live for worker in acknowledgements.workers()] == [False]


def test_workers_of_yesterday_are_forgotten(poller: Poller) -> None:
    poller.round()
    age_report(poller, 86_400)
    acknowledgements.register("today")
    assert [worker.worker for worker in acknowledgements.workers()] == ["today"]


def test_a_report_removed_by_somebody_is_written_again(poller: Poller) -> None:
    poller.round()
    FlagAcknowledgement.objects.all().delete()

    def reported() -> bool:
        poller.round()
        return FlagAcknowledgement.objects.exists()

    moment_of(reported, within=4)


def test_a_hint_wakes_the_listener_at_once() -> None:
    stop, woken = threading.Event(), threading.Event()
    to_do = {"channel": hint.channel(), "stop": stop, "wake": woken.set}
    listener = threading.Thread(target=hint.listen, kwargs=to_do, daemon=True)
    listener.start()
    try:
        assert woken.wait(5), "subscribing counts as a hint"
        woken.clear()
        began = time.monotonic()
        hint.publish(1)
        assert woken.wait(5)
        assert time.monotonic() - began < 0.4
    finally:
        stop.set()
        listener.join(3)
    assert not listener.is_alive()


def test_a_change_rolled_back_gives_no_hint_and_no_version(restaurant: Restaurant) -> None:
    with polling():
        try:
            with_rollback()
        except ZeroDivisionError:
            time.sleep(0.6)
        assert (flags.current().version, flags.current().killed) == (0, False)


def with_rollback() -> None:
    with transaction.atomic():
        services.kill(**CAUSE)
        raise ZeroDivisionError


def test_it_ends_soon_when_it_is_told_to() -> None:
    poller = Poller()
    thread = threading.Thread(target=poller.run, daemon=True)
    thread.start()
    moment_of(lambda: CACHE.held is not None, within=5)
    poller.end()
    thread.join(3)
    assert not thread.is_alive()


def test_no_error_ends_it(restaurant: Restaurant) -> None:
    services.set_cohort(percentage=100, **CAUSE)
    failures: list[Exception] = [RuntimeError("a fault"), OperationalError("away"), MemoryError("full")]

    def flaky() -> Snapshot:
        if failures:
            raise failures.pop()
        return store.read()

    cache = Cache(read=flaky)
    with polling(Poller(cache=cache)):
        moment_of(lambda: cache.held is not None and cache.held.version == 1, within=5)
    assert failures == []


def test_cut_connections_cost_one_poll_at_most(restaurant: Restaurant) -> None:
    with polling():
        for turn in range(1, 6):
            cut_connections()
            services.kill(**CAUSE) if turn % 2 else services.revive(**CAUSE)
            moment_of(lambda turn=turn: flags.current().version == turn, within=2)  # type: ignore[misc]


def live_through_an_outage(restaurant_id: int) -> dict[str, object]:
    """A worker whose database is away longer than its flags may be old."""
    seen: dict[str, object] = {}

    def mode() -> Mode:
        return flags.current().mode(restaurant_id, 1)

    with polling():
        seen["before"] = mode()
        # A session that is being opened is not there to be cut yet: the poller's thread must have its own.
        begun = flags.current().confirmed
        moment_of(lambda: flags.current().confirmed > begun, within=5)
        with no_database():
            cut = time.monotonic()
            time.sleep(2)
            seen["soon after"] = mode()
            seen["age"] = flags.current().age
            seen["legacy after"] = moment_of(lambda: mode() is Mode.DISABLED, within=15) - cut
            seen["version"] = flags.current().version
        back = time.monotonic()
        seen["back after"] = moment_of(lambda: mode() is Mode.ACTIVE, within=5) - back
    return seen


def test_without_database_the_last_known_flags_are_used_for_a_while_then_legacy(
    restaurant: Restaurant,
) -> None:
    services.set_cohort(percentage=100, **CAUSE)
    (seen,) = in_parallel(live_through_an_outage, [(restaurant.pk,)])
    assert (seen["before"], seen["soon after"]) == (Mode.ACTIVE, Mode.ACTIVE)
    assert 1 < seen["age"] < 4
    assert MAX_AGE_SECONDS - 1 < seen["legacy after"] < MAX_AGE_SECONDS + 1
    assert seen["version"] == 1, "what was known last is still told"
    assert seen["back after"] < 2


def start_without_database(restaurant_id: int) -> tuple[Mode, Mode]:
    """A worker that starts before its database does."""
    with no_database(), polling():
        before = flags.current().mode(restaurant_id, 1)
    with polling():
        return before, flags.current().mode(restaurant_id, 1)


def test_a_worker_that_starts_without_database_runs_legacy_until_it_has_one(restaurant: Restaurant) -> None:
    services.set_cohort(percentage=100, **CAUSE)
    assert in_parallel(start_without_database, [(restaurant.pk,)]) == [(Mode.DISABLED, Mode.ACTIVE)]


def change_without_redis() -> float:
    with no_redis(), polling():
        began = time.monotonic()
        services.kill(**CAUSE)
        return moment_of(lambda: flags.current().killed, within=5) - began


def test_without_redis_a_change_is_found_within_a_second(restaurant: Restaurant) -> None:
    (took,) = in_parallel(change_without_redis, [()])
    assert took < 1.0


def version_after_fork() -> tuple[int, bool]:
    return flags.current().version, CACHE.held is not None


def test_a_forked_process_does_not_take_over_what_only_its_parents_poller_kept_fresh(poller: Poller) -> None:
    poller.round()
    services.kill(**CAUSE)
    assert flags.current().version == 0, "this process waits for its poller"
    assert in_parallel(version_after_fork, [()]) == [(1, True)]
