-- V3's planning in shadow runs, each row.
SELECT count(value) AS count, avg(value)::float8 AS mean, max(value) AS longest,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY value) AS p50,
       percentile_disc(0.95) WITHIN GROUP (ORDER BY value) AS p95,
       percentile_disc(0.99) WITHIN GROUP (ORDER BY value) AS p99
FROM (
    SELECT (context->>'duration_ms')::float8 AS value FROM observability_events
    WHERE event_type = 'shadow.compared'
      AND created_at >= %(start)s AND created_at < %(end)s
      AND (%(restaurant)s = 0 OR restaurant_id = %(restaurant)s)
) timed
