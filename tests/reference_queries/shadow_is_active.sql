-- Verify shadow mode is active
SELECT
  event_type,
  COUNT(*) as event_count,
  MIN(created_at) as first_seen,
  MAX(created_at) as last_seen
FROM observability_events
WHERE source = 'assignment.state_machine'
  AND created_at > NOW() - INTERVAL '1 hour'
GROUP BY event_type;

-- Expected: You should see booking.assignment_state_transition events
-- If no events, shadow mode may not be running
