SELECT
  event_type,
  context->>'from' as from_state,
  context->>'to' as to_state,
  COUNT(*) as transition_count,
  DATE_TRUNC('hour', created_at) as hour
FROM observability_events
WHERE source = 'assignment.state_machine'
  AND created_at > NOW() - INTERVAL '24 hours'
GROUP BY 1, 2, 3, 5
ORDER BY 5 DESC, 4 DESC;
