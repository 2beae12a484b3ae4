-- Booking confirmation rate
SELECT
  DATE_TRUNC('hour', created_at) as hour,
  COUNT(*) FILTER (WHERE status = 'confirmed') as confirmed,
  COUNT(*) as total,
  ROUND(100.0 * COUNT(*) FILTER (WHERE status = 'confirmed') / COUNT(*), 2) as confirmation_rate
FROM bookings
WHERE created_at > NOW() - INTERVAL '48 hours'
GROUP BY 1
ORDER BY 1 DESC;
