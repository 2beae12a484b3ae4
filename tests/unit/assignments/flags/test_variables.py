"""The three documented variables: checked like all others, and unset they leave the flags to the database."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from assignments.flags.pins import VARIABLES as PINNING
from assignments.models import MAX_SLOTS
from config.environment import Reader
from config.variables import VARIABLES

V3, SHADOW, LIMIT = PINNING["v3"], PINNING["shadow"], PINNING["max_parallel"]


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(dotenv=tmp_path / "none")


def test_they_are_the_documented_ones() -> None:
    assert (V3, SHADOW, LIMIT) == (
        "FEATURE_ASSIGNMENT_PIPELINE_V3",
        "FEATURE_ASSIGNMENT_PIPELINE_V3_SHADOW",
        "FEATURE_ASSIGNMENT_PIPELINE_V3_MAX_PARALLEL",
    )
    assert set(PINNING.values()) <= set(VARIABLES)


@pytest.mark.parametrize("value", [None, "", " "])
def test_unset_or_empty_they_pin_nothing(
    reader: Reader, value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in PINNING.values():
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert reader.optional_flag(V3) is None
    assert reader.optional_flag(SHADOW) is None
    assert reader.optional_whole_number(LIMIT, lowest=1, highest=MAX_SLOTS) is None


@pytest.mark.parametrize(("value", "pinned"), [("true", True), ("FALSE", False), ("1", True), ("off", False)])
def test_a_flag_is_pinned_on_or_off(
    reader: Reader, value: str, pinned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(V3, value)
    assert reader.optional_flag(V3) is pinned


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        (V3, "maybe", "'maybe' is neither true nor false"),
        (SHADOW, "2", "'2' is neither true nor false"),
        (LIMIT, "0", "'0' is not a whole number from 1 to 10"),
        (LIMIT, "11", "'11' is not a whole number from 1 to 10"),
        (LIMIT, "three", "'three' is not a whole number"),
    ],
)
def test_a_bad_value_is_refused_by_name(
    reader: Reader, name: str, value: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    def read() -> None:
        if name == LIMIT:
            reader.optional_whole_number(name, lowest=1, highest=MAX_SLOTS)
        else:
            reader.optional_flag(name)

    with pytest.raises(ImproperlyConfigured, match=f"{name}: {why}"):
        read()
