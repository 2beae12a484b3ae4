"""What load balancers and orchestrators ask: whether this process lives, and whether it can serve.

Nobody signs in for these, so they say in one word each what is there, and nothing of where or why.
"""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from assignments.protection import redis_access


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> JsonResponse:
    """200 while this process answers at all; asks nobody else."""
    return JsonResponse({"status": "alive"})


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> JsonResponse:
    """200 if the database answers and has every migration, else 503. Redis is told, and may be away."""
    try:
        parts = {"database": "ok", "migrations": "applied" if _is_migrated() else "missing"}
    except DatabaseError:
        parts = {"database": "away", "migrations": "unknown"}
    ready = parts == {"database": "ok", "migrations": "applied"}
    told = {"status": "ready" if ready else "not ready", **parts, "redis": _redis()}
    return JsonResponse(told, status=200 if ready else 503)


def _is_migrated() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _redis() -> str:
    try:
        redis_access.ask(lambda redis: redis.ping())
    except RedisError:
        return "away"
    return "ok"
