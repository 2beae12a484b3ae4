SELECT
  DATE_TRUNC('hour', created_at) as hour,
  COUNT(*) FILTER (WHERE event_type LIKE '%success%') as successes,
  COUNT(*) FILTER (WHERE event_type LIKE '%error%' OR event_type LIKE '%failure%') as errors,
  COUNT(*) as total,
  ROUND(100.0 * COUNT(*) FILTER (WHERE event_type LIKE '%success%') / NULLIF(COUNT(*), 0), 2) as success_rate_pct
FROM observability_events
WHERE source LIKE 'assignment.%'
  AND created_at > NOW() - INTERVAL '24 hours'
GROUP BY 1
ORDER BY 1 DESC;
