"""How far the version in force has got: each worker's word and how long it took."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from assignments.flags.acknowledgements import Worker, workers
from assignments.flags.pins import VARIABLES, pins
from assignments.models import FlagState
from config.console.elapsed import elapsed
from config.console.flag_rights import check

#: Every live worker runs a change within this many seconds; a kill is promised to.
LIMIT_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerRow:
    """`took` is from the change to its word, empty if it started later; `pinned` by its environment."""

    name: str
    version: int
    took: str
    is_live: bool
    has_it: bool
    heard: str
    pinned: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """How far a version has got among the workers that live."""

    version: int
    rows: tuple[WorkerRow, ...]
    live: int
    reached: int
    slowest: str
    is_late: bool
    waiting_for: str

    @property
    def is_everywhere(self) -> bool:
        return self.reached == self.live


@require_safe
def effect(request: HttpRequest) -> HttpResponse:
    """The workers' part of the page, which refreshes by itself."""
    check(request)
    return TemplateResponse(request, "flags/effect.html", {"reach": reach(timezone.now())})


def reach(now: datetime) -> Reach:
    """Two queries."""
    state = FlagState.objects.first() or FlagState(version=0, changed_at=now)
    found = workers()
    live = [worker for worker in found if worker.live]
    took = [_seconds(worker, state) for worker in live if worker.version >= state.version]
    slowest = max(took, default=0.0)
    behind = len(live) - len(took)
    waited = (now - state.changed_at).total_seconds()
    return Reach(
        version=state.version,
        rows=tuple(_row(worker, state) for worker in found),
        live=len(live),
        reached=len(took),
        slowest=_words(slowest),
        is_late=(waited if behind else slowest) > LIMIT_SECONDS,
        waiting_for=_words(waited) if behind else "",
    )


def pinned_here() -> list[tuple[str, str]]:
    """Flag and variable with its value, of the process that shows the page."""
    return [(flag, f"{VARIABLES[flag]}={str(value).lower()}") for flag, value in pins().as_dict().items()]


def _row(worker: Worker, state: FlagState) -> WorkerRow:
    has_it = worker.version >= state.version
    seconds = _seconds(worker, state)
    return WorkerRow(
        name=worker.worker,
        version=worker.version,
        took=_words(seconds) if has_it and seconds else "",
        is_live=worker.live,
        has_it=has_it,
        heard=f"{worker.age:.0f} s",
        pinned=", ".join(f"{flag} {str(value).lower()}" for flag, value in worker.pins.items()),
    )


def _seconds(worker: Worker, state: FlagState) -> float:
    """From the change to the worker's word; 0 for one that started with it or runs another."""
    if worker.version != state.version or worker.started_at > state.changed_at:
        return 0.0
    return max(0.0, (worker.acknowledged_at - state.changed_at).total_seconds())


def _words(seconds: float) -> str:
    return elapsed(timedelta(seconds=seconds))
