"""The circuit breaker: stops all workers from hammering something that fails for everyone.

Closed → open after THRESHOLD consecutive unexpected errors; after COOLDOWN exactly one run over all
workers may probe; SUCCESSES of them close it, any failure opens it again. Contention, permits,
conflicts and "no plan" are no failures. The state is one hash in Redis, changed by one Lua script on
the server's clock. Without Redis each process keeps a circuit of its own until Redis answers again.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from django.core.cache import caches
from redis.exceptions import RedisError

from assignments.protection.redis_access import Script, ask

logger = logging.getLogger(__name__)

THRESHOLD = 5
COOLDOWN = timedelta(seconds=15)
SUCCESSES = 2

#: A probe whose worker is gone is given up after this, and another run may probe.
PROBE_LEASE = timedelta(seconds=30)

#: An open circuit is asked again no sooner than this.
SHORTEST_DELAY = timedelta(seconds=1)

_SCRIPT = Script(Path(__file__).with_name("breaker.lua").read_text())


class Verdict(StrEnum):
    """What the circuit says: on admission CLOSED, OPEN or PROBE, on a result the rest."""

    CLOSED = "closed"
    OPEN = "open"
    PROBE = "probe"
    OPENED = "opened"
    HALF_OPEN = "half_open"
    RECLOSED = "reclosed"
    IGNORED = "ignored"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A verdict, how long to stay away, consecutive failures, and for how long it has been open."""

    verdict: Verdict
    delay: timedelta = timedelta(0)
    failures: int = 0
    open_for: timedelta = timedelta(0)


@dataclass(kw_only=True, slots=True)
class LocalCircuit:
    """The same circuit for one process, for while Redis is away. Thread-safe."""

    clock: Callable[[], float] = time.monotonic
    failures: int = 0
    successes: int = 0
    closed: bool = True
    since: float = 0.0
    until: float = 0.0
    probe: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, action: str, token: str) -> Answer:
        with self.lock:
            if action == "admit":
                return self._admit(token)
            if action == "abstain":
                return self._abstain(token)
            return self._report(token, success=action == "success")

    def _admit(self, token: str) -> Answer:
        now = self.clock()
        if self.closed:
            return Answer(verdict=Verdict.CLOSED, failures=self.failures)
        open_for = timedelta(seconds=now - self.since)
        if now < self.until:
            wait = timedelta(seconds=self.until - now)
            return Answer(verdict=Verdict.OPEN, delay=wait, failures=self.failures, open_for=open_for)
        self.until, self.probe = now + PROBE_LEASE.total_seconds(), token
        return Answer(verdict=Verdict.PROBE, failures=self.failures, open_for=open_for)

    def _abstain(self, token: str) -> Answer:
        if self.probe == token:
            self.until, self.probe = self.clock(), None
        return Answer(verdict=Verdict.IGNORED, failures=self.failures)

    def _report(self, token: str, *, success: bool) -> Answer:
        now = self.clock()
        if self.closed:
            self.failures = 0 if success else self.failures + 1
            return (
                self._open(now, fresh=True) if self.failures >= THRESHOLD else Answer(verdict=Verdict.CLOSED)
            )
        if self.probe != token:
            return Answer(verdict=Verdict.IGNORED, failures=self.failures)
        if not success:
            return self._open(now, fresh=False)
        self.successes, self.probe, self.until = self.successes + 1, None, now
        if self.successes < SUCCESSES:
            return Answer(verdict=Verdict.HALF_OPEN, failures=self.failures)
        self.closed, self.failures = True, 0
        return Answer(verdict=Verdict.RECLOSED, open_for=timedelta(seconds=now - self.since))

    def _open(self, now: float, *, fresh: bool) -> Answer:
        self.closed, self.successes, self.probe = False, 0, None
        self.since = now if fresh else self.since
        self.until = now + COOLDOWN.total_seconds()
        return Answer(
            verdict=Verdict.OPENED,
            delay=COOLDOWN,
            failures=self.failures,
            open_for=timedelta(seconds=now - self.since),
        )


_local = LocalCircuit()


@dataclass(frozen=True, kw_only=True, slots=True)
class Breaker:
    """One run's dealings with the circuit: `admit` before it starts, then `report` how it went."""

    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    def admit(self) -> Answer:
        """Whether the run may start: OPEN means no, come back after `delay`."""
        answer = _ask("admit", self.token)
        if answer.verdict is not Verdict.OPEN:
            return answer
        return Answer(
            verdict=Verdict.OPEN,
            delay=max(SHORTEST_DELAY, answer.delay),
            failures=answer.failures,
            open_for=answer.open_for,
        )

    def abstain(self, admission: Answer) -> None:
        """The run ended without telling anything about the service: a probe gives way to the next."""
        if admission.verdict is Verdict.PROBE:
            _ask("abstain", self.token)

    def report(self, *, success: bool, admission: Answer | None = None) -> Answer:
        """Tell how the run went; OPENED and RECLOSED say that it changed the circuit.

        A success clears failures away. One that began when there were none has none to clear, as it is older
        than those that came since: it is not told.
        """
        if success and admission == Answer(verdict=Verdict.CLOSED):
            return admission
        return _ask("success" if success else "failure", self.token)


def _ask(action: str, token: str) -> Answer:
    try:
        return _ask_redis(action, token)
    except RedisError as error:
        logger.warning(
            "Redis does not answer (%s); this process keeps a circuit of its own", type(error).__name__
        )
        return _local.ask(action, token)


def _ask_redis(action: str, token: str) -> Answer:
    key = caches["default"].make_key("breaker:assignment")
    arguments: list[str | int] = [action, THRESHOLD, _ms(COOLDOWN), SUCCESSES, _ms(PROBE_LEASE), token]
    verdict, delay, failures, open_for = ask(lambda client: _SCRIPT.run(client, [key], arguments))
    return Answer(
        verdict=Verdict(verdict.decode()),
        delay=timedelta(milliseconds=delay),
        failures=failures,
        open_for=timedelta(milliseconds=open_for),
    )


def _ms(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)
