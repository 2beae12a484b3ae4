"""Root, an ordinary user and several users on one machine."""

import os
import pwd
import stat
from pathlib import Path

import pytest

from config.local.addresses import addresses
from config.local.errors import LocalServiceError
from config.local.services import ensure_database, ensure_redis
from tests.local.probes import ask, output, pids, ping, postmaster

NOBODY = pwd.getpwnam("nobody").pw_uid
# dac_override and dac_read_search; containers often have the first only.
READING_PAST_RIGHTS = {1 << 1, 1 << 2}
BECOME = "os.setgroups([]); os.setresgid({uid}, {uid}, {uid}); os.setresuid({uid}, {uid}, {uid})\n"
FAIL_READABLY = """
try:
    print(ensure_database(root))
except Exception as error:
    print(type(error).__name__, error)
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def capabilities(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (effective,) = (line for line in lines if line.startswith("CapEff:"))
    return int(effective.split()[1], base=16)


def rights_above(path: Path) -> dict[Path, int]:
    return {parent: stat.S_IMODE(parent.stat().st_mode) for parent in path.parents}


@as_root
def test_root_lends_postgresql_an_account_without_any_capability(root: Path) -> None:
    ensure_database(root)

    assert Path(f"/proc/{postmaster(root)}").stat().st_uid != 0
    assert capabilities(postmaster(root)) == 0


@as_root
def test_roots_clone_in_a_closed_folder_works_and_stays_closed(fresh_root: Path) -> None:
    fresh_root.parent.chmod(0o700)
    before = rights_above(fresh_root)

    ensure_database(fresh_root)
    ensure_redis(fresh_root)

    assert ask(fresh_root, "SELECT 1") == 1
    assert ping(fresh_root) == b"+PONG\r\n"
    assert rights_above(fresh_root) == before
    assert Path(f"/proc/{postmaster(fresh_root)}").stat().st_uid != 0
    assert capabilities(postmaster(fresh_root)) in READING_PAST_RIGHTS


@as_root
def test_root_without_the_capability_is_told_what_to_do_about_a_closed_folder(fresh_root: Path) -> None:
    fresh_root.parent.chmod(0o700)

    said = output(
        FAIL_READABLY, fresh_root, prefix=["setpriv", "--bounding-set=-dac_read_search,-dac_override"]
    )

    assert said.startswith("LocalServiceError PostgreSQL does not run as root, and user ")
    assert "cannot reach" in said
    assert "set DATABASE_URL" in said


@as_root
def test_root_of_a_container_may_not_look_into_processes_and_still_manages(root: Path) -> None:
    script = """
import shutil
ensure_database(root)
os.kill(status(root)[0].pids[0], 9)
print(ensure_database(root), len(status(root)[0].pids))
shutil.rmtree(addresses(root).runtime)
print(ensure_database(root), *stop(root))
"""

    said = output(script, root, prefix=["setpriv", "--bounding-set=-sys_ptrace"])

    assert said == "True 1\nTrue The local PostgreSQL"


@as_root
def test_an_ordinary_user_starts_and_stops_servers(fresh_root: Path) -> None:
    os.chown(fresh_root.parent, NOBODY, NOBODY)

    said = output(
        BECOME.format(uid=NOBODY)
        + "print(ensure_database(root), ensure_redis(root), ensure_database(root), *stop(root), sep=', ')",
        fresh_root,
    )

    assert said == "True, True, False, The local PostgreSQL, The local Redis"
    assert (fresh_root / "postgres").stat().st_uid == NOBODY


@as_root
def test_the_data_of_another_user_are_refused(root: Path) -> None:
    said = output(BECOME.format(uid=NOBODY) + FAIL_READABLY, root)

    assert said == (
        f"LocalServiceError {root} belongs to user root, and this process runs as nobody. "
        "Run as root, or stop the servers as root and remove the folder."
    )


@as_root
def test_a_user_without_a_name_is_told_what_to_do(fresh_root: Path) -> None:
    os.chown(fresh_root.parent, 54321, 54321)

    said = output(BECOME.format(uid=54321) + FAIL_READABLY, fresh_root)

    assert said.startswith("LocalServiceError User 54321 has no name on this system")


@as_root
def test_other_users_cannot_connect(root: Path) -> None:
    ensure_database(root)
    ensure_redis(root)
    account = Path(f"/proc/{postmaster(root)}").stat().st_uid
    where = addresses(root)
    attempt_both = f"""
import psycopg, socket
try:
    socket.socket(socket.AF_UNIX).connect({str(where.redis_socket)!r})
except OSError as error:
    print(error.strerror)
try:
    psycopg.connect("host={where.postgres_socket_folder} user=postgres dbname=postgres")
except psycopg.OperationalError as error:
    print("Peer authentication failed" in str(error) or "Permission denied" in str(error))
"""

    for uid in (54321, account):
        assert output(BECOME.format(uid=uid) + attempt_both, root) == "Permission denied\nTrue"


@as_root
def test_a_socket_folder_prepared_by_somebody_else_is_refused(fresh_root: Path) -> None:
    runtime = addresses(fresh_root).runtime
    runtime.mkdir(mode=0o777)
    os.chown(runtime, NOBODY, NOBODY)

    with pytest.raises(LocalServiceError, match=f"{runtime} belongs to user nobody"):
        ensure_redis(fresh_root)

    assert pids(fresh_root) == ([], [])


def test_a_link_in_place_of_the_socket_folder_is_refused(fresh_root: Path, tmp_path: Path) -> None:
    runtime = addresses(fresh_root).runtime
    runtime.symlink_to(tmp_path)
    try:
        with pytest.raises(LocalServiceError, match="is in the way: it is not a folder"):
            ensure_redis(fresh_root)
    finally:
        runtime.unlink()


def test_a_data_folder_that_cannot_be_made_is_named(fresh_root: Path) -> None:
    fresh_root.write_text("a file in the way")

    with pytest.raises(
        LocalServiceError, match=f"{fresh_root} .* cannot be made: File exists. .*LOCAL_DATA_DIR"
    ):
        ensure_database(fresh_root)


def test_the_folders_of_the_servers_are_closed_to_others(root: Path) -> None:
    ensure_database(root)
    ensure_redis(root)
    where = addresses(root)

    for folder in (
        root / "postgres",
        root / "redis",
        where.postgres_socket_folder,
        where.redis_socket.parent,
    ):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
