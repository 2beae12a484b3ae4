-- the transition events of a booking are not its history (bookings)
-- Version 1 has no event; what a shadow run would have done is told with its mode and did not happen.
WITH history AS (
    SELECT booking_id, version, from_state, to_state
    FROM booking_assignment_state_history WHERE version > 1
), told AS (
    SELECT booking_id, (context->>'version')::int AS version, context->>'from' AS from_state,
           context->>'to' AS to_state
    FROM observability_events
    WHERE ((source = 'assignment.state_machine' AND event_type = 'booking.assignment_state_transition')
        OR (source = 'auto_assign' AND event_type = 'auto_assign.transition'))
      AND context->>'mode' IS DISTINCT FROM 'shadow'
)
SELECT DISTINCT booking_id
FROM ((SELECT * FROM history EXCEPT ALL SELECT * FROM told)
      UNION ALL
      (SELECT * FROM told EXCEPT ALL SELECT * FROM history)) differing
