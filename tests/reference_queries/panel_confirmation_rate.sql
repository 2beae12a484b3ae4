SELECT
  time_bucket('5 minutes', created_at) as time,
  100.0 * COUNT(*) FILTER (WHERE status = 'confirmed') / COUNT(*) as confirmation_rate
FROM bookings
WHERE created_at > NOW() - INTERVAL '24 hours'
GROUP BY 1
ORDER BY 1;
