-- Compare success rates
SELECT
  'legacy' as source,
  COUNT(*) FILTER (WHERE context->>'result' = 'succeeded') as successes,
  COUNT(*) as total,
  ROUND(100.0 * COUNT(*) FILTER (WHERE context->>'result' = 'succeeded') / COUNT(*), 2) as success_rate
FROM observability_events
WHERE event_type = 'auto_assign.summary'
  AND created_at > NOW() - INTERVAL '24 hours'
UNION ALL
SELECT
  'coordinator_shadow',
  COUNT(*) FILTER (WHERE context->>'to' = 'confirmed'),
  COUNT(DISTINCT booking_id),
  ROUND(100.0 * COUNT(*) FILTER (WHERE context->>'to' = 'confirmed') / COUNT(DISTINCT booking_id), 2)
FROM observability_events
WHERE source = 'assignment.state_machine'
  AND created_at > NOW() - INTERVAL '24 hours';
