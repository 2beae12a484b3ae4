-- Whether any of these transactions is not over.
SELECT EXISTS (SELECT FROM pg_locks WHERE virtualtransaction = ANY(%(writers)s))
