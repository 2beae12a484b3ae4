import os
import signal
import time
from pathlib import Path

import pytest

from config.local import keeper
from config.local.addresses import addresses
from config.local.redis_server import RedisServer
from config.local.server import Answer
from config.local.services import ensure_database, ensure_redis, local_services, stop
from tests.local.probes import ENSURE_DATABASE, ask, output, pids, ping, postmaster, process, wait_until

TITLES = ["The local PostgreSQL", "The local Redis"]


def test_servers_start_once_answer_and_stop(root: Path) -> None:
    assert (ensure_database(root), ensure_redis(root)) == (True, True)
    running = pids(root)

    assert (ensure_database(root), ensure_redis(root)) == (False, False)
    assert pids(root) == running
    assert ask(root, "SELECT 1") == 1
    assert ping(root) == b"+PONG\r\n"

    assert list(stop(root)) == TITLES
    assert pids(root) == ([], [])
    assert not addresses(root).runtime.exists()


def test_stopping_nothing_says_so_and_makes_nothing(fresh_root: Path) -> None:
    assert list(stop(fresh_root)) == []
    assert not fresh_root.exists()


def test_ensuring_running_servers_is_fast(root: Path) -> None:
    ensure_database(root)
    ensure_redis(root)

    took = []
    for _ in range(5):
        began = time.perf_counter()
        ensure_database(root)
        ensure_redis(root)
        took.append(time.perf_counter() - began)

    assert min(took) < 0.05


def test_data_are_kept_between_runs(root: Path) -> None:
    ensure_database(root)
    ask(root, "CREATE TABLE kept AS SELECT 7 AS value")
    stop(root)

    assert ensure_database(root) is True
    assert ask(root, "SELECT value FROM kept") == 7


def test_the_database_is_durable_and_alike_everywhere(root: Path) -> None:
    ensure_database(root)

    expected = {
        "fsync": "on",
        "full_page_writes": "on",
        "max_connections": "200",
        "server_encoding": "UTF8",
        "timezone": "UTC",
        "listen_addresses": "",
    }
    assert {name: ask(root, f"SHOW {name}") for name in expected} == expected
    assert ask(root, "SELECT upper('é')") == "É"
    assert ask(root, "SELECT 'Z' < 'a'") is True
    assert ask(root, "SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user") is True


def test_eight_processes_at_once_start_one_server(fresh_root: Path) -> None:
    processes = [process(ENSURE_DATABASE, fresh_root) for _ in range(8)]

    said = [running.communicate(timeout=60)[0].strip() for running in processes]

    assert sorted(said) == ["False"] * 7 + ["True"]
    assert len(pids(fresh_root)[0]) == 1


def test_two_clones_run_side_by_side(root: Path, fresh_root: Path) -> None:
    for clone in (root, fresh_root):
        ensure_database(clone)
        ensure_redis(clone)
    ask(fresh_root, "CREATE TABLE mine AS SELECT 1 AS value")

    stop(fresh_root)

    assert ask(root, "SELECT to_regclass('mine')") is None
    assert ping(root) == b"+PONG\r\n"


def test_a_long_clone_path_works(fresh_root: Path) -> None:
    deep = fresh_root.joinpath(*["a folder's name, quite long"] * 8, ".local")
    try:
        ensure_database(deep)
        ensure_redis(deep)
        assert ask(deep, "SELECT 1") == 1
        assert ping(deep) == b"+PONG\r\n"
    finally:
        stop(deep)


def test_servers_outlive_the_process_that_started_them(root: Path) -> None:
    assert output("print(ensure_database(root), ensure_redis(root))", root) == "True True"

    assert ask(root, "SELECT 1") == 1
    assert ping(root) == b"+PONG\r\n"


def test_ctrl_c_in_the_starters_terminal_does_not_reach_them(root: Path) -> None:
    script = (
        "os.setpgrp(); ensure_database(root); ensure_redis(root); print('up', flush=True); time.sleep(60)"
    )
    with process(script, root) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == "up\n"
        running = pids(root)

        os.killpg(starter.pid, signal.SIGINT)

    assert pids(root) == running
    assert all(os.getsid(pid) not in {0, os.getsid(0)} for started in running for pid in started)


def test_only_what_was_started_is_stopped_at_the_end(root: Path) -> None:
    ensure_database(root)

    with local_services(root) as started:
        assert list(started) == ["The local Redis"]
        assert ping(root) == b"+PONG\r\n"

    database, redis = pids(root)
    assert len(database) == 1
    assert list(redis) == []


def test_servers_may_stay_after_the_block_that_started_them(root: Path) -> None:
    with local_services(root, database=False, stop_if_started=False):
        pass

    assert ping(root) == b"+PONG\r\n"


def test_an_interrupted_block_stops_what_it_started(root: Path) -> None:
    script = "with local_services(root): print('up', flush=True); time.sleep(60)"
    with process(script, root) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == "up\n"
        postmaster(root)

        starter.send_signal(signal.SIGINT)

    wait_until(lambda: pids(root) == ([], []))


class InterruptedRedis(RedisServer):
    """Ctrl-C comes while it starts."""

    def is_usable(self) -> bool:
        return False

    def answer(self) -> Answer:
        raise KeyboardInterrupt


def test_an_interrupted_start_leaves_no_server(root: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        keeper.ensure(InterruptedRedis(addresses=addresses(root)))

    assert list(pids(root)[1]) == []
