-- Run every 15 minutes during first 2 hours, then hourly
SELECT
  COUNT(*) FILTER (WHERE source = 'assignment.state_machine') as coordinator_events,
  COUNT(*) FILTER (WHERE event_type = 'auto_assign.summary') as legacy_events,
  COUNT(DISTINCT booking_id) as unique_bookings
FROM observability_events
WHERE created_at > NOW() - INTERVAL '1 hour';

-- Expected: coordinator_events ≈ unique_bookings, no errors
