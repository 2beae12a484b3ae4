from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from config.local.services import ensure_redis
from tests.local.probes import pids


@pytest.fixture(autouse=True)
def embedded(root: Path, settings: Settings) -> None:
    settings.LOCAL_DATA_DIR = root
    settings.EMBEDDED_DATABASE = True
    settings.EMBEDDED_REDIS = True


def services(action: str) -> str:
    said = StringIO()
    call_command("services", action, stdout=said)
    return said.getvalue()


def test_servers_are_started_shown_and_stopped(root: Path) -> None:
    assert services("status").count("is not running.") == 2

    started = services("start")

    (database,), (redis,) = pids(root)
    assert f"The local PostgreSQL runs (pid {database})." in started
    assert f"The local Redis runs (pid {redis})." in started
    assert str(root / "logs" / "redis.log") in started
    assert services("status") == started
    assert services("stop") == "The local PostgreSQL is stopped.\nThe local Redis is stopped.\n"


def test_stopping_with_nothing_running_says_so() -> None:
    assert services("stop") == "No embedded server of this clone was running.\n"


def test_servers_of_ones_own_are_not_started(settings: Settings, root: Path) -> None:
    settings.EMBEDDED_DATABASE = False
    settings.EMBEDDED_REDIS = False

    with pytest.raises(CommandError, match="unset DATABASE_URL or REDIS_URL"):
        services("start")

    assert pids(root) == ([], [])


def test_only_the_embedded_one_of_two_servers_is_started(settings: Settings, root: Path) -> None:
    settings.EMBEDDED_DATABASE = False

    said = services("start")

    assert said.startswith(
        "DATABASE_URL names a server of your own, which is left alone.\nThe local Redis runs"
    )
    assert list(pids(root)[0]) == []


def test_stopping_ends_what_runs_even_if_servers_of_ones_own_were_set_since(
    settings: Settings, root: Path
) -> None:
    ensure_redis(root)
    settings.EMBEDDED_REDIS = False

    assert services("stop").endswith("The local Redis is stopped.\n")


def test_a_failure_is_told_without_a_traceback(settings: Settings, fresh_root: Path) -> None:
    fresh_root.write_text("a file in the way")
    settings.LOCAL_DATA_DIR = fresh_root

    with pytest.raises(CommandError, match="cannot be made"):
        services("start")
