-- Queries for whoever watches a rollout at the SQL prompt. Windows are the last 24 hours unless a query
-- says otherwise. They read what the console reads: outcomes (one row for each booking that was decided),
-- runs (starts and errors of the coordinator), rollups (counts by minute, hour and day), bookings and
-- events. Rollups and outcomes lack the last seconds; the first query tells how many.

-- How far the rollups are: rows still to come, and when they were last complete.
SELECT feed, next_to - rolled_to AS waiting, now() - rolled_at AS since_last_count
FROM observability_feeds;

-- Confirmation and review rate: first outcome of each booking decided in the window.
SELECT count(*) FILTER (WHERE outcome = 'confirmed') AS confirmed,
       count(*) FILTER (WHERE outcome = 'manual_review') AS reviewed,
       count(*) FILTER (WHERE outcome = 'manual_review'
                        AND reason IN ('party_too_large', 'no_capacity_at_time')) AS of_these_proven,
       count(*) AS decided,
       round(100.0 * count(*) FILTER (WHERE outcome = 'confirmed') / nullif(count(*), 0), 2) AS confirmed_pct,
       round(100.0 * count(*) FILTER (WHERE outcome = 'manual_review') / nullif(count(*), 0), 2) AS reviewed_pct
FROM observability_outcomes
WHERE at >= now() - interval '24 hours';

-- The same by path.
SELECT path, outcome, count(*) FROM observability_outcomes
WHERE at >= now() - interval '24 hours'
GROUP BY path, outcome ORDER BY path, outcome;

-- Confirmation rate in steps of five minutes.
SELECT time_bucket('5 minutes', at) AS time,
       round(100.0 * count(*) FILTER (WHERE outcome = 'confirmed') / count(*), 2) AS confirmed_pct,
       count(*) AS decided
FROM observability_outcomes
WHERE at >= now() - interval '24 hours'
GROUP BY 1 ORDER BY 1;

-- Error rate: bookings with an error of the coordinator, of those it started.
SELECT count(DISTINCT booking_id) FILTER (WHERE failed) AS failed,
       count(DISTINCT booking_id) AS started,
       round(100.0 * count(DISTINCT booking_id) FILTER (WHERE failed)
             / nullif(count(DISTINCT booking_id), 0), 2) AS failed_pct
FROM observability_runs
WHERE at >= now() - interval '24 hours';

-- Restaurants with the highest share of reviews.
SELECT o.restaurant_id, r.name, count(*) FILTER (WHERE outcome = 'manual_review') AS reviewed,
       count(*) AS decided,
       round(100.0 * count(*) FILTER (WHERE outcome = 'manual_review') / count(*), 2) AS reviewed_pct
FROM observability_outcomes o JOIN restaurants r ON r.id = o.restaurant_id
WHERE o.at >= now() - interval '24 hours'
GROUP BY 1, 2 ORDER BY reviewed_pct DESC, reviewed DESC LIMIT 20;

-- Why bookings went to people.
SELECT path, reason, count(*) FROM observability_outcomes
WHERE outcome = 'manual_review' AND at >= now() - interval '24 hours'
GROUP BY 1, 2 ORDER BY 3 DESC;

-- Why runs were put off, and for how long.
SELECT label AS reason, sum(count) AS retries, round((sum(total) / sum(count))::numeric) AS mean_delay_ms,
       max(peak) AS longest_delay_ms
FROM observability_rollups
WHERE series = 'retry' AND restaurant_id = 0 AND width = 3600 AND bucket >= now() - interval '24 hours'
GROUP BY 1 ORDER BY 2 DESC;

-- Transitions made, on both paths.
SELECT label AS transition, sum(count) AS made
FROM observability_rollups
WHERE series = 'transition' AND restaurant_id = 0 AND width = 3600 AND bucket >= now() - interval '24 hours'
GROUP BY 1 ORDER BY 2 DESC;

-- How often each strategy placed a booking.
SELECT label AS strategy, sum(count) AS placed, sum(total) AS bookings_moved
FROM observability_rollups
WHERE series = 'strategy' AND restaurant_id = 0 AND width = 3600 AND bucket >= now() - interval '24 hours'
GROUP BY 1 ORDER BY 2 DESC;

-- Percentiles of the coordinator's deciding run in milliseconds (bins, off by at most 2 %).
WITH bins AS (
    SELECT label::int AS bin, sum(count) AS count FROM observability_rollups
    WHERE series = 'latency' AND restaurant_id = 0 AND width = 3600 AND bucket >= now() - interval '24 hours'
    GROUP BY 1
), ranked AS (
    SELECT bin, sum(count) OVER (ORDER BY bin) AS seen, sum(count) OVER () AS of FROM bins
)
SELECT round((1.04 ^ (min(bin) FILTER (WHERE seen >= ceil(0.50 * of)) + 0.5))::numeric, 1) AS p50_ms,
       round((1.04 ^ (min(bin) FILTER (WHERE seen >= ceil(0.95 * of)) + 0.5))::numeric, 1) AS p95_ms,
       round((1.04 ^ (min(bin) FILTER (WHERE seen >= ceil(0.99 * of)) + 0.5))::numeric, 1) AS p99_ms
FROM ranked;

-- Shadow runs by class.
SELECT class, count(*) FROM shadow_comparisons
WHERE created_at >= now() - interval '24 hours'
GROUP BY 1 ORDER BY 2 DESC;

-- The breaker: openings and closings. An opening with open_ms above 0 is a probe that failed.
SELECT created_at, event_type, context->>'failures' AS failures, context->>'open_ms' AS open_ms
FROM observability_events
WHERE event_type IN ('coordinator.circuit_open', 'coordinator.circuit_closed')
  AND created_at >= now() - interval '24 hours'
