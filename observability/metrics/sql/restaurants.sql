-- By restaurant: bookings received, outcomes, different bookings started and failed. As in the files
-- `series` and `started`, with buckets of all restaurants at once and without steps.
WITH buckets AS MATERIALIZED (
    SELECT r.restaurant_id, r.series, r.label, sum(r.count) AS count
    FROM unnest(%(widths)s::int[], %(starts)s::timestamptz[], %(ends)s::timestamptz[]) p(width, start_at, end_at)
    CROSS JOIN unnest(ARRAY['received', 'outcome', 'run']) AS wanted(series)
    CROSS JOIN restaurants
    CROSS JOIN LATERAL (
        SELECT * FROM observability_rollups r
        WHERE r.series = wanted.series AND r.restaurant_id = restaurants.id AND r.width = p.width
          AND r.bucket >= p.start_at AND r.bucket < p.end_at
        OFFSET 0
    ) r
    GROUP BY 1, 2, 3
),
outcomes AS (
    SELECT restaurant_id, split_part(label, '>', 1) AS path, split_part(label, '>', 2) AS outcome,
           split_part(label, '>', 3) AS reason, count
    FROM buckets WHERE series = 'outcome'
    UNION ALL
    SELECT restaurant_id, path, outcome, reason, 1 FROM observability_outcomes
    WHERE (at >= %(rest1_start)s::timestamptz AND at < %(rest1_end)s::timestamptz)
       OR (at >= %(rest2_start)s::timestamptz AND at < %(rest2_end)s::timestamptz)
    UNION ALL
    SELECT restaurant_id, path, outcome, reason, 1 FROM {new_outcomes} reached
    WHERE at >= %(start)s AND at < %(end)s
),
new AS MATERIALIZED (
    SELECT booking_id, restaurant_id, bool_or(event_type = 'coordinator.error') AS failed
    FROM events_between({rolled}, {endless})
    WHERE created_at >= %(start)s AND created_at < %(end)s
      AND event_type IN ('coordinator.start', 'coordinator.error') AND booking_id IS NOT NULL
    GROUP BY 1, 2
)
SELECT restaurant_id, 'received' AS figure, sum(count)::bigint AS count
FROM (
    SELECT restaurant_id, count FROM buckets WHERE series = 'received'
    UNION ALL
    SELECT restaurant_id, 1 FROM bookings
    WHERE assignment_state IS NOT NULL
      AND ((created_at >= %(rest1_start)s::timestamptz AND created_at < %(rest1_end)s::timestamptz)
        OR (created_at >= %(rest2_start)s::timestamptz AND created_at < %(rest2_end)s::timestamptz)
        OR (id > {rolled_bookings} AND created_at >= %(start)s AND created_at < %(end)s))
) received
GROUP BY 1
UNION ALL
SELECT restaurant_id,
       CASE WHEN outcome = 'confirmed' THEN 'confirmed' WHEN reason = ANY(%(proven)s) THEN 'proven'
            ELSE 'reviewed' END,
       sum(count)::bigint
FROM outcomes
WHERE restaurant_id IS NOT NULL AND (%(path)s::text IS NULL OR path = %(path)s)
GROUP BY 1, 2
UNION ALL
SELECT restaurant_id, 'started', sum(count)::bigint
FROM (
    SELECT restaurant_id, count FROM buckets WHERE series = 'run'
    UNION ALL
    SELECT restaurant_id, 1 FROM observability_runs
    WHERE (at >= %(rest1_start)s::timestamptz AND at < %(rest1_end)s::timestamptz)
       OR (at >= %(rest2_start)s::timestamptz AND at < %(rest2_end)s::timestamptz)
    UNION ALL
    SELECT restaurant_id, -1 FROM observability_runs
    WHERE at >= %(start)s AND at < %(end)s AND previous_at >= %(start)s
    UNION ALL
    SELECT restaurant_id, 1 FROM new
    WHERE NOT EXISTS (SELECT FROM observability_runs r
                      WHERE r.booking_id = new.booking_id AND r.at >= %(start)s AND r.at < %(end)s)
) started
WHERE restaurant_id IS NOT NULL
GROUP BY 1
UNION ALL
SELECT restaurant_id, 'failed', count(*)
FROM (
    SELECT restaurant_id, booking_id FROM observability_runs
    WHERE failed AND at >= %(start)s AND at < %(end)s
    UNION
    SELECT restaurant_id, booking_id FROM new WHERE failed
) failed
WHERE restaurant_id IS NOT NULL
GROUP BY 1
