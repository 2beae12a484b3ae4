"""Every test of flags starts with a process that has read none, and nothing pinned."""

import pytest


@pytest.fixture(autouse=True)
def _flags_decide(nothing_pinned: None) -> None:
    pass
