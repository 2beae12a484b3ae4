-- events of a shadow run, and no comparison it belongs to (bookings)
SELECT DISTINCT e.booking_id
FROM observability_events e
WHERE e.source = 'assignment.state_machine' AND e.event_type = 'booking.assignment_state_transition'
  AND e.context->>'mode' = 'shadow'
  AND NOT EXISTS (SELECT FROM shadow_comparisons c WHERE c.booking_id = e.booking_id)
