"""Sparklines: a line of a day's figures beside their target, drawn on the server."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 100.0
HEIGHT = 28.0
MARGIN = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Sparkline:
    """`points` for a polyline in a box of 100 by 28; gaps part it. `target` is the y of the dashed line."""

    lines: tuple[str, ...]
    target: str


def sparkline(values: Sequence[float | None], *, target: float | None = None) -> Sparkline:
    """The line of the values, None where there was nothing; the box holds all of them and the target."""
    known = [value for value in (*values, target) if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    if high == low:
        low, high = low - 1, high + 1

    def y(value: float) -> str:
        return f"{HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (value - low) / (high - low):.1f}"

    step = WIDTH / max(1, len(values) - 1)
    lines: list[list[str]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            lines.append([])
        else:
            lines[-1].append(f"{place * step:.1f},{y(value)}")
    # A single point is no line; it is drawn as a short one.
    drawn = (line if len(line) > 1 else line * 2 for line in lines if line)
    return Sparkline(
        lines=tuple(" ".join(line) for line in drawn), target="" if target is None else y(target)
    )
