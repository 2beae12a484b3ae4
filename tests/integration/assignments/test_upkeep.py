"""One process in turn does a round of upkeep, which removes what is kept no longer than needed."""

from collections.abc import Iterator
from datetime import timedelta
from types import ModuleType

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import caches
from django.db import DatabaseError
from django.utils import timezone
from django_redis import get_redis_connection

from assignments import upkeep
from assignments.protection import redis_access
from assignments.upkeep import INTERVAL, TURN, round_in_turn, round_of_upkeep
from bookings.api import idempotency
from bookings.imports import uploads
from bookings.models import ApiAnswer, Booking, ImportRun
from bookings.outbox import delivery
from bookings.privacy import retention
from tests.factories import dinner, receive, serving_restaurant

pytestmark = pytest.mark.django_db


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[None]]:
    """One entry for each round done, in place of the round."""
    done: list[None] = []

    def round_() -> bool:
        done.append(None)
        return True

    monkeypatch.setattr(upkeep, "round_of_upkeep", round_)
    yield done
    get_redis_connection().delete(turn())


def turn() -> str:
    return str(caches["default"].make_key("upkeep"))


def test_of_processes_that_come_together_one_does_the_round(rounds: list[None]) -> None:
    assert [round_in_turn() for _ in range(3)] == [True, False, False]
    assert len(rounds) == 1


def test_whoever_had_the_turn_finds_it_free_when_it_comes_again(rounds: list[None]) -> None:
    round_in_turn()
    assert 0 < get_redis_connection().pttl(turn()) <= TURN / timedelta(milliseconds=1)
    assert TURN < INTERVAL


def test_a_process_that_cannot_do_the_round_leaves_it_to_the_next(
    rounds: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> bool:
        raise DatabaseError

    with monkeypatch.context() as patched:
        patched.setattr(upkeep, "round_of_upkeep", fail)
        with pytest.raises(DatabaseError):
            round_in_turn()
    assert round_in_turn()


def test_a_turn_that_lasts_too_long_is_nobodys(rounds: list[None]) -> None:
    """The server's clock has stepped back: without this nobody would sweep until it is there again."""
    get_redis_connection().set(turn(), 1, px=3_600_000)
    assert [round_in_turn() for _ in range(2)] == [True, False]
    assert 0 < get_redis_connection().pttl(turn()) <= TURN / timedelta(milliseconds=1)


def test_while_redis_is_away_every_process_comes(rounds: list[None], monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: object) -> None:
        raise redis_access.RedisAwayError

    monkeypatch.setattr(upkeep, "ask", away)
    assert [round_in_turn() for _ in range(2)] == [True, True]


@pytest.mark.parametrize(
    ("module", "chore"),
    [(upkeep, "ensure_partitions"), (delivery, "mark_stale"), (uploads, "forget"), (upkeep, "dispatch")],
    ids=["partitions", "mails", "uploads", "webhooks"],
)
def test_what_fails_keeps_nothing_else_from_its_turn(
    module: ModuleType, chore: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Among the rest, a lost run is recovered and a question of the end of the round is asked."""
    booking = receive(serving_restaurant(2), start=dinner(day=2))
    Booking.objects.update(assignment_state="assignment_in_progress", assignment_attempts=1)
    asked: list[None] = []

    def fail(*_: object, **__: object) -> None:
        raise LookupError(chore)

    monkeypatch.setattr(module, chore, fail)
    monkeypatch.setattr(retention, "forget", lambda **_: asked.append(None))
    with pytest.raises(LookupError, match=chore):
        round_of_upkeep()
    booking.refresh_from_db()
    assert booking.assignment_state == "assignment_pending"
    assert len(asked) == 1


def answers(*ages: int) -> None:
    """Answers given so many days ago, the oldest first, as they come about."""
    for age in sorted(ages, reverse=True):
        ApiAnswer.objects.create(
            channel="web", key=f"{age} days", digest="x", created_at=timezone.now() - timedelta(days=age)
        )


def test_answers_and_uploads_are_removed_when_their_time_is_over() -> None:
    kept = settings.API_ANSWER_RETENTION_DAYS
    answers(kept - 1, kept + 1)
    draft = uploads.upload(
        filename="rows.csv",
        content=b"a,b\n1,2\n",
        by=User.objects.create(username="ada").pk,
        now=timezone.now() - timedelta(days=settings.IMPORT_FILE_RETENTION_DAYS, minutes=1),
    )
    assert round_of_upkeep()
    assert ApiAnswer.objects.get().key == f"{kept - 1} days"
    assert not ImportRun.objects.filter(pk=draft.pk).exists()


def test_answers_are_removed_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "FORGOTTEN_AT_ONCE", 2)
    answers(98, 99, 100)
    assert [idempotency.forget(now=timezone.now()) for _ in range(3)] == [2, 1, 0]
