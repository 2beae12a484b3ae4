-- By step of time: different bookings that the coordinator started, and those of them it failed on.
-- A booking started again within the step is taken off by the link to its run before. One that failed
-- before its claim has no start; its error counts as one, or it would be divided by nothing.
WITH new AS (
    SELECT date_bin(%(step)s::interval, created_at, %(origin)s::timestamptz) AS step, booking_id, restaurant_id,
           bool_or(event_type = 'coordinator.error') AS failed
    FROM events_between({rolled}, {endless})
    WHERE created_at >= %(start)s AND created_at < %(end)s
      AND event_type IN ('coordinator.start', 'coordinator.error') AND booking_id IS NOT NULL
      AND (%(restaurant)s = 0 OR restaurant_id = %(restaurant)s)
    GROUP BY 1, 2, 3
),
counted AS (
    SELECT r.bucket AS at, r.count
    FROM unnest(%(widths)s::int[], %(starts)s::timestamptz[], %(ends)s::timestamptz[]) p(width, start_at, end_at)
    CROSS JOIN LATERAL (
        SELECT * FROM observability_rollups r
        WHERE r.series = 'run' AND r.restaurant_id = %(restaurant)s AND r.width = p.width
          AND r.bucket >= p.start_at AND r.bucket < p.end_at
        OFFSET 0
    ) r
    UNION ALL
    SELECT at, 1 FROM observability_runs
    WHERE ((at >= %(rest1_start)s::timestamptz AND at < %(rest1_end)s::timestamptz)
        OR (at >= %(rest2_start)s::timestamptz AND at < %(rest2_end)s::timestamptz))
      AND (%(restaurant)s = 0 OR restaurant_id = %(restaurant)s)
    UNION ALL
    SELECT at, -1 FROM observability_runs
    WHERE at >= %(start)s AND at < %(end)s
      AND previous_at >= greatest(%(start)s, date_bin(%(step)s::interval, at, %(origin)s::timestamptz))
      AND (%(restaurant)s = 0 OR restaurant_id = %(restaurant)s)
),
failed AS (
    SELECT date_bin(%(step)s::interval, at, %(origin)s::timestamptz) AS step, booking_id
    FROM observability_runs
    WHERE failed AND at >= %(start)s AND at < %(end)s
      AND (%(restaurant)s = 0 OR restaurant_id = %(restaurant)s)
    UNION
    SELECT step, booking_id FROM new WHERE failed
)
SELECT step, sum(started)::bigint AS started, sum(failed)::bigint AS failed
FROM (
    SELECT date_bin(%(step)s::interval, at, %(origin)s::timestamptz) AS step, sum(count) AS started, 0 AS failed
    FROM counted GROUP BY 1
    UNION ALL
    SELECT n.step, 1, 0 FROM new n
    WHERE NOT EXISTS (
        SELECT FROM observability_runs r
        WHERE r.booking_id = n.booking_id AND r.at >= greatest(n.step, %(start)s)
          AND r.at < least(n.step + %(step)s::interval, %(end)s))
    UNION ALL
    SELECT step, 0, count(*) FROM failed GROUP BY 1
) parts
GROUP BY 1
