"""What a run reads from outside, handed in so that tests decide it."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """The clock of the domain, and the jitter of retries in [0, 1) s."""

    clock: Callable[[], datetime] = timezone.now
    jitter: Callable[[], float] = random.random


LIVE = Edge()
