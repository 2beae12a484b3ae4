"""Seeds, throw-away servers, and the figures of a run of chaos.

CHAOS_SEEDS (`make chaos SEEDS=10`) runs every fault with that many seeds; without it a bounded
selection runs, with seed 1. A seed decides demand, order and moments; CHAOS_SEED runs just that one.
"""

import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.servers import Servers, using
from tests.chaos.site import Site

FULL = "CHAOS_SEEDS" in os.environ

full_only = pytest.mark.skipif(not FULL, reason="takes long: make chaos")

Report = Callable[..., None]
_figures: list[tuple[str, dict[str, Any]]] = []


def seeds() -> list[int]:
    if "CHAOS_SEED" in os.environ:
        return [int(os.environ["CHAOS_SEED"])]
    return list(range(1, int(os.environ.get("CHAOS_SEEDS", "1")) + 1))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", seeds())


@pytest.fixture(scope="session")
def servers(django_db_blocker: Any) -> Iterator[Servers]:
    # Not under pytest's own folder, whose path may be too private for the account PostgreSQL runs as.
    root = Path(tempfile.mkdtemp(prefix="chaos-"))
    root.chmod(0o755)
    own = Servers(root / "data")
    try:
        with django_db_blocker.unblock():
            own.start()
        yield own
    finally:
        own.stop()
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def site(servers: Servers, seed: int, tmp_path: Path, django_db_blocker: Any) -> Iterator[Site]:
    servers.redis.flushall()
    database = servers.new_database()
    with django_db_blocker.unblock(), using(servers, database):
        run = Site(servers=servers, database=database, folder=tmp_path, rng=random.Random(seed))
        run.open_restaurants((2, 2, 4, 4, 6), (2, 4, 4, 6))
        yield run


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Report:
    """Keep figures of this run for the summary."""

    def keep(**figures: Any) -> None:
        _figures.append((request.node.name, figures))

    return keep


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if FULL:
        terminalreporter.section("chaos")
        for name, figures in _figures:
            told = ", ".join(f"{key} {value}" for key, value in figures.items())
            terminalreporter.write_line(f"{name}: {told}")
