"""The page that Prometheus reads. Deployments show it to whoever has METRICS_TOKEN, or to nobody."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from observability.prometheus.collector import DatabaseCollector

#: Several readers, or one in a hurry, cost no more than one every few seconds does.
KEPT_FOR = timedelta(seconds=5)


def text(*, now: datetime) -> bytes:
    """All families as of a moment, in the text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(DatabaseCollector(now))
    return bytes(generate_latest(registry))


@dataclass(kw_only=True, slots=True)
class Kept:
    """What `make` last made, for `KEPT_FOR`; who comes while it is made anew waits for it. Thread-safe."""

    make: Callable[[], bytes]
    clock: Callable[[], float] = time.monotonic
    _made: bytes = b""
    _until: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self) -> bytes:
        with self._lock:
            if self.clock() >= self._until:
                self._made = self.make()
                self._until = self.clock() + KEPT_FOR.total_seconds()
            return self._made


_kept = Kept(make=lambda: text(now=timezone.now()))


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """All families; 401 without the token, 404 where a deployment has none."""
    if not settings.METRICS_TOKEN and not settings.METRICS_OPEN:
        raise Http404("METRICS_TOKEN is not set")
    if settings.METRICS_TOKEN and not _has_token(request):
        headers = {"WWW-Authenticate": 'Bearer realm="metrics"'}
        return HttpResponse("send METRICS_TOKEN as a bearer token\n", "text/plain", 401, headers=headers)
    return HttpResponse(_kept.get(), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _has_token(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and constant_time_compare(token.strip(), settings.METRICS_TOKEN)
