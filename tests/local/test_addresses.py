from pathlib import Path

import pytest
from redis import ConnectionPool

from config.local.addresses import MARK, addresses, data_root, database_settings, redis_url

LONGEST_SOCKET_PATH = 107  # bytes, on Linux


def test_the_data_folder_is_inside_the_clone() -> None:
    assert data_root(Path("/srv/clone")) == Path("/srv/clone/.local")


def test_computing_addresses_makes_nothing(tmp_path: Path) -> None:
    database_settings(tmp_path / ".local")
    redis_url(tmp_path / ".local")

    assert list(tmp_path.iterdir()) == []
    assert not addresses(tmp_path / ".local").runtime.exists()


def test_the_same_clone_has_the_same_addresses_by_every_path(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path)

    assert addresses(link / ".local") == addresses(tmp_path / "x" / ".." / ".local")


def test_the_name_of_the_sockets_folder_is_a_whole_mark() -> None:
    assert MARK.fullmatch(addresses(Path("/srv/clone/.local")).runtime.name)


def test_two_clones_share_no_address() -> None:
    one, other = Path("/srv/one/.local"), Path("/srv/other/.local")

    assert database_settings(one)["HOST"] != database_settings(other)["HOST"]
    assert redis_url(one) != redis_url(other)


def test_sockets_of_a_deeply_nested_clone_stay_within_the_limit() -> None:
    deep = addresses(Path("/srv", *["a-rather-long-folder-name"] * 20, ".local"))

    longest = max(len(bytes(path)) for path in (deep.postgres_socket, deep.redis_socket))
    assert longest < LONGEST_SOCKET_PATH


def test_the_shell_of_the_user_does_not_bend_the_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path("/srv/clone/.local")
    before = database_settings(root)
    for name in ("TMPDIR", "XDG_RUNTIME_DIR", "PGHOST", "PGPORT"):
        monkeypatch.setenv(name, "/elsewhere")

    assert database_settings(root) == before
    assert before["PORT"] == "5432"


def test_redis_py_reads_the_address() -> None:
    root = Path("/srv/clone/.local")

    pool = ConnectionPool.from_url(redis_url(root))

    assert pool.connection_kwargs["path"] == str(addresses(root).redis_socket)
    assert pool.connection_kwargs["db"] == 0
