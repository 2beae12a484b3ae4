"""Every test of flags starts with a process that has read none."""

from collections.abc import Iterator
from typing import Any

import pytest

from assignments import flags
from assignments.flags.pins import VARIABLES


@pytest.fixture(autouse=True)
def v3_decides(settings: Any) -> Iterator[None]:
    """Instead of the fixture of all tests: nothing is pinned."""
    for variable in VARIABLES.values():
        setattr(settings, variable, None)
    flags.forget()
    yield
    flags.forget()
