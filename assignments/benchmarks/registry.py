"""The benchmarks by name. A new one is a module with a `measure(progress)` and one line here."""

from collections.abc import Callable, Mapping

from assignments.benchmarks import engine_speed, quality
from assignments.benchmarks.figures import Figure, Progress

BENCHMARKS: Mapping[str, Callable[[Progress], list[Figure]]] = {
    "engine": engine_speed.measure,
    "quality": quality.measure,
}
