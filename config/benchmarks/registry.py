"""The benchmarks by name. A new one is a module with a `measure(progress)` and one line here."""

from collections.abc import Callable, Mapping

from assignments.benchmarks import engine_speed, quality
from assignments.benchmarks.figures import Figure, Progress
from config.benchmarks import commits, dashboards, end_to_end, flags, pages, pipeline, protection, race

BENCHMARKS: Mapping[str, Callable[[Progress], list[Figure]]] = {
    "pipeline": pipeline.measure,
    "end_to_end": end_to_end.measure,
    "commits": commits.measure,
    "protection": protection.measure,
    "race": race.measure,
    "flags": flags.measure,
    "dashboards": dashboards.measure,
    "pages": pages.measure,
    "engine": engine_speed.measure,
    "quality": quality.measure,
}
