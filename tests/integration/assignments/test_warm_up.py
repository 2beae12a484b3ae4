"""A worker is made ready before its first booking."""

import gc
import sys
from collections.abc import Iterator

import pytest

from assignments.warm_up import SLOW_MODULES, warm_up


@pytest.fixture
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_the_solvers_are_loaded_and_the_garbage_collector_leaves_out_what_stays(thawed: None) -> None:
    before = gc.get_freeze_count()
    warm_up()
    assert sys.modules.keys() >= set(SLOW_MODULES)
    assert gc.get_freeze_count() > before + 10_000
