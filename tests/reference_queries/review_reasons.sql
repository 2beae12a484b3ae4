SELECT
  context->>'reason' as reason,
  COUNT(*) as count
FROM observability_events
WHERE source = 'assignment.state_machine'
  AND context->>'to' = 'manual_review'
  AND created_at > NOW() - INTERVAL '24 hours'
GROUP BY 1
ORDER BY 2 DESC;
