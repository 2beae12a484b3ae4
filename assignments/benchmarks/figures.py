"""What a benchmark yields: named figures, some with a target."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assignments.benchmarks.text import table

Progress = Callable[[str], object]
"""Called with a line that says what is being measured now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A measured value. With `at_most` or `at_least` it has a target that is met or missed."""

    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """None without a target."""
        if self.at_most is None and self.at_least is None:
            return None
        above = self.at_least is None or self.value >= self.at_least
        below = self.at_most is None or self.value <= self.at_most
        return above and below

    @property
    def target(self) -> str:
        if self.at_most is not None:
            return f"<= {self.at_most:g}"
        return f">= {self.at_least:g}" if self.at_least is not None else ""

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "value": round(self.value, 5),
            "unit": self.unit,
            "target": self.target,
            "met": self.met,
            "note": self.note,
        }


Measured = Mapping[str, Sequence[Figure]]
"""Figures by the name of their benchmark."""

_VERDICTS = {None: "", True: "PASS", False: "MISS"}
_HEAD = ("benchmark", "figure", "value", "unit", "target", "", "note")


def as_table(measured: Measured) -> str:
    """One line for each figure, as plain text."""
    return table(_HEAD, _rows(measured))


def as_markdown(measured: Measured) -> str:
    """The same as a Markdown table."""
    lines = [_HEAD, ("---", "---", "---:", "---", "---", "---", "---"), *_rows(measured)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def as_json(measured: Measured) -> str:
    """All figures by benchmark."""
    content = {name: [item.as_json() for item in figures] for name, figures in measured.items()}
    return json.dumps(content, indent=1)


def _rows(measured: Measured) -> list[tuple[str, ...]]:
    return [
        (name, item.name, f"{item.value:.4g}", item.unit, item.target, _VERDICTS[item.met], item.note)
        for name, figures in measured.items()
        for item in figures
    ]
