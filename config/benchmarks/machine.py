"""The machine and the servers of a measurement, in a line: figures mean nothing without them."""

import os
import platform
from pathlib import Path

from django.db import connection

_CPU = Path("/proc/cpuinfo")


def machine() -> str:
    """Processor, cores, load, Python and PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgresql = cursor.fetchone()[0]
    return (
        f"{_processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {platform.system()}, "
        f"Python {platform.python_version()}, PostgreSQL {postgresql}"
    )


def _processor() -> str:
    lines = _CPU.read_text().splitlines() if _CPU.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
