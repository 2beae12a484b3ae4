-- Of a thousand connections the server allows, how many are taken; parallel workers and its own processes aside.
-- Of other roles' connections only whose they are is shown, unless one may read all statistics.
SELECT 1000.0 * count(*) FILTER (WHERE usesysid IS NOT NULL
                               AND coalesce(backend_type, 'client backend') = 'client backend')
       / current_setting('max_connections')::int
FROM pg_stat_activity
