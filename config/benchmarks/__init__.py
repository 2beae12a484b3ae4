"""Measurements of the whole system on the real servers: `manage.py bench NAME`."""

#: The environment variable that tells the processes of a measured cluster their throw-away database.
DATABASE_VARIABLE = "BENCH_DATABASE"
