"""What a crash, a stranger or a careless hand leaves behind does not keep the servers from starting."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from config.local import keeper, processes
from config.local.addresses import addresses
from config.local.errors import LocalServiceError
from config.local.postgres_server import PostgresServer
from config.local.server import Answer
from config.local.services import ensure_database, ensure_redis, status, stop
from tests.local.probes import ask, connect, pids, ping, postmaster, process, runs, wait_until

LOOP_FOREVER = "DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$"


@pytest.fixture
def stranger() -> Iterator[int]:
    """The pid of a living process that has nothing to do with the servers."""
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        yield sleeper.pid
        sleeper.kill()


def pid_file(root: Path) -> Path:
    return root / "postgres" / "postmaster.pid"


def overwrite(path: Path, text: str) -> None:
    """As its owner would: the database's files are not the starter's when that is root."""
    owner = path.parent.stat()
    path.write_text(text)
    os.chown(path, owner.st_uid, owner.st_gid)


def crash(root: Path) -> None:
    """Leaves everything a killed PostgreSQL leaves, with no process alive."""
    os.kill(postmaster(root), signal.SIGKILL)
    wait_until(lambda: not PostgresServer(addresses=addresses(root)).processes())


def test_a_killed_database_is_back_at_once_with_its_data(root: Path) -> None:
    ensure_database(root)
    ask(root, "CREATE TABLE survivor AS SELECT 7 AS value")
    killed = postmaster(root)

    os.kill(killed, signal.SIGKILL)

    assert ensure_database(root) is True
    assert postmaster(root) != killed
    assert ask(root, "SELECT value FROM survivor") == 7


def test_backends_busy_after_their_server_was_killed_are_ended(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(keeper.PATIENCE, Answer.ABSENT, 0.5)
    ensure_database(root)
    with closing(connect(root)) as connection:
        connection.pgconn.send_query(LOOP_FOREVER.encode())
        wait_until(lambda: ask(root, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO%'") == 1)
        busy = connection.info.backend_pid

        os.kill(postmaster(root), signal.SIGKILL)

        assert runs(busy)
        assert ensure_database(root) is True
        assert not runs(busy)
    assert ask(root, "SELECT 1") == 1


def test_a_killed_redis_is_back_at_once(root: Path) -> None:
    ensure_redis(root)
    (killed,) = pids(root)[1]

    os.kill(killed, signal.SIGKILL)

    assert ensure_redis(root) is True
    assert ping(root) == b"+PONG\r\n"


@pytest.mark.parametrize("content", ["", "12", "not a pid\n", "0\n", "-1\n", "99999999999999999999\n"])
def test_a_truncated_or_nonsensical_pid_file_does_not_matter(root: Path, content: str) -> None:
    ensure_database(root)
    crash(root)
    overwrite(pid_file(root), content)

    assert ensure_database(root) is True


def test_a_pid_file_that_names_a_living_stranger_does_not_matter(root: Path, stranger: int) -> None:
    ensure_database(root)
    lines = pid_file(root).read_text().splitlines()
    crash(root)
    overwrite(pid_file(root), "\n".join([str(stranger), *lines[1:], ""]))

    assert ensure_database(root) is True
    assert runs(stranger)


def test_stopping_ends_the_server_and_not_the_stranger_its_pid_file_names(root: Path, stranger: int) -> None:
    ensure_database(root)
    overwrite(pid_file(root), f"{stranger}\n")

    assert list(stop(root)) == ["The local PostgreSQL"]
    assert runs(stranger)
    assert pids(root) == ([], [])


@pytest.mark.parametrize("content", ["", "\xff", "table-assignment-"])
def test_an_overwritten_life_lock_does_not_matter(root: Path, fresh_root: Path, content: str) -> None:
    ensure_redis(root)
    ensure_redis(fresh_root)
    (root / "redis.alive").write_text(content, encoding="latin-1")

    assert list(stop(root)) == ["The local Redis"]
    assert ensure_redis(root) is True
    assert ping(fresh_root) == b"+PONG\r\n"


def test_stale_sockets_and_their_locks_do_not_matter(root: Path, stranger: int) -> None:
    ensure_database(root)
    ensure_redis(root)
    stop(root)
    where = addresses(root)
    for path in (where.postgres_socket, where.redis_socket):
        path.parent.mkdir(parents=True)
        with socket.socket(socket.AF_UNIX) as abandoned:
            abandoned.bind(str(path))
    where.postgres_socket.with_name(f"{where.postgres_socket.name}.lock").write_text(f"{stranger}\n")

    assert (ensure_database(root), ensure_redis(root)) == (True, True)


def test_servers_whose_sockets_were_swept_away_are_replaced(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(keeper.PATIENCE, Answer.ABSENT, 0.5)
    ensure_database(root)
    ensure_redis(root)
    before = pids(root)
    shutil.rmtree(addresses(root).runtime)

    assert (ensure_database(root), ensure_redis(root)) == (True, True)
    after = pids(root)
    assert [len(started) for started in after] == [1, 1]
    assert after != before


def test_a_server_whose_data_were_removed_makes_way_for_a_new_one(root_to_ruin: Path) -> None:
    ensure_database(root_to_ruin)
    bereft = postmaster(root_to_ruin)
    shutil.rmtree(root_to_ruin)

    assert ensure_database(root_to_ruin) is True
    assert not runs(bereft)
    assert ask(root_to_ruin, "SELECT 1") == 1


def test_servers_whose_data_were_removed_can_be_stopped(root_to_ruin: Path) -> None:
    ensure_database(root_to_ruin)
    ensure_redis(root_to_ruin)
    shutil.rmtree(root_to_ruin)

    assert len(stop(root_to_ruin)) == 2
    assert not addresses(root_to_ruin).runtime.exists()


def test_a_clone_that_was_moved_replaces_its_servers(
    root_to_ruin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(keeper.PATIENCE, Answer.ABSENT, 0.5)
    ensure_database(root_to_ruin)
    left_behind = postmaster(root_to_ruin)
    moved = root_to_ruin.rename(root_to_ruin.with_name("moved"))
    try:
        assert ensure_database(moved) is True
        assert not runs(left_behind)
        assert ask(moved, "SELECT 1") == 1
    finally:
        stop(moved)


def test_a_start_that_was_killed_while_making_the_data_is_taken_over(fresh_root: Path) -> None:
    with process("ensure_database(root)", fresh_root) as starter:
        wait_until((fresh_root / "postgres.new" / "PG_VERSION").exists)
        starter.kill()
    assert not (fresh_root / "postgres").exists()

    assert ensure_database(fresh_root) is True
    assert not (fresh_root / "postgres.new").exists()


def test_a_database_the_first_start_left_out_is_made(root: Path) -> None:
    ensure_database(root)
    with psycopg.connect(
        host=str(addresses(root).postgres_socket_folder), user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        connection.execute("DROP DATABASE table_assignment")

    assert ensure_database(root) is False
    assert ask(root, "SELECT 1") == 1


def test_a_hung_server_is_named_and_can_still_be_stopped(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(keeper.PATIENCE, Answer.HUNG, 0.1)
    ensure_redis(root)
    (hung,) = pids(root)[1]
    os.kill(hung, signal.SIGSTOP)

    with pytest.raises(LocalServiceError, match=rf"pid {hung}\) takes connections and does not answer"):
        ensure_redis(root)
    os.kill(hung, signal.SIGCONT)

    assert list(stop(root)) == ["The local Redis"]


def test_a_server_started_by_hand_on_the_data_is_left_alone(root: Path) -> None:
    ensure_database(root)
    command = PostgresServer(addresses=addresses(root)).command()
    stop(root)
    to_data = command.index(str(root / "postgres")) + 1
    by_hand_command = [*command[:to_data], "-c", "listen_addresses=", "-k", str(root / "postgres")]
    with subprocess.Popen(by_hand_command, cwd="/", stderr=subprocess.DEVNULL) as by_hand:
        wait_until((root / "postgres" / ".s.PGSQL.5432").exists)

        with pytest.raises(LocalServiceError, match=f"started by other means.*pid.*{by_hand.pid}"):
            ensure_database(root)

        assert by_hand.poll() is None
        by_hand.send_signal(signal.SIGQUIT)


def test_a_server_that_cannot_start_names_the_cause_the_log_and_the_way_out(root_to_ruin: Path) -> None:
    ensure_database(root_to_ruin)
    stop(root_to_ruin)
    (root_to_ruin / "postgres" / "global" / "pg_control").unlink()

    with pytest.raises(LocalServiceError) as raised:
        ensure_database(root_to_ruin)

    assert "ended while starting" in str(raised.value)
    assert str(root_to_ruin / "logs" / "postgres.log") in str(raised.value)
    assert "pg_control" in str(raised.value)


def test_a_system_that_hides_processes_is_told_what_to_do(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "PROC", tmp_path)

    with pytest.raises(LocalServiceError, match=r"need Linux with /proc. Set DATABASE_URL"):
        ensure_database(root)


def test_data_of_another_postgresql_version_are_refused_and_kept(root_to_ruin: Path) -> None:
    ensure_database(root_to_ruin)
    stop(root_to_ruin)
    overwrite(root_to_ruin / "postgres" / "PG_VERSION", "9\n")

    with pytest.raises(LocalServiceError, match=r"PostgreSQL 9 made .* is installed"):
        ensure_database(root_to_ruin)

    assert (root_to_ruin / "postgres" / "base").is_dir()


def test_status_tells_a_running_from_a_stopped_server(root: Path) -> None:
    ensure_redis(root)

    database, redis = status(root)

    assert (database.usable, list(database.pids)) == (False, [])
    assert redis.usable
    assert len(redis.pids) == 1
