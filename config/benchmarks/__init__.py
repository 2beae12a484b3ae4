"""Measurements of the whole system on the real servers: `manage.py bench NAME`."""

#: The environment variable that tells the processes of a measured cluster their throw-away database.
DATABASE_VARIABLE = "BENCH_DATABASE"

#: django-q2's variable for the queue a cluster works on. A measured cluster that has another than ours takes
#: its tasks as django-q2 does by itself.
QUEUE_VARIABLE = "Q_CLUSTER_NAME"
