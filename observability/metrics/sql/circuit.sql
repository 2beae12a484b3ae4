-- The breaker: openings in the window, time open within it, longest time, and since when it is open.
-- A closing tells for how long it was open. An opening that no closing follows lasts until now, unless
-- three bookings were confirmed after it: two probes close the circuit, so that a third shows it closed
-- although nobody saw it happen (its state was lost with Redis).
WITH marks AS MATERIALIZED (
    SELECT event_type, context, created_at
    FROM circuit_events()
),
closed AS (
    SELECT created_at - make_interval(secs => coalesce((context->>'open_ms')::float8, 0) / 1000) AS opened_at,
           created_at AS closed_at
    FROM marks
    WHERE event_type = 'coordinator.circuit_closed' AND created_at >= %(start)s
),
last AS (
    SELECT created_at AS told_at,
           created_at - make_interval(secs => coalesce((context->>'open_ms')::float8, 0) / 1000) AS opened_at
    FROM marks
    WHERE event_type = 'coordinator.circuit_open' AND created_at < %(end)s
    ORDER BY created_at DESC LIMIT 1
),
unclosed AS (
    SELECT opened_at,
           (SELECT at FROM observability_outcomes
            WHERE path = 'v3' AND outcome = 'confirmed' AND at > last.told_at
            ORDER BY at OFFSET 2 LIMIT 1) AS closed_at
    FROM last
    WHERE NOT EXISTS (SELECT FROM marks
                      WHERE event_type = 'coordinator.circuit_closed' AND created_at >= last.told_at)
),
open AS (
    SELECT range_agg(tstzrange(greatest(opened_at, %(start)s), least(closed_at, %(end)s))) AS spans
    FROM (SELECT opened_at, closed_at FROM closed UNION ALL SELECT opened_at, closed_at FROM unclosed) spans
    WHERE opened_at < %(end)s AND coalesce(closed_at, 'infinity') > %(start)s
)
SELECT
    (SELECT count(*) FROM marks
     WHERE event_type = 'coordinator.circuit_open' AND created_at >= %(start)s AND created_at < %(end)s
       AND coalesce((context->>'open_ms')::float8, 0) = 0) AS openings,
    (SELECT coalesce(sum(upper(span) - lower(span)), interval '0') FROM open, unnest(spans) span) AS open_for,
    (SELECT coalesce(max(upper(span) - lower(span)), interval '0') FROM open, unnest(spans) span) AS longest,
    (SELECT min(opened_at)
     FROM (SELECT opened_at, closed_at FROM closed UNION ALL SELECT opened_at, closed_at FROM unclosed) spans
     WHERE opened_at < %(end)s AND coalesce(closed_at, 'infinity') >= %(end)s) AS open_since
