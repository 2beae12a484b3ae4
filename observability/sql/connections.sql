-- Of a thousand connections the server allows, how many are taken; parallel workers and its own processes aside.
SELECT 1000.0 * count(*) FILTER (WHERE backend_type = 'client backend') / current_setting('max_connections')::int
FROM pg_stat_activity
