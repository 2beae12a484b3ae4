"""Settings of the worker processes under chaos: as in earnest, with fail points and shorter leases.

Only waiting is shortened, by what CHAOS_LEASE (seconds) says; what is waited for stays the same.
"""

import os

from config.settings import *  # noqa: F403
from config.settings import DATABASES, INSTALLED_APPS, Q_CLUSTER, QUEUE_TIMEOUT

INSTALLED_APPS = [*INSTALLED_APPS, "tests.chaos.failpoints.FailPoints"]

ASSIGNMENT_LEASE_SECONDS = int(os.environ["CHAOS_LEASE"])
MAIL_STALE_SECONDS = 2 * ASSIGNMENT_LEASE_SECONDS
_SESSION = {
    "idle_in_transaction_session_timeout": f"{ASSIGNMENT_LEASE_SECONDS}s",
    "role": os.environ["CHAOS_ROLE"],
}
DATABASES["default"]["OPTIONS"] = {
    **DATABASES["default"].get("OPTIONS", {}),
    "options": " ".join(f"-c {name}={value}" for name, value in _SESSION.items()),
}
# A task lost with its worker comes back after this; in earnest it is three times the timeout and 20 s more.
Q_CLUSTER = {**Q_CLUSTER, "retry": max(QUEUE_TIMEOUT + 5, 4 * ASSIGNMENT_LEASE_SECONDS)}
