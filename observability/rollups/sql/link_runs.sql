-- Links each run of the bookings just added to the one before it in time. A late one moves in between.
UPDATE observability_runs r SET previous_at = linked.previous_at
FROM (
    SELECT event_id, lag(at) OVER (PARTITION BY booking_id ORDER BY at, event_id) AS previous_at
    FROM observability_runs
    WHERE booking_id IN (SELECT booking_id FROM observability_runs
                         WHERE event_id > %(after)s AND event_id <= %(upto)s)
) linked
WHERE linked.event_id = r.event_id AND linked.previous_at IS DISTINCT FROM r.previous_at
