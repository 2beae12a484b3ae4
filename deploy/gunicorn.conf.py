"""gunicorn's settings; where it listens is said on its command line.

WEB_CONCURRENCY (processes, default 2) is gunicorn's own variable.
"""

from pathlib import Path

wsgi_app = "config.wsgi:application"
worker_class = "gthread"
threads = 4
# Longer than any page; a process that is silent for so long is replaced.
timeout = 30
# Requests under way may end before a stop; systemd and compose wait longer.
graceful_timeout = 25
# In memory: a slow disk must not look like a silent process.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - no file of ours
# Leaks of libraries end with their process; the jitter keeps processes from ending together.
max_requests = 5_000
max_requests_jitter = 500
# No access log: addresses may hold what people searched for. The proxy keeps one without queries.
accesslog = None
# Commands come from systemd or the container's runtime; a socket in somebody's home is not needed.
control_socket_disable = True
