-- Bookings that were stuck in each of the last 24 hours: they stayed in a state that is not final for longer
-- than `after`, and some of what came after that fell into the hour. Only arrivals in `created` have no event.
-- Looked at are those alone that may have stood still: first outcomes that took as long, detours of a week,
-- what is on its way, and what is not counted yet.
WITH moved AS (
    SELECT booking_id, context ->> 'to' AS state, created_at AS since,
           lead(created_at) OVER (PARTITION BY booking_id ORDER BY created_at, id) AS left_at,
           context ->> 'from' = 'created' AS is_first
    FROM observability_events
    WHERE event_type IN ('booking.assignment_state_transition', 'auto_assign.transition')
      AND created_at >= %(now)s::timestamptz - interval '25 hours' AND created_at <= %(now)s
      AND (%(restaurants)s::bigint[] IS NULL OR restaurant_id = ANY(%(restaurants)s))
      AND booking_id = ANY(ARRAY(
          SELECT booking_id FROM observability_outcomes
          WHERE waited_ms >= extract(epoch FROM %(after)s::interval)::float8 * 1000
            AND at >= %(now)s::timestamptz - interval '25 hours'
          UNION
          SELECT booking_id FROM observability_events
          WHERE is_detour(event_type, context) AND created_at >= %(now)s::timestamptz - interval '7 days'
          UNION
          SELECT id FROM bookings
          WHERE assignment_state IS NOT NULL
            AND NOT (assignment_state IN ('cancelled', 'confirmed', 'manual_review') AND assignment_state IS NOT NULL)
          UNION
          SELECT booking_id FROM events_between({rolled}, {endless}) WHERE booking_id IS NOT NULL))),
stays AS (
    SELECT booking_id, since, left_at FROM moved
    WHERE left_at IS NOT NULL AND state NOT IN ('cancelled', 'confirmed', 'manual_review')
    UNION ALL
    SELECT b.id, b.created_at, m.since FROM moved m JOIN bookings b ON b.id = m.booking_id WHERE m.is_first
    UNION ALL
    SELECT id, updated_at, %(now)s::timestamptz FROM bookings
    WHERE assignment_state IS NOT NULL
      AND NOT (assignment_state IN ('cancelled', 'confirmed', 'manual_review') AND assignment_state IS NOT NULL)
      AND (%(restaurants)s::bigint[] IS NULL OR restaurant_id = ANY(%(restaurants)s))),
stuck AS (
    SELECT booking_id, since + %(after)s::interval AS since, left_at FROM stays
    WHERE left_at - since >= %(after)s::interval)
SELECT hour, count(DISTINCT stuck.booking_id) AS count
FROM generate_series(date_trunc('hour', %(now)s::timestamptz, 'UTC') - interval '23 hours',
                     date_trunc('hour', %(now)s::timestamptz, 'UTC'), interval '1 hour') hour
LEFT JOIN stuck ON stuck.since < hour + interval '1 hour' AND stuck.left_at >= hour
GROUP BY hour
ORDER BY hour
