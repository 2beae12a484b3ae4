-- Outcomes reached in events above one id and up to another, of bookings that had none before.
-- A booking's transitions have ids in the order of its versions, so that the first of a batch is the first.
SELECT DISTINCT ON (e.booking_id)
       e.booking_id, e.id AS event_id, e.restaurant_id, e.created_at AS at,
       CASE e.event_type WHEN 'auto_assign.transition' THEN 'legacy' ELSE 'v3' END AS path,
       e.context->>'to' AS outcome, e.context->>'reason' AS reason,
       greatest(extract(epoch FROM e.created_at - b.created_at) * 1000, 0)::float8 AS waited_ms
FROM events_between({after}, {upto}) e
LEFT JOIN bookings b ON b.id = e.booking_id
WHERE e.event_type IN ('booking.assignment_state_transition', 'auto_assign.transition')
  AND e.context->>'to' IN ('confirmed', 'manual_review')
  AND e.context->>'mode' IS DISTINCT FROM 'shadow'
  AND e.booking_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM observability_outcomes o WHERE o.booking_id = e.booking_id)
ORDER BY e.booking_id, (e.context->>'version')::int, e.id
