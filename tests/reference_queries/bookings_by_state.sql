-- Bookings by assignment state
SELECT
  assignment_state,
  COUNT(*) as count,
  ROUND(100.0 * COUNT(*) / SUM(COUNT(*)) OVER (), 2) as percentage
FROM bookings
WHERE created_at > NOW() - INTERVAL '48 hours'
GROUP BY assignment_state;