ORDER BY created_at DESC LIMIT 50;

-- What went wrong, newest first.
SELECT created_at, source, event_type, restaurant_id, booking_id, context
FROM observability_events
WHERE severity IN ('error', 'critical') AND created_at >= now() - interval '24 hours'
ORDER BY created_at DESC LIMIT 50;

-- Bookings in review now, by reason.
SELECT h.reason, count(*), max(now() - h.created_at) AS oldest
FROM bookings b
JOIN booking_assignment_state_history h ON h.booking_id = b.id AND h.version = b.assignment_state_version
WHERE b.assignment_state = 'manual_review'
GROUP BY 1 ORDER BY 2 DESC;

-- Alert: confirmation below 90 % for 10 minutes (at least 20 decided).
SELECT count(*) >= 20 AND 100.0 * count(*) FILTER (WHERE outcome = 'confirmed') / nullif(count(*), 0) < 90 AS firing,
       count(*) AS decided
FROM observability_outcomes WHERE at >= now() - interval '10 minutes';

-- Alert: errors above 5 % for 10 minutes (at least 20 started).
SELECT count(DISTINCT booking_id) >= 20
       AND 100.0 * count(DISTINCT booking_id) FILTER (WHERE failed) / nullif(count(DISTINCT booking_id), 0) > 5 AS firing,
       count(DISTINCT booking_id) AS started
FROM observability_runs WHERE at >= now() - interval '10 minutes';

-- Alert: reviews above 20 % of the outcomes of a day back from now (at least 20 decided).
SELECT count(*) >= 20
       AND 100.0 * count(*) FILTER (WHERE outcome = 'manual_review') / nullif(count(*), 0) > 20 AS firing,
       count(*) AS decided
FROM observability_outcomes WHERE at >= now() - interval '24 hours';

-- Alert: breaker open for more than 5 minutes. Its latest word is an opening, and none was confirmed since.
SELECT coalesce(last.event_type = 'coordinator.circuit_open'
       AND now() - (last.created_at - make_interval(secs => (last.context->>'open_ms')::float8 / 1000))
           > interval '5 minutes'
       AND (SELECT count(*) FROM observability_outcomes o
            WHERE o.path = 'v3' AND o.outcome = 'confirmed' AND o.at > last.created_at) < 3, false) AS firing
FROM (SELECT 1) always
LEFT JOIN LATERAL (
    SELECT event_type, created_at, context FROM observability_events
    WHERE event_type IN ('coordinator.circuit_open', 'coordinator.circuit_closed')
    ORDER BY created_at DESC LIMIT 1) last ON true;

-- Alert: bookings that have not moved for 10 minutes.
SELECT count(*) > 0 AS firing, count(*) AS stuck, min(updated_at) AS since
FROM bookings
WHERE assignment_state IN ('created', 'capacity_verified', 'assignment_pending', 'assignment_in_progress', 'assigned')
  AND updated_at <= now() - interval '10 minutes';

-- Alert: p95 of the deciding run above 5 s for 15 minutes (at least 20 runs).
SELECT count(*) >= 20 AND percentile_disc(0.95) WITHIN GROUP (ORDER BY (context->>'duration_ms')::float8) > 5000 AS firing,
       count(*) AS runs
FROM observability_events
WHERE event_type IN ('coordinator.confirmed', 'coordinator.manual_review')
  AND created_at >= now() - interval '15 minutes';

-- Alert: mails of which nobody can tell whether they arrived.
SELECT count(*) > 0 AS firing, count(*) AS unknown FROM outbox_messages WHERE status = 'unknown';

-- Alert: bookings come in and no event is told (stale), or nothing is counted.
SELECT (SELECT count(*) FROM bookings WHERE created_at >= now() - interval '10 minutes') > 0
       AND NOT EXISTS (SELECT FROM observability_events WHERE created_at >= now() - interval '10 minutes') AS firing;

-- Health in one query: HEALTHY, WARNING or CRITICAL, or NO DATA, which is not healthy.
SELECT *,
       CASE WHEN confirmed + reviewed = 0 AND errors = 0 AND stuck = 0 THEN 'NO DATA'
            WHEN errors > 10 OR 100.0 * confirmed / nullif(confirmed + reviewed, 0) < 90 THEN 'CRITICAL'
            WHEN errors = 0 AND stuck = 0 AND 100.0 * confirmed / nullif(confirmed + reviewed, 0) >= 95
                 AND 100.0 * reviewed / nullif(confirmed + reviewed, 0) < 10 THEN 'HEALTHY'
            ELSE 'WARNING' END AS verdict
FROM (
    SELECT count(*) FILTER (WHERE to_state = 'confirmed') AS confirmed,
           count(*) FILTER (WHERE to_state = 'manual_review') AS reviewed,
           (SELECT count(*) FROM observability_events
            WHERE event_type = 'coordinator.error' AND created_at >= now() - interval '24 hours') AS errors,
           (SELECT count(*) FROM bookings
            WHERE assignment_state IN ('created', 'capacity_verified', 'assignment_pending',
                                       'assignment_in_progress', 'assigned')
              AND updated_at <= now() - interval '10 minutes') AS stuck
    FROM (
        SELECT DISTINCT ON (h.booking_id) h.to_state, h.created_at
        FROM bookings b JOIN booking_assignment_state_history h ON h.booking_id = b.id
        WHERE b.updated_at >= now() - interval '24 hours' AND h.to_state IN ('confirmed', 'manual_review')
        ORDER BY h.booking_id, h.version
    ) first_outcomes
    WHERE created_at >= now() - interval '24 hours'
) counted;
