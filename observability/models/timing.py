"""How long the database and the intake take, counted by the minute in bins."""

from enum import StrEnum

from django.db import models
from django.db.models import Q


class Timed(StrEnum):
    """What is timed in milliseconds; of connections, how many in a thousand are taken."""

    QUERY = "query"
    """One statement, from sending it to its rows."""
    INTAKE = "intake"
    """One booking taken by the channels' API, from request to answer."""
    CONNECTIONS = "connections"


class ServiceTiming(models.Model):
    """How often something took a time that falls in a bin (the database's `log_bin`), in a minute."""

    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in Timed])
    minute = models.DateTimeField()
    bin = models.SmallIntegerField()
    count = models.PositiveIntegerField()

    class Meta:
        db_table = "observability_timings"
        constraints = [
            models.UniqueConstraint(fields=["kind", "minute", "bin"], name="timings_once"),
            models.CheckConstraint(
                name="timings_kind_known", condition=Q(kind__in=[kind.value for kind in Timed])
            ),
            models.CheckConstraint(name="timings_counted", condition=Q(count__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.count} of {self.kind} in bin {self.bin}"
